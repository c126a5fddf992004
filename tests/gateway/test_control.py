"""The fake control that the gateway is tested with is a control."""

from coterie.gateway.control import Control
from coterie.testing.control import FakeControl


def test_the_fake_offers_all_that_a_control_does() -> None:
    control: Control = FakeControl()
    offered = [name for name in vars(Control) if not name.startswith("_")]
    assert offered
    assert all(callable(getattr(control, name)) for name in offered)
