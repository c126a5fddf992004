"""The checks themselves: each notices the contradiction it is for."""

from collections.abc import Callable

import pytest

from coterie.config import Limits
from coterie.scheduler import policies
from coterie.scheduler.invariants import check
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.records import DeviceRecord, ExpertRecord, ReplicaRecord, RequestRecord
from coterie.scheduler.world import World
from coterie.types import Footprint, Part


def sound() -> World:
    """One device with one hot replica that runs one request."""
    world = World(policies.Cost(), Limits())
    world.add_device(DeviceRecord("n/d", "n", 20))
    parts = (Part("w", 10),)
    world.experts["a"] = ExpertRecord(
        "a", fetching=Fetching.COLD, footprint=Footprint(hot=parts), slots=2
    )
    replica = ReplicaRecord("a@n/d", "a", "n/d", 1, Phase.HOT, 0.0, parts, ())
    world.add_replica(replica)
    world.requests["r"] = RequestRecord("r", "a", 1.0, 1.0, replica="a@n/d", generation=1)
    world.run(replica, 1)
    world.compute(world.requests["r"], replica, 1.0)
    return world


def over_budget(world: World) -> None:
    world.experts["a"].pinned = False
    world.devices["n/d"].record.hot_bytes = 5
    world.ledger.open("n/d", 5)


def uncounted_bytes(world: World) -> None:
    world.ledger["n/d"].used_bytes += 1


def forgotten_request(world: World) -> None:
    del world.requests["r"]


def miscounted_wait(world: World) -> None:
    world.waiting_count += 1


def miscounted_activity(world: World) -> None:
    world.devices["n/d"].active = 0


def unlisted_demand(world: World) -> None:
    world.experts["b"] = ExpertRecord("b", fetching=Fetching.COLD, asked_at=1.0)


def idle_slot(world: World) -> None:
    world.enqueue(RequestRecord("s", "a", 2.0, 2.0))
    world.views.touch(world.replicas["a@n/d"])


def miscounted_prompts(world: World) -> None:
    world.requests["r"].begun = True


def forgotten_prefill(world: World) -> None:
    world.requests["r"].prefill_until = 9.0


def forgotten_leaver(world: World) -> None:
    world.requests.clear()
    world.enter(world.replicas["a@n/d"], Phase.UNLOADING, 2.0)
    world.devices["n/d"].leaving.clear()


def forgotten_holder(world: World) -> None:
    world.views.holders.clear()


def unsorted_order(world: World) -> None:
    for name in ("b", "c"):
        parts = (Part(name, 2),)
        world.experts[name] = ExpertRecord(
            name, fetching=Fetching.COLD, footprint=Footprint(hot=parts)
        )
        world.add_replica(ReplicaRecord(f"{name}@n/d", name, "n/d", 2, Phase.HOT, 0.0, parts, ()))
    world.views.settle()
    world.views.idle("n/d").reverse()


def test_a_sound_world_passes() -> None:
    check(sound())


@pytest.mark.parametrize(
    "breaks",
    [
        over_budget,
        uncounted_bytes,
        forgotten_request,
        miscounted_wait,
        miscounted_activity,
        unlisted_demand,
        idle_slot,
        forgotten_prefill,
        miscounted_prompts,
        forgotten_leaver,
        forgotten_holder,
        unsorted_order,
    ],
)
def test_a_broken_world_is_noticed(breaks: Callable[[World], None]) -> None:
    world = sound()
    breaks(world)
    with pytest.raises(AssertionError):
        check(world)
