"""Bytes go from disk to host memory and on to devices, and are counted."""

import pytest

from coterie.hardware import Figures
from coterie.simulator.agenda import Agenda, End
from coterie.simulator.setup import Place
from coterie.simulator.store import Store
from coterie.types import Part


def figures(name: str, size: int = 100) -> Figures:
    return Figures((Part(name, size),), 1.0, 1.0, load_bytes=size)


def store(**place: float) -> tuple[Store, Agenda]:
    agenda = Agenda()
    return Store(Place("n", **place), agenda), agenda  # type: ignore[arg-type]


def finish(found: Store, agenda: Agenda) -> list[tuple[float, str, bool]]:
    """Lets all ways come to their ends: when, of which job, and whether it was the last."""
    ends = []
    while agenda.next_at() < float("inf"):
        at, due = agenda.next_at(), agenda.pop()
        assert isinstance(due, End)
        over = found.ended(due.machine, due.job, at)
        ends += [(round(at, 6), job, True) for job in over] or [(round(at, 6), due.job, False)]
    return ends


def test_where_every_way_is_free_nothing_is_waited_for() -> None:
    found, agenda = store()
    assert not found.load("x", figures("a"), 0.0)
    assert agenda.next_at() == float("inf")
    assert found.moved_bytes == 0  # there is no link


def test_two_loads_share_a_link() -> None:
    found, agenda = store(link=100.0)
    assert found.load("x", figures("a"), 0.0)
    assert found.load("y", figures("b", 300), 0.0)
    assert finish(found, agenda) == [(2.0, "x", True), (4.0, "y", True)]


def test_a_load_is_done_when_both_of_its_ways_are() -> None:
    found, agenda = store(link=100.0, disk=50.0, is_warm=False)
    assert found.load("x", figures("a"), 0.0)
    assert finish(found, agenda) == [(1.0, "x", False), (2.0, "x", True)]
    assert (found.moved_bytes, found.read_bytes) == (100, 100)


def test_a_device_has_no_more_than_its_own_lane() -> None:
    found, agenda = store(link=100.0)
    found.load("x", figures("a"), 0.0, "n/0", 50.0)
    assert finish(found, agenda) == [(2.0, "x", True)]
    for job, device in (("p", "n/0"), ("q", "n/0"), ("r", "n/1")):
        found.load(job, figures(job), 2.0, device, 50.0)
    assert finish(found, agenda) == [(4.0, "r", True), (6.0, "p", True), (6.0, "q", True)]


def test_what_was_staged_is_not_read_again() -> None:
    found, agenda = store(link=100.0, disk=50.0, is_warm=False)
    assert found.stage("s", figures("a"), 0.0) == (True, 100)
    assert finish(found, agenda) == [(2.0, "s", True)]
    assert found.stage("t", figures("a"), 3.0) == (False, 0)
    found.load("x", figures("a"), 3.0)
    assert finish(found, agenda) == [(4.0, "x", True)]
    found.forget()
    assert found.stage("u", figures("a"), 5.0) == (True, 100)


def test_a_warm_host_holds_what_fits_in_order() -> None:
    found, _ = store(disk=50.0, host_bytes=250)
    found.warm({name: figures(name) for name in "abc"})
    assert [found.stage(name, figures(name), 0.0)[1] for name in "abc"] == [0, 0, 100]
    assert found.stage("a", figures("a"), 0.0) == (True, 100)  # "c" took its place


def test_what_is_larger_than_host_memory_is_never_kept() -> None:
    found, agenda = store(disk=50.0, host_bytes=50, is_warm=False)
    for now in (0.0, 2.0):
        assert found.stage("s", figures("a"), now) == (True, 100)
        assert finish(found, agenda) == [(now + 2.0, "s", True)]


def test_a_load_that_nobody_waits_for_leaves_its_way_to_others() -> None:
    found, agenda = store(link=100.0)
    found.load("x", figures("a"), 0.0)
    found.load("y", figures("b"), 0.0)
    found.drop("x", 0.0)
    assert finish(found, agenda) == [(1.0, "y", True)]


def test_two_who_want_the_same_wait_for_one_reading() -> None:
    found, agenda = store(link=1000.0, disk=50.0, is_warm=False)
    found.stage("s", figures("a"), 0.0)
    found.load("x", figures("a"), 1.0, "n/0")
    found.load("y", figures("a"), 1.0, "n/1")
    found.drop("s", 1.5)
    assert finish(found, agenda)[-2:] == [(2.0, "x", True), (2.0, "y", True)]
    assert (found.moved_bytes, found.read_bytes) == (200, 100)


def test_what_was_not_read_to_its_end_is_not_there() -> None:
    found, agenda = store(link=1000.0, disk=50.0, is_warm=False)
    found.load("x", figures("a"), 0.0)
    found.drop("x", 1.0)
    found.load("y", figures("a"), 1.0)
    assert finish(found, agenda)[-1] == (3.0, "y", True)


@pytest.mark.parametrize("way", ["link", "disk"])
def test_a_way_can_become_slow(way: str) -> None:
    found, agenda = store(link=100.0, disk=100.0, is_warm=False)
    found.load("x", figures("a"), 0.0)
    found.slow(way, 0.1, 0.0)
    assert finish(found, agenda)[-1] == (10.0, "x", True)
