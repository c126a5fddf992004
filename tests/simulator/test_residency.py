"""Stays are given by hand, and what they come to is known by hand."""

import pytest

from coterie.config import Limits
from coterie.scheduler import Scheduler, Unload, policy
from coterie.scheduler import events as on
from coterie.simulator.outcome import FOREVER, Residence
from coterie.simulator.residency import (
    ROOM,
    Return,
    evicted_for,
    hot_spans,
    is_hot,
    length_s,
    occupancies,
    returns,
    switches,
)
from coterie.types import Footprint, Part


def stay(
    expert: str,
    from_s: float,
    leaves_s: float = FOREVER,
    ending: str = "",
    device: str = "n/a",
    size_bytes: int = 10,
) -> Residence:
    """A replica that is hot after one second, and gone one second after it leaves."""
    return Residence(
        expert, device, size_bytes, from_s, from_s + 1, leaves_s, leaves_s + 1, ending=ending
    )


def test_an_expert_is_hot_while_any_of_its_replicas_is() -> None:
    spans = hot_spans([stay("a", 4, 9), stay("a", 0, 6, device="n/b"), stay("a", 20), stay("b", 3)])
    assert spans == {"a": [(1, 9), (21, FOREVER)], "b": [(4, FOREVER)]}
    hot = [at_s for at_s in (0, 1, 8.9, 9, 20, 21, 1e9) if is_hot(spans["a"], at_s)]
    assert hot == [1, 8.9, 21, 1e9]
    assert not is_hot((), 1)
    assert length_s(spans["a"], 25) == 12
    assert length_s(spans["a"], 5) == 4


def test_a_replica_that_never_became_hot_answered_nobody() -> None:
    assert hot_spans([Residence("a", "n/a", 10, 0, FOREVER, 3, 4, ending="the load failed")]) == {}


def test_bytes_are_averaged_over_time_and_their_peak_kept() -> None:
    stays = [stay("a", 0, 4, f"{ROOM}'c'"), stay("b", 2), stay("c", 5, size_bytes=20)]
    (found,) = occupancies({"n/a": 40}, stays, 10.0)
    # 10 for 5 s, 10 from 2 s on, and 20 for the last 5 s; the first leaves as the third comes.
    assert found.mean_bytes == pytest.approx((50 + 80 + 100) / 10)
    assert found.peak_bytes == 30
    assert found.peak_share == 0.75
    assert (found.loads, found.switches, found.evictions) == (3, 1, 1)


def test_devices_without_replicas_are_listed_and_unknown_ones_have_no_share() -> None:
    empty, unknown = occupancies({"n/a": 40}, [stay("a", 0, device="n/x")], 10.0)
    assert (empty.device, empty.mean_bytes, empty.peak_share, empty.loads) == ("n/a", 0, 0, 0)
    assert (unknown.device, unknown.mean_bytes, unknown.peak_share) == ("n/x", 10, None)


def test_of_no_time_there_is_no_mean() -> None:
    (found,) = occupancies({"n/a": 40}, [stay("a", 0)], 0.0)
    assert (found.mean_bytes, found.peak_bytes) == (0, 0)


def test_a_switch_is_a_load_that_others_made_room_for() -> None:
    stays = [
        stay("a", 0, 10, f"{ROOM}'c'"),
        stay("b", 0, 10, f"{ROOM}'c'"),
        stay("c", 11, 20, "asked to"),
        stay("a", 30),
        stay("d", 40, 50, f"{ROOM}'e'"),  # who was given up meanwhile
    ]
    assert switches(stays) == [stays[2]]


def test_who_left_for_another_and_returns_within_a_minute_is_counted() -> None:
    stays = [
        stay("a", 0, 10, f"{ROOM}'b'"),
        stay("b", 11, 20, f"{ROOM}'a'"),
        stay("a", 21, 30, f"{ROOM}'b'"),
        stay("b", 31, 40, f"{ROOM}'c'"),
        stay("c", 41),
        stay("b", 101, 200, "idle"),  # a minute and a second later
        stay("b", 201),
    ]
    assert returns(stays) == [Return(("a", "b"), 2)]


def test_the_scheduler_says_for_whom_one_left_as_it_is_read_here() -> None:
    core = Scheduler(policy("lru"), Limits())
    actions = core.handle(on.DeviceJoined(1.0, "n/a", "n", 10))
    for name in ("first", "second"):
        actions += core.handle(on.Declared(1.0, name))
        actions += core.handle(on.Fetched(1.0, name, Footprint(hot=(Part(name, 10),))))
    for at, name in ((2.0, "first"), (5.0, "second")):
        actions += core.handle(on.Arrived(at, f"for {name}", name))
        for load in [one for one in actions if type(one).__name__ == "Load"][-1:]:
            actions += core.handle(on.Loaded(at + 1, load.replica, load.generation, 1.0))  # type: ignore[union-attr]
        actions += core.handle(on.Finished(at + 2, f"for {name}"))
    left = [action for action in actions if isinstance(action, Unload)]
    assert [evicted_for(stay("first", 0, 1, one.reason)) for one in left] == ["second"]
