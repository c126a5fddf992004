"""Where there is room, or who goes: no more than needed, the least worth keeping."""

import pytest

from coterie.scheduler import Load, Unload
from coterie.scheduler import events as on
from coterie.testing.core import hot, parts, ready, scheduler
from coterie.testing.world import Model, World
from coterie.types import Footprint, Part


def test_experts_over_one_file_share_its_bytes() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 14, parallel_loads=2))
    for name in ("a", "b"):
        core.handle(on.Declared(0.0, name))
        parts = (Part("sha256:one", 10), Part(f"private:{name}", 2))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts)))
    assert len(core.handle(on.Arrived(1.0, "r1", "a"))) == 1
    assert len(core.handle(on.Arrived(1.0, "r2", "b"))) == 1
    assert core.devices(100.0)[0].used_bytes == 14
    core.check()


def test_only_as_many_victims_as_needed_go_and_the_small_are_spared() -> None:
    core = scheduler("lru")
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 30))
    for name, size in (("small", 4), ("big", 20), ("other", 20)):
        core.handle(on.Declared(0.0, name))
        core.handle(on.Fetched(0.0, name, Footprint(hot=(Part(name, size),))))
    hot(core, "small", 1.0)
    hot(core, "big", 2.0)
    assert core.handle(on.Arrived(9.0, "r", "other")) == [Unload("big@n/d", 2, "room for 'other'")]


def test_the_cost_policy_keeps_the_expert_that_is_asked_for_most() -> None:
    core = scheduler("cost")
    ready(core, "a", "b", "c", hot=24)
    hot(core, "a", 1.0)
    for i in range(1, 9):
        core.handle(on.Arrived(1.0 + i / 10, f"a-{i}", "a"))
        core.handle(on.Finished(1.05 + i / 10, f"a-{i}", run_s=0.05))
    hot(core, "b", 20.0)
    (unload,) = core.handle(on.Arrived(40.0, "r", "c"))
    assert unload == Unload("b@n/d", 2, "room for 'c'")  # `lru` would have taken a


def test_a_hint_loads_ahead_into_free_memory_and_is_a_hit_when_it_is_asked_for() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24)
    hot(core, "a", 1.0)
    (load,) = core.handle(on.Hinted(10.0, "b"))
    assert isinstance(load, Load)
    core.handle(on.Loaded(11.0, "b@n/d", load.generation, 1.0))
    assert core.handle(on.Hinted(11.5, "b")) == []
    core.handle(on.Arrived(12.0, "r", "b"))
    (_, b) = core.experts(12.0)
    assert (b.foresight.hints, b.foresight.loads, b.foresight.hits) == (2, 1, 1)
    core.check()


def test_a_hint_takes_the_place_of_one_that_is_idle_for_long_but_of_no_other() -> None:
    core = scheduler("cost-staging")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    assert core.handle(on.Hinted(2.0, "b")) == []
    core.handle(on.Arrived(10.0, "r", "a"))
    assert core.handle(on.Hinted(10.0, "b")) == []
    core.handle(on.Finished(10.1, "r", run_s=0.1))
    assert core.handle(on.Tick(13.0)) == []  # nor later: a hint that cannot be followed is dropped
    (unload,) = core.handle(on.Hinted(20.0, "b"))
    assert isinstance(unload, Unload)
    core.check()


def test_a_hint_is_not_followed_while_anybody_waits() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24, parallel_loads=2)
    core.handle(on.Arrived(1.0, "r", "a"))
    assert core.handle(on.Hinted(1.1, "b")) == []


def test_what_was_loaded_ahead_for_nothing_is_counted() -> None:
    core = scheduler()
    ready(core, "a", "b")
    (load,) = core.handle(on.Hinted(1.0, "b"))
    assert isinstance(load, Load)
    core.handle(on.Loaded(2.0, "b@n/d", load.generation, 1.0))
    (unload,) = core.handle(on.Arrived(3.0, "r", "a"))
    assert isinstance(unload, Unload)
    core.handle(on.Unloaded(3.1, "b@n/d", load.generation))
    (_, b) = core.experts(4.0)
    assert (b.foresight.hits, b.foresight.wasted_bytes) == (0, 12)


def test_lru_foresees_nothing() -> None:
    core = scheduler("lru")
    ready(core, "a", "b", hot=24)
    assert core.handle(on.Hinted(10.0, "b")) == []


@pytest.mark.parametrize(
    ("policy", "least", "most"), [("cost", 0, 84), ("cost-eviction", 118, 120), ("lru", 118, 120)]
)
def test_in_a_circle_the_one_that_comes_back_last_makes_room(
    policy: str, least: int, most: int
) -> None:
    """Six experts in turn, room for three: the least recently used is always the next one."""
    core = scheduler(policy)
    names = [f"e{i}" for i in range(6)]
    models = {name: Model(parts(name), load_s=0.1, run_s=0.1) for name in names}
    world = World(core, models, spread=0.0)
    world.add([on.DeviceJoined(0.0, "n/d", "n", 36)])
    world.add(on.Declared(0.0, name) for name in names)
    world.add(on.Arrived(1.0 + i, f"r{i}", names[i % 6]) for i in range(120))
    world.run(until=200.0)
    assert len(world.answered) == 120
    assert least <= sum(status.loads for status in core.experts(200.0)) <= most
