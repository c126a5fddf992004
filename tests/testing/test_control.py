"""The fake keeps its caller to the contract."""

import asyncio

import pytest

from coterie.errors import QueueFull
from coterie.testing.control import FakeControl
from coterie.types import Grant


def test_a_hot_expert_is_granted_at_once_and_finished_once() -> None:
    control = FakeControl({"m": "http://x"})
    grant = control.submit("r1", "m")
    assert isinstance(grant, Grant)
    assert (grant.replica, grant.address) == ("m@local/cpu", "http://x")
    with pytest.raises(AssertionError, match="never finished"):
        control.settled()
    control.finish("r1", ok=True)
    control.settled()
    with pytest.raises(AssertionError, match="held no grant"):
        control.finish("r1", ok=True)


async def test_a_cold_one_waits_until_it_is_granted_refused_or_cancelled() -> None:
    control = FakeControl()
    futures = [control.submit(name, "m") for name in ("r1", "r2", "r3")]
    assert control.waiting == ["r1", "r2", "r3"]
    with pytest.raises(AssertionError, match="never ended"):
        control.settled()
    control.grant("r1", "http://x")
    control.refuse("r2", QueueFull("full", retry_after_s=1))
    control.cancel("r3")
    first, second, third = futures
    assert asyncio.isfuture(first)
    assert asyncio.isfuture(second)
    assert asyncio.isfuture(third)
    assert (await first).address == "http://x"
    with pytest.raises(QueueFull):
        await second
    assert not third.done()
    assert control.holding == ["r1"]
    control.finish("r1", ok=False)
    control.settled()


def test_what_does_not_wait_cannot_be_cancelled_nor_submitted_twice() -> None:
    control = FakeControl({"m": "http://x"})
    with pytest.raises(AssertionError, match="did not wait"):
        control.cancel("r1")
    control.submit("r1", "m")
    with pytest.raises(AssertionError, match="held a grant"):
        control.submit("r1", "m")
