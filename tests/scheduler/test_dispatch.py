"""Requests wait in order, take turns, and are refused where a line is full."""

from coterie.config import Limits
from coterie.scheduler import Dispatch, Refuse
from coterie.scheduler import events as on
from coterie.testing.core import hot, ready, scheduler


def test_requests_beyond_the_slots_wait_and_are_answered_in_order() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    assert core.handle(on.Arrived(2.0, "r1", "a")) == [Dispatch("r1", "a@n/d", 1)]
    assert core.handle(on.Arrived(2.0, "r2", "a")) == [Dispatch("r2", "a@n/d", 1)]
    assert core.handle(on.Arrived(2.0, "r3", "a")) == []
    assert core.handle(on.Arrived(2.1, "r4", "a")) == []
    assert core.handle(on.Finished(3.0, "r2")) == [Dispatch("r3", "a@n/d", 1, 1.0, 0.0)]


def test_on_a_device_that_carries_one_the_replicas_take_turns() -> None:
    core = scheduler("lru")
    ready(core, "a", "b", hot=24, parallel_runs=1)
    hot(core, "a", 1.0)
    hot(core, "b", 3.0)
    assert core.handle(on.Arrived(5.0, "a1", "a")) == [Dispatch("a1", "a@n/d", 1)]
    assert core.handle(on.Arrived(5.0, "b1", "b")) == []
    assert core.handle(on.Arrived(5.1, "a2", "a")) == []  # its turn ends where another waits
    assert core.handle(on.Finished(6.0, "a1")) == [Dispatch("b1", "b@n/d", 2, 1.0, 0.0)]
    core.check()
    (turn,) = core.handle(on.Finished(7.0, "b1"))
    assert isinstance(turn, Dispatch)
    assert turn.request == "a2"


def test_a_full_queue_refuses_with_a_retry_after() -> None:
    core = scheduler(limits=Limits(queue_per_expert=1))
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r1", "a"))
    (refusal,) = core.handle(on.Arrived(1.0, "r2", "a"))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "queue_full"
    assert refusal.retry_after_s >= 1.0
