"""What was found of a device holds for all who are tried at that moment."""

from random import Random

import pytest

from coterie.config import Limits
from coterie.scheduler import policies
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.placement import place
from coterie.scheduler.policies import Waiting
from coterie.scheduler.records import (
    Claim,
    DeviceRecord,
    ExpertRecord,
    ReplicaRecord,
    RequestRecord,
    TenantRecord,
)
from coterie.scheduler.rooms import Room, Rooms, releasing
from coterie.scheduler.world import World
from coterie.types import Footprint, Part

SOMEBODY = Waiting(1, 1.0, 1.0)
TIMES = (0.0, 0.5, 1.5, 2.5, 3.5)


def world(**sizes: int) -> World:
    """Two devices of 30 bytes, and experts of these sizes."""
    made = World(policies.Lru(), Limits())
    for device in ("n/d", "n/e"):
        made.add_device(DeviceRecord(device, "n", 30, parallel_loads=4))
    for name, size in sizes.items():
        parts = (Part(name, size),)
        made.experts[name] = ExpertRecord(
            name, fetching=Fetching.COLD, footprint=Footprint(hot=parts)
        )
    return made


def lives(made: World, expert: str, device: str = "n/d", phase: Phase = Phase.HOT) -> ReplicaRecord:
    parts = made.experts[expert].footprint.hot
    record = ReplicaRecord(f"{expert}@{device}", expert, device, 1, phase, 0.0, parts, ())
    made.add_replica(record)
    made.views.settle()
    return record


def parts(made: World, expert: str) -> tuple[Part, ...]:
    return made.experts[expert].footprint.hot


def test_what_leaves_is_free_and_what_was_promised_to_others_is_gone() -> None:
    made = world(a=20, b=15, c=4)
    record = lives(made, "a")
    assert Room(made, "n/d", 1.0).missing(parts(made, "b")) == 5
    made.enter(record, Phase.UNLOADING, 1.0)
    assert releasing(made, "n/d") == 20
    assert Room(made, "n/d", 1.0).missing(parts(made, "b")) == -15
    made.devices["n/d"].claims.append(Claim("c", "n/d", 1.0))
    assert Room(made, "n/d", 1.0).missing(parts(made, "b")) == -11
    assert Room(made, "n/d", 1.0, besides="c").missing(parts(made, "b")) == -15


def test_where_all_would_not_be_enough_nobody_goes() -> None:
    made = world(a=10, b=10, c=31)
    a, b = lives(made, "a"), lives(made, "b")
    room = Room(made, "n/d", 1.0)
    assert room.victims(made.experts["c"], 21, drains=True) == []
    assert room.victims(made.experts["c"], 20, drains=True) == [a, b]
    assert room.victims(made.experts["c"], 10, drains=True) == [a]
    assert room.victims(made.experts["c"], 0, drains=True) == []


def test_a_device_is_looked_at_once_and_one_that_is_gone_is_not() -> None:
    made = world(a=10)
    made.experts["a"].devices = ("n/e", "n/gone", "n/d")
    made.views.settle()
    rooms = Rooms(made, 1.0)
    found = rooms.evicting(made.experts["a"], drains=False)
    assert [room.device for room in found] == ["n/e", "n/d"]
    again = rooms.roomy(made.experts["a"], parts(made, "a"))
    assert {id(room) for room in again} == {id(room) for room in found}


def test_where_one_device_is_meant_no_other_is_looked_at() -> None:
    made = world(a=10, b=10)
    made.experts["b"].devices = ("n/e",)
    rooms = Rooms(made, 1.0, "n/d")
    assert [room.device for room in rooms.roomy(made.experts["a"], parts(made, "a"))] == ["n/d"]
    assert rooms.evicting(made.experts["b"], drains=True) == []


def test_who_needs_no_less_than_one_without_a_place_is_not_tried() -> None:
    made = world(small=12, large=25, larger=26, held=28)
    for device in ("n/d", "n/e"):
        lives(made, "held", device).phase = Phase.LOADING
    made.views.settle()
    for view in made.devices.values():
        view.claims.append(Claim("small", view.record.device, 1.0))
    rooms = Rooms(made, 1.0)
    assert place(made, made.experts["large"], 1.0, waiting=SOMEBODY, rooms=rooms) is None
    assert rooms.is_hopeless(made.experts["larger"], parts(made, "larger"))
    assert not rooms.is_hopeless(made.experts["small"], parts(made, "small"))
    assert not rooms.is_hopeless(made.experts["held"], parts(made, "held"))  # it is there already
    made.experts["larger"].devices = ("n/e",)
    assert not rooms.is_hopeless(made.experts["larger"], parts(made, "larger"))


@pytest.mark.parametrize("seed", range(8))
def test_what_was_found_for_others_changes_no_placement(seed: int) -> None:
    draw = Random(seed)
    for _ in range(50):
        made, experts = crowd(draw)
        for only in (None, *made.devices):
            rooms = Rooms(made, 4.0, only)
            for expert in experts:
                waiting = None if expert.waiting or expert.asked_at is not None else SOMEBODY
                shared, alone = (
                    place(made, expert, 4.0, waiting=waiting, rooms=one)
                    for one in (rooms, Rooms(made, 4.0, only))
                )
                assert shared == alone, (expert.name, only)


def crowd(draw: Random) -> tuple[World, list[ExpertRecord]]:
    """Records at some moment: experts that share parts, wait, leave, are promised room; and an
    order in which they are tried.
    """
    made = World(policies.Cost(), Limits())
    for tenant in draw.choice([(), ("x", "y")]):
        made.tenants[tenant] = TenantRecord(tenant, declared=True, tag=draw.choice(TIMES))
        made.sharing += 1
    for number in range(draw.randint(1, 7)):
        budget, host = draw.randint(8, 20), draw.choice([0, 0, 6])
        made.add_device(DeviceRecord(f"n{number}/d", f"n{number}", budget, host, parallel_loads=4))
    experts = [_expert(f"e{number}", list(made.devices), draw) for number in range(16)]
    for expert in experts:
        made.experts[expert.name] = expert
        for device in made.devices:
            if draw.random() < 0.2:
                _reside(made, expert, device, draw)
        if expert.name not in made.homes and draw.random() < 0.1:
            claim = Claim(expert.name, draw.choice(list(made.devices)), 1.0)
            made.claims[expert.name] = claim
            made.devices[claim.device].claims.append(claim)
    for number in range(draw.randint(0, 20)):
        expert, since = draw.choice(experts), draw.choice(TIMES)
        tenant, tag = draw.choice([*made.tenants, ""]), draw.choice(TIMES)
        made.enqueue(RequestRecord(f"r{number}", expert.name, since, since, tenant=tenant, tag=tag))
    made.views.settle()
    tried = [expert for expert in experts if expert.name not in made.claims]
    draw.shuffle(tried)
    return made, tried


def _expert(name: str, devices: list[str], draw: Random) -> ExpertRecord:
    digests = draw.sample(["shared", "common", f"{name}'s", f"{name}'s own"], draw.randint(1, 2))
    hot = tuple(Part(digest, draw.randint(1, 8)) for digest in digests)
    warm = (Part(f"{name} warm", 4),) if draw.random() < 0.3 else ()
    return ExpertRecord(
        name,
        slots=2,
        pinned=draw.random() < 0.1,
        devices=tuple(draw.choice([[], [], [], devices[:1], devices])),
        fetching=Fetching.COLD,
        footprint=Footprint(hot, warm),
        asked_at=draw.choice([None, None, 1.0]),
        evicts=draw.choice(["anybody", "idle", "nobody"]),
        foreseen=draw.random() < 0.3,
    )


def _reside(made: World, expert: ExpertRecord, device: str, draw: Random) -> None:
    """Puts an expert there, if it fits."""
    room, hot, warm = Room(made, device, 1.0), expert.footprint.hot, expert.footprint.warm
    if room.missing(hot) > 0 or not room.suits(expert):
        return
    phase = draw.choice([Phase.HOT, Phase.HOT, Phase.HOT, *Phase])
    name = f"{expert.name}@{device}"
    record = ReplicaRecord(name, expert.name, device, 1, phase, 0.0, hot, warm)
    record.loaded_at, record.used_at = draw.choice(TIMES), draw.choice(TIMES)
    record.user = draw.choice([*made.tenants, ""])
    made.add_replica(record)
    if phase is Phase.HOT and draw.random() < 0.4:
        made.run(record, 1)
