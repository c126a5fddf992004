"""The core in sentences, and in random worlds with failures."""

from hypothesis import given, settings

from coterie.config import Limits
from coterie.scheduler import Dispatch, Load, Refuse, Unload
from coterie.scheduler import events as on
from coterie.testing.core import LIMITS, hot, parts, ready, scheduler
from coterie.testing.world import World
from coterie.testing.worlds import worlds
from coterie.types import Footprint


def test_a_cold_expert_is_loaded_and_then_its_request_dispatched() -> None:
    core = scheduler()
    ready(core, "a")
    deadline = 1.0 + LIMITS.load_base + LIMITS.load_per_gib * 12 / 2**30
    assert core.handle(on.Arrived(1.0, "r", "a")) == [
        Load("a@n/d", 1, "a", "n/d", deadline, "1 waiting, the oldest 0.000 s")
    ]
    assert core.handle(on.Loaded(3.0, "a@n/d", 1, 2.0)) == [Dispatch("r", "a@n/d", 1, 0.0, 2.0)]
    assert core.handle(on.Finished(4.0, "r")) == []
    core.check()


def test_a_pinned_expert_is_loaded_at_once_and_never_evicted() -> None:
    core = scheduler(limits=Limits(wait=5.0, starvation=1.0))
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", pinned=True))
    (load,) = core.handle(on.Fetched(0.0, "a", Footprint(hot=parts("a"))))
    assert isinstance(load, Load)
    core.handle(on.Loaded(1.0, "a@n/d", 1, 1.0))
    core.handle(on.Declared(1.0, "b"))
    core.handle(on.Fetched(1.0, "b", Footprint(hot=parts("b"))))
    assert core.handle(on.Arrived(2.0, "r", "b")) == []
    (refusal,) = core.handle(on.Tick(7.0))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "wait_exceeded"
    core.check()


def test_an_idle_expert_is_unloaded_after_its_time_to_live() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", idle_ttl_s=10.0))
    core.handle(on.Fetched(0.0, "a", Footprint(hot=parts("a"))))
    hot(core, "a", 1.0)
    assert core.handle(on.Tick(10.9)) == []
    assert core.wake_at() == 11.0
    assert core.handle(on.Tick(11.0)) == [Unload("a@n/d", 1, "idle for 10.0 s")]


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_in_any_world_every_request_ends_once_and_nothing_overflows(world: World) -> None:
    world.run(until=200.0)  # `check` runs after each event
    wait = world.scheduler.snapshot(world.now).limits.wait
    for arrival in world.arrivals.values():
        ends = [
            ended
            for ended in (world.answered, world.lost, world.refused)
            if arrival.request in ended
        ]
        assert len(ends) == 1, (arrival, ends)
        if arrival.request in world.started:
            assert world.started[arrival.request] - arrival.at <= wait + 1e-6
