"""Weights are read ahead where a load is certain or likely, and nobody pays for it."""

from coterie.scheduler import Load, Scheduler, Stage
from coterie.scheduler import events as on
from coterie.scheduler.staging import FRESH_S
from coterie.testing.core import hot, ready, scheduler


def busy(policy: str = "cost") -> Scheduler:
    """`a` runs a request in the only place; `b` is cold."""
    core = scheduler(policy)
    ready(core, "a", "b", "c")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(5.0, "long", "a"))
    return core


def staged_bytes(core: Scheduler, expert: str) -> int:
    (status,) = (status for status in core.experts(9.0) if status.name == expert)
    return status.foresight.staged_bytes


def test_who_waits_for_a_place_is_read_ahead() -> None:
    core = busy()
    assert core.handle(on.Arrived(5.0, "r", "b")) == [Stage("b", "n/d")]
    core.handle(on.Staged(5.5, "b", "n/d", read_bytes=10, stage_s=0.5))
    assert staged_bytes(core, "b") == 10
    core.check()


def test_what_was_read_of_late_is_not_read_again() -> None:
    core = busy()
    core.handle(on.Arrived(5.0, "r", "b"))
    core.handle(on.Staged(5.5, "b", "n/d"))
    core.handle(on.Cancelled(5.6, "r"))
    assert core.handle(on.Arrived(5.7, "again", "b")) == []
    core.handle(on.Cancelled(5.8, "again"))
    later = 5.0 + FRESH_S
    assert core.handle(on.Arrived(later, "later", "b")) == [Stage("b", "n/d")]


def test_one_is_read_at_a_time() -> None:
    core = busy()
    core.handle(on.Arrived(5.0, "r", "b"))
    assert core.handle(on.Arrived(5.1, "s", "c")) == []
    core.handle(on.Staged(5.5, "b", "n/d"))
    assert core.handle(on.Hinted(5.6, "c")) == [Stage("c", "n/d")]


def test_nothing_is_read_while_the_device_loads() -> None:
    core = scheduler()
    ready(core, "a", "b")
    (load,) = core.handle(on.Arrived(1.0, "r", "a"))
    assert isinstance(load, Load)
    assert core.handle(on.Hinted(1.1, "b")) == []


def test_a_hint_that_cannot_be_loaded_is_read() -> None:
    core = busy()
    assert core.handle(on.Hinted(5.1, "b")) == [Stage("b", "n/d")]


def test_what_is_there_needs_no_reading() -> None:
    assert busy().handle(on.Hinted(5.1, "a")) == []


def test_that_can_be_left_out() -> None:
    core = busy("cost-staging")
    assert core.handle(on.Arrived(5.0, "r", "b")) == []
    assert core.handle(on.Hinted(5.1, "c")) == []


def test_lru_reads_nothing_ahead() -> None:
    assert busy("lru").handle(on.Arrived(5.0, "r", "b")) == []


def test_news_of_a_device_that_left_changes_nothing() -> None:
    core = busy()
    core.handle(on.Arrived(5.0, "r", "b"))
    core.handle(on.NodeLeft(5.1, "n", "unplugged"))
    assert core.handle(on.Staged(5.5, "b", "n/d", read_bytes=10)) == []
    core.check()
