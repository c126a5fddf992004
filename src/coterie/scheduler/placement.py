"""Where an expert could be loaded, whom that would evict, and from when on it may be done. Decides;
changes nothing.

Only a bounded number of devices is looked at, best first, so that a decision costs O(log n)
whatever the cluster's size.
"""

from msgspec import Struct

from coterie.scheduler import shares
from coterie.scheduler.policies import Resident, Waiting
from coterie.scheduler.records import ExpertRecord, ReplicaRecord
from coterie.scheduler.rooms import Room, Rooms
from coterie.scheduler.world import World

SPARE_LOADS = 3.0  # a replica that was used so many of its loads ago is needed no more


class Placement(Struct, frozen=True):
    """A device for an expert, whom to evict there, and the earliest time that this is justified."""

    device: str
    victims: tuple[str, ...] = ()
    drains: bool = False
    at: float = 0.0


def place(
    world: World,
    expert: ExpertRecord,
    now: float,
    *,
    waiting: Waiting | None = None,
    rooms: Rooms | None = None,
) -> Placement | None:
    """The placement that may begin first: free room, then idle victims, then busy ones. None:
    nowhere yet.

    Views must be settled. `waiting`: those who would wait, where nobody does yet; `rooms`: what was
    found of devices for others at this moment, where nothing has changed since.
    """
    if rooms is None:
        rooms = Rooms(world, now)
    parts = world.hot_parts(expert)
    if rooms.is_hopeless(expert, parts):
        return None
    only_bytes = not expert.devices  # are wanting, so far, to place it?
    for room in rooms.roomy(expert, parts):
        if room.missing(parts) <= 0:
            if room.suits(expert):
                return Placement(room.device, at=now)
            only_bytes = False
    evicts = "anybody" if expert.waiting or waiting is not None else expert.evicts
    if evicts == "nobody":
        return None
    found: list[Placement] = []
    for drains in (False, True) if evicts == "anybody" else (False,):
        for room in rooms.evicting(expert, drains=drains):
            short = room.missing(parts)
            if short <= 0 or not room.suits(expert):
                only_bytes = False
                continue
            victims = room.victims(expert, short, drains=drains)
            if victims:
                found.append(_placement(world, expert, room, victims, now, waiting))
        if any([placement.at <= now for placement in found]):
            break
    if not found and only_bytes and evicts == "anybody":
        rooms.give_up(expert, parts)
    if len(found) < 2:
        return found[0] if found else None
    return min(found, key=lambda p: (max(p.at, now), p.drains, len(p.victims), p.device))


def justified_at(
    world: World, expert: ExpertRecord, victims: list[Resident], waiting: Waiting | None = None
) -> float:
    """From when on an expert may take these victims' place: earned and unsheltered, but never later
    than the bound.
    """
    ordered = waiting is None and not expert.waiting and expert.evicts == "anybody"
    waiting = waiting or world.waiting_of(expert)
    assert waiting is not None
    bound = waiting.oldest + (0.0 if ordered else world.limits.starvation)
    line = world.line(expert) / len(world.devices)
    at = world.policy.earned(waiting, world.load_s(expert), victims, line)
    for victim in victims:
        at = max(at, world.policy.shelter(victim, world.limits.minimum_residency))
    return min(at, bound)


def _placement(
    world: World,
    expert: ExpertRecord,
    room: Room,
    victims: list[ReplicaRecord],
    now: float,
    waiting: Waiting | None,
) -> Placement:
    """The victims' place, from when on it may be taken."""
    residents = [room.resident(victim) for victim in victims]
    at = justified_at(world, expert, residents, waiting)
    if expert.foreseen and not expert.waiting and waiting is None:
        at = max(at, *(_spare_at(world, victim) for victim in victims))
    return Placement(
        device=room.device,
        victims=tuple([victim.replica for victim in victims]),
        drains=any([resident.in_use for resident in residents]),
        at=shares.justified_at(world, expert, victims, at) if world.is_shared else at,
    )


def _spare_at(world: World, victim: ReplicaRecord) -> float:
    """From when on a replica that nobody asks for may go for one that somebody might ask for."""
    return victim.used_at + SPARE_LOADS * world.load_s(world.experts[victim.expert])
