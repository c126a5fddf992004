"""How long each way to serve a request is expected to take."""

import pytest

from coterie.scheduler import Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.estimates import FIRST_S
from coterie.testing.core import ask, hot, ready, scheduler, taught
from coterie.types import Budget, Footprint, Part


def test_a_hot_expert_with_a_free_slot_answers_at_once() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    (way,) = core.ways("a", 2.0)
    assert (way.how, way.start_s) == ("hot", 0.0)
    assert way.first_s == pytest.approx(FIRST_S)


def test_a_prompt_and_an_answer_take_what_those_before_them_took() -> None:
    core = scheduler()
    ready(core, "a")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.5, tokens=11, run_s=1.5)
    (way,) = core.ways("a", 20.0, prompt_bytes=2000, output_tokens=6)
    first = 1.0 + FIRST_S
    assert way.first_s == pytest.approx(first, rel=0.6)
    assert way.last_s - way.first_s == pytest.approx(5 * 0.1)


def test_what_was_never_seen_counts_as_nothing() -> None:
    core = scheduler()
    ready(core, "a")
    (way,) = core.ways("a", 1.0, prompt_bytes=10**6, output_tokens=1000)
    assert way.how == "load"
    assert way.first_s == pytest.approx(FIRST_S)
    assert way.last_s == way.first_s


def queued(second_bytes: int) -> Scheduler:
    """A device that computes a prompt of a second since 20.0, and another one waits."""
    core = scheduler()
    ready(core, "a", "b", hot=24, parallel_prefills=1)
    hot(core, "a", 2.0)
    taught(core, "b", 10.0, prompt_bytes=1000, first_s=1.0)
    core.handle(on.Arrived(20.0, "r1", "a", prompt_bytes=1000))
    core.handle(on.Arrived(20.0, "r2", "a", prompt_bytes=second_bytes))
    return core


def test_a_turn_comes_after_the_prompts_before_it() -> None:
    (way,) = queued(1000).ways("b", 20.5, prompt_bytes=1000)
    assert way.how == "turn"
    assert way.wait_s == pytest.approx(0.5 + 1.0)


def test_a_short_prompt_does_not_count_the_long_ones_it_passes() -> None:
    (way,) = queued(4000).ways("b", 20.5, prompt_bytes=200)
    assert way.wait_s == pytest.approx(0.5)


def test_a_load_takes_its_own_time_and_that_of_those_who_go() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "b", 3.0, load_s=2.0)
    core.handle(on.UnloadRequested(4.0, "b"))
    core.handle(on.Unloaded(4.2, "b@n/d", 1, unload_s=0.2))
    hot(core, "a", 8.0, load_s=2.0)
    (way,) = core.ways("b", 20.0)
    assert way.how == "load"
    assert way.wait_s == pytest.approx(2.0)
    assert "'a'" in way.reason
    core.handle(on.Arrived(20.0, "r", "b"))
    (way,) = core.ways("b", 20.0)
    assert way.wait_s == pytest.approx(2.0)
    core.handle(on.Unloaded(20.1, "a@n/d", 2, unload_s=0.1))
    (way,) = core.ways("b", 21.1)
    assert way.how == "loading"
    assert way.wait_s == pytest.approx(1.0)


def test_a_second_replica_is_another_way() -> None:
    core = scheduler()
    for name in ("n", "m"):
        core.handle(on.DeviceJoined(0.0, f"{name}/d", name, 12))
    core.handle(on.Declared(0.0, "a", slots=1, replicas=2))
    core.handle(on.Fetched(0.0, "a", Footprint(hot=(Part("sha256:a", 12),))))
    hot(core, "a", 2.0, load_s=1.0)
    core.handle(on.Arrived(3.0, "r", "a"))
    assert [way.how for way in core.ways("a", 3.0)] == ["turn", "load"]


def test_an_expert_whose_weights_are_not_here_is_not_available() -> None:
    core = scheduler()
    core.handle(on.Declared(0.0, "a"))
    (way,) = core.ways("a", 1.0)
    assert way.how == "unavailable"
    assert "fetching" in way.reason


def test_forecasts_are_put_right_by_how_they_turned_out() -> None:
    core = scheduler()
    ready(core, "a", parallel_prefills=1)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    at = 20.0
    for number in range(40):  # another prompt shares the machine each time: half as fast
        core.handle(ask(at, f"r{number}", "a", Budget(ttft=60.0), prompt_bytes=1000))
        core.handle(ask(at, f"s{number}", "a", Budget(ttft=60.0), prompt_bytes=1))
        core.handle(on.Began(at + 2.0, f"r{number}"))
        for name in (f"s{number}", f"r{number}"):
            core.handle(on.Finished(at + 2.1, name, run_s=2.1))
        at += 3.0
    (way,) = core.ways("a", at, prompt_bytes=1000)
    assert way.first_s == pytest.approx(2.0, rel=0.15)
    assert way.p90_s >= way.first_s


def test_those_who_wait_for_the_same_load_come_before() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=12, parallel_prefills=1)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.5)
    core.handle(on.UnloadRequested(11.0, "a"))
    core.handle(on.Unloaded(11.1, "a@n/d", 1, unload_s=0.1))
    (alone,) = core.ways("a", 20.0, prompt_bytes=1000)
    for number in range(3):
        core.handle(on.Arrived(20.0, f"r{number}", "a", prompt_bytes=1000))
    (behind,) = core.ways("a", 20.1, prompt_bytes=1000)
    assert (alone.how, behind.how) == ("load", "loading")
    assert behind.wait_s == pytest.approx(alone.wait_s - 0.1 + 3 * 0.5)
