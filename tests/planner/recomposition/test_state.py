"""What there is and what may be done survive the wire, and bounds are kept on the way."""

import msgspec
import pytest

from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from coterie.types import Footprint, Part


def test_a_state_is_the_same_after_the_wire() -> None:
    state = State(
        experts=(
            ExpertState("plain", Footprint()),
            ExpertState(
                "code",
                Footprint(hot=(Part("base", 3), Part("adapter", 1)), warm=(Part("base", 3),)),
                start_s=1.5,
                slots=4.0,
                replicas_max=2,
                pinned=True,
                critical=True,
                devices=("a/gpu0", "b/gpu0"),
            ),
        ),
        devices=(DeviceState("a/gpu0", "a", 4, 1e9, capacity=2.0, host_bytes=8),),
        replicas=("code@a/gpu0",),
    )
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state


def test_what_is_not_said_of_an_expert_bounds_nothing() -> None:
    plain = msgspec.convert({"name": "plain", "footprint": {}}, ExpertState)
    assert plain == ExpertState("plain", Footprint())
    assert (plain.slots, plain.devices, plain.pinned, plain.critical) == (0.0, (), False, False)
    assert plain.replicas_max == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("margin", -0.1),
        ("certainty", 0),
        ("certainty", 1),
        ("patience_s", 0),
        ("nodes", 0),
        ("time_limit_s", -1),
        ("budget_bytes", 1.5),
    ],
)
def test_options_out_of_bounds_are_refused(key: str, value: float) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{key}"):
        msgspec.convert({key: value}, Options)


def test_options_say_what_is_usual() -> None:
    usual = msgspec.convert({}, Options)
    assert usual == Options()
    assert usual.budget_bytes is None
    assert msgspec.convert({"margin": 0, "budget_bytes": 0}, Options) == Options(
        0.0, budget_bytes=0
    )
