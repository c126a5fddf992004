"""Where an expert could be loaded, whom that would evict, and from when on it may be done. Decides;
changes nothing.

Only a bounded number of devices is looked at, best first, so that a decision costs O(log n)
whatever the cluster's size.
"""

from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from coterie.scheduler import shares
from coterie.scheduler.ledger import host_of
from coterie.scheduler.phases import Phase
from coterie.scheduler.policies import Resident, Waiting
from coterie.scheduler.records import ExpertRecord, ReplicaRecord
from coterie.scheduler.views import Key
from coterie.scheduler.world import World
from coterie.types import Part, replica_id

DEVICES_TRIED = 4  # of each order
SPARE_LOADS = 3.0  # a replica that was used so many of its loads ago is needed no more
CANDIDATES = 64  # for eviction, of each order on a device


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
    only: str | None = None,
    *,
    waiting: Waiting | None = None,
) -> Placement | None:
    """The placement that may begin first: free room, then idle victims, then busy ones. None:
    nowhere yet.

    Views must be settled. `only`: consider this device alone; `waiting`: those who would wait,
    where nobody does yet.
    """
    parts = world.hot_parts(expert)
    for device in _roomy(world, expert, parts, only):
        if _suits(world, expert, device) and missing(world, expert, device, parts) <= 0:
            return Placement(device, at=now)
    evicts = "anybody" if expert.waiting or waiting is not None else expert.evicts
    if evicts == "nobody":
        return None
    found: list[Placement] = []
    for drains in (False, True) if evicts == "anybody" else (False,):
        for device in _evicting(world, expert, drains, only):
            if _suits(world, expert, device):
                placement = evicting(
                    world, expert, device, parts, now, drains=drains, waiting=waiting
                )
                if placement is not None:
                    found.append(placement)
        if any(placement.at <= now for placement in found):
            break
    return min(
        found, key=lambda p: (max(p.at, now), p.drains, len(p.victims), p.device), default=None
    )


def evicting(
    world: World,
    expert: ExpertRecord,
    device: str,
    parts: tuple[Part, ...],
    now: float,
    *,
    drains: bool,
    waiting: Waiting | None = None,
) -> Placement | None:
    """Whom to evict on one device, idle first: no more than needed, the least worth keeping. None:
    not enough.
    """
    short = missing(world, expert, device, parts)
    victims: list[ReplicaRecord] = []
    freed = 0
    for replica in _candidates(world, expert, device, now, drains=drains):
        if freed >= short:
            break
        victims.append(replica)
        freed = _freed(world, device, victims)
    if freed < short or not victims:
        return None
    victims = _needed(world, device, victims, short)
    residents = [world.resident(victim) for victim in victims]
    at = justified_at(world, expert, residents, waiting)
    if expert.foreseen and not expert.waiting and waiting is None:
        at = max(at, *(_spare_at(world, victim) for victim in victims))
    return Placement(
        device=device,
        victims=tuple(victim.replica for victim in victims),
        drains=any(resident.in_use for resident in residents),
        at=shares.justified_at(world, expert, victims, at) if world.is_shared else at,
    )


def _spare_at(world: World, victim: ReplicaRecord) -> float:
    """From when on a replica that nobody asks for may go for one that somebody might ask for."""
    return victim.used_at + SPARE_LOADS * world.load_s(world.experts[victim.expert])


def _candidates(
    world: World, expert: ExpertRecord, device: str, now: float, *, drains: bool
) -> list[ReplicaRecord]:
    """Whom to evict for an expert, in this order: the idle, then the busy, each the least worth
    keeping first. Where tenants share, those that serve others beyond their share are among them
    though requests that they were loaded for still wait, and those kept for others come last.
    """
    found = _ranked(world, world.views.idle(device), now)
    if drains:
        found += _ranked(world, world.views.busy(device), now)
    if not world.is_shared:
        return found
    if drains:
        found += [
            replica
            for replica in islice(world.devices[device].replicas.values(), CANDIDATES)
            if replica.phase is Phase.HOT
            and world.owes(replica)
            and not world.experts[replica.expert].pinned
            and shares.comes_before(world, expert, replica)
        ]
    return sorted(found, key=lambda replica: shares.kept_until(world, expert, replica) > 0)


def _ranked(world: World, order: Iterable[Key], now: float) -> list[ReplicaRecord]:
    """The first of an order, put right by what is known of their next use."""
    found = [world.replicas[name] for _, name in islice(order, CANDIDATES)]
    if any(world.experts[replica.expert].rhythm.next_at > now for replica in found):
        worth = world.policy.worth
        found.sort(key=lambda replica: (worth(world.resident(replica), now), replica.replica))
    return found


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
    earned = world.policy.earned(waiting, world.load_s(expert), victims, line)
    shelter = max(
        world.policy.shelter(victim, world.limits.minimum_residency) for victim in victims
    )
    return min(max(earned, shelter), bound)


def _needed(
    world: World, device: str, victims: list[ReplicaRecord], short: int
) -> list[ReplicaRecord]:
    """Spares those without whom there is room all the same, the most worth keeping first."""
    kept = list(victims)
    for victim in reversed(victims):
        rest = [other for other in kept if other is not victim]
        if rest and _freed(world, device, rest) >= short:
            kept = rest
    return kept


def _freed(world: World, device: str, victims: list[ReplicaRecord]) -> int:
    return world.ledger[device].frees([victim.hot for victim in victims])


def releasing(world: World, device: str) -> int:
    """Bytes that replicas on their way out are about to free on a device."""
    leaving = [
        replica.hot
        for replica in world.devices[device].replicas.values()
        if replica.phase in ("draining", "unloading")
    ]
    return world.ledger[device].frees(leaving) if leaving else 0


def missing(world: World, expert: ExpertRecord, device: str, parts: tuple[Part, ...]) -> int:
    """Bytes to be freed on a device for an expert; what others were promised is gone, what is
    leaving is free.
    """
    place = world.ledger[device]
    promised = sum(
        place.need(world.hot_parts(world.experts[claim.expert]))
        for claim in world.devices[device].claims
        if claim.expert != expert.name
    )
    return place.need(parts) + promised - place.free_bytes() - releasing(world, device)


def _suits(world: World, expert: ExpertRecord, device: str) -> bool:
    """Could the device hold the expert at all, and is it not there already (or on its way out)?"""
    view = world.devices.get(device)
    if view is None or view.open_loads() <= 0 or replica_id(expert.name, device) in view.replicas:
        return False
    host = world.ledger[host_of(view.record.node)]
    budget = view.record.hot_bytes
    return (
        world.size_bytes(expert) <= budget and host.need(expert.footprint.warm) <= host.free_bytes()
    )


def _roomy(
    world: World, expert: ExpertRecord, parts: tuple[Part, ...], only: str | None
) -> list[str]:
    """Where to try without evicting: what holds its largest part already, then the emptiest."""
    if only is not None:
        return [only] if not expert.devices or only in expert.devices else []
    if expert.devices:
        return sorted(expert.devices, key=lambda d: (-_free(world, d), d))
    names: list[str] = []
    if parts:
        largest = max(parts, key=lambda part: part.size_bytes)
        names += islice(world.views.holders.get(largest.digest, ()), DEVICES_TRIED)
    names += (device for _, device in islice(world.views.roomy, DEVICES_TRIED))
    return list(dict.fromkeys(names))


def _evicting(world: World, expert: ExpertRecord, drains: bool, only: str | None) -> list[str]:
    if only is not None:
        return [only] if not expert.devices or only in expert.devices else []
    if expert.devices:
        return list(expert.devices)
    order = world.views.straining if drains else world.views.yielding
    names = [device for _, device in islice(order, DEVICES_TRIED)]
    if drains and world.is_shared:
        names += (device for _, device in islice(world.views.roomy, DEVICES_TRIED))
    return list(dict.fromkeys(names))


def _free(world: World, device: str) -> int:
    return world.ledger[device].free_bytes() if device in world.devices else -1
