"""Requests wait in order, take turns, and are refused where a line is full."""

import pytest

from coterie.config import Limits
from coterie.scheduler import Action, Dispatch, Refuse, Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.policies import Lru
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


def arrived(at: float, request: str, prompt_bytes: int) -> on.Arrived:
    return on.Arrived(at, request, request[0], prompt_bytes=prompt_bytes)


def started(actions: list[Action]) -> list[str]:
    return [action.request for action in actions if isinstance(action, Dispatch)]


def two_hot(policy: str) -> Scheduler:
    """Two hot experts on a device that computes one prompt at a time, at 1 ms a byte."""
    core = scheduler(policy)
    ready(core, "a", "b", hot=24, parallel_prefills=1)
    for number, expert in enumerate("ab"):
        core.handle(arrived(2.0 * number, f"{expert}-first", 1000))
        core.handle(on.Loaded(2.0 * number + 1, f"{expert}@n/d", number + 1, 1.0))
        core.handle(on.Began(2.0 * number + 2, f"{expert}-first"))
        core.handle(on.Finished(2.0 * number + 2, f"{expert}-first", run_s=1.0))
    return core


def test_prompts_are_computed_one_at_a_time_and_the_first_byte_lets_the_next_begin() -> None:
    core = two_hot("lru")
    assert started(core.handle(arrived(5.0, "a1", 1000))) == ["a1"]
    assert started(core.handle(arrived(5.1, "b1", 1000))) == []
    assert started(core.handle(arrived(5.2, "a2", 1000))) == []
    core.check()
    assert started(core.handle(on.Began(6.0, "a1"))) == ["b1"]
    assert started(core.handle(on.Finished(6.5, "a1"))) == []
    assert started(core.handle(on.Finished(7.0, "b1"))) == ["a2"]  # in one piece: only its end
    core.check()


def test_a_prompt_holds_others_up_no_longer_than_half_as_long_again_as_expected() -> None:
    core = two_hot("lru")
    core.handle(arrived(5.0, "a1", 1000))
    core.handle(arrived(5.1, "b1", 1000))
    assert core.wake_at() == pytest.approx(6.5)
    assert started(core.handle(on.Tick(6.5))) == ["b1"]
    assert started(core.handle(on.Began(9.0, "a1"))) == []
    core.check()


def test_with_cost_a_long_prompt_lets_short_ones_pass_that_come_soon_after() -> None:
    core = two_hot("cost")
    core.handle(arrived(5.0, "a0", 1000))
    core.handle(arrived(5.1, "a1", 1000))
    core.handle(arrived(5.2, "b1", 600))  # too long to be computed beside a0
    assert started(core.handle(on.Began(6.0, "a0"))) == ["b1"]
    core.handle(arrived(6.1, "b2", 900))  # too late: a1 has waited for twice its own time by then
    assert started(core.handle(on.Finished(6.6, "b1"))) == ["a1"]


def test_with_cost_a_short_prompt_is_computed_beside_a_long_one() -> None:
    for policy, beside in (("cost", ["b1"]), ("lru", [])):
        core = two_hot(policy)
        core.handle(arrived(5.0, "a1", 2000))
        assert started(core.handle(arrived(5.5, "b1", 700))) == beside
        assert started(core.handle(arrived(5.5, "b2", 200))) == []  # one too many is enough
        core.check()


def test_brief_prompts_neither_wait_for_others_nor_hold_them_up() -> None:
    core = two_hot("lru")
    assert started(core.handle(arrived(5.0, "a1", 2000))) == ["a1"]
    assert started(core.handle(arrived(5.0, "b1", 90))) == ["b1"]
    assert started(core.handle(arrived(5.0, "b2", 90))) == ["b2"]
    core.check()
    core.handle(on.Finished(7.0, "a1"))
    assert started(core.handle(arrived(7.0, "a2", 2000))) == ["a2"]


def test_a_dead_replicas_prompt_holds_nobody_up() -> None:
    core = two_hot("lru")
    core.handle(arrived(5.0, "a1", 1000))
    core.handle(arrived(5.1, "b1", 1000))
    assert started(core.handle(on.Crashed(5.2, "a@n/d", 1, "signal 9"))) == ["b1"]
    core.check()


def test_prompts_that_are_computed_are_known_again_from_a_snapshot() -> None:
    core = two_hot("lru")
    core.handle(arrived(5.0, "a1", 1000))
    core.handle(arrived(5.1, "b1", 1000))
    again = Scheduler.restored(core.snapshot(5.2), Lru())
    again.check()
    assert again.handle(on.Tick(6.5)) == core.handle(on.Tick(6.5)) != []


def test_only_a_prompt_that_was_alone_teaches_how_long_prompts_take() -> None:
    core = two_hot("lru")
    learnt = core.snapshot(5.0).costs.prefill
    core.handle(arrived(5.0, "a1", 90))
    core.handle(arrived(5.0, "b1", 90))
    core.handle(on.Began(6.0, "a1"))
    core.handle(on.Began(6.0, "b1"))
    core.handle(arrived(6.5, "a2", 90))
    core.handle(on.Finished(7.0, "a2"))  # in one piece: its end tells nothing of its prompt
    assert core.snapshot(7.0).costs.prefill == learnt
    core.handle(arrived(7.0, "a3", 90))
    core.handle(on.Began(7.2, "a3"))
    assert core.snapshot(7.2).costs.prefill != learnt
    core.check()
