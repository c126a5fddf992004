"""What devices have for whoever is to be loaded there: found once, for all experts that are tried
at one moment. Looks; changes nothing.

It holds until a record changes: whoever begins a load throws it away.
"""

from collections.abc import Iterable
from itertools import groupby, islice

from coterie.scheduler import shares
from coterie.scheduler.ledger import host_of
from coterie.scheduler.phases import Phase
from coterie.scheduler.policies import Resident
from coterie.scheduler.records import ExpertRecord, ReplicaRecord
from coterie.scheduler.views import Key
from coterie.scheduler.world import World
from coterie.types import Part, replica_id

DEVICES_TRIED = 4  # of each order
CANDIDATES = 64  # for eviction, of each order on a device


class Room:
    """One device as it is now. Views must be settled. `besides`: an expert whose claim there is not
    counted.
    """

    __slots__ = (
        "_besides",
        "_busy",
        "_idle",
        "_left_bytes",
        "_now",
        "_owing",
        "_place",
        "_residents",
        "_view",
        "_world",
        "device",
    )

    def __init__(self, world: World, device: str, now: float, besides: str = "") -> None:
        self.device = device
        self._world = world
        self._now = now
        self._besides = besides
        self._view = world.devices[device]
        self._place = world.ledger[device]
        self._left_bytes: int | None = None
        self._idle: list[ReplicaRecord] | None = None
        self._busy: list[ReplicaRecord] | None = None
        self._owing: list[ReplicaRecord] | None = None
        self._residents: dict[str, Resident] = {}

    def suits(self, expert: ExpertRecord) -> bool:
        """Could it hold the expert at all, and is that not there already (or on its way out)?"""
        world, view = self._world, self._view
        homes = world.homes.get(expert.name)
        if view.open_loads() <= 0 or (homes and replica_id(expert.name, self.device) in homes):
            return False
        host = world.ledger[host_of(view.record.node)]
        return (
            world.size_bytes(expert) <= view.record.hot_bytes
            and host.need(expert.footprint.warm) <= host.free_bytes()
        )

    def missing(self, parts: tuple[Part, ...]) -> int:
        """Bytes to be freed for these; what others were promised is gone, what leaves is free."""
        if self._left_bytes is None:
            self._left_bytes = self._left()
        return self._place.need(parts) - self._left_bytes

    def victims(self, expert: ExpertRecord, short: int, *, drains: bool) -> list[ReplicaRecord]:
        """Whom to evict for an expert, so that at least `short` bytes come free: no more than
        needed, idle first, the least worth keeping. Empty: nobody has to go, or all who may would
        not be enough.
        """
        found: list[ReplicaRecord] = []
        freed = 0
        for replica in self._candidates(expert, drains):
            if freed >= short:
                break
            found.append(replica)
            freed = self._freed(found)
        return self._needed(found, short) if freed >= short else []

    def resident(self, replica: ReplicaRecord) -> Resident:
        """A replica as policies see it."""
        found = self._residents.get(replica.replica)
        if found is None:
            found = self._residents[replica.replica] = self._world.resident(replica)
        return found

    def _left(self) -> int:
        world, place = self._world, self._place
        left = place.free_bytes() + releasing(world, self.device)
        for claim in self._view.claims:
            if claim.expert != self._besides:
                left -= place.need(world.hot_parts(world.experts[claim.expert]))
        return left

    def _candidates(self, expert: ExpertRecord, drains: bool) -> list[ReplicaRecord]:
        """Whom to evict for an expert, in this order: the idle, then the busy, each the least worth
        keeping first. Where tenants share, those that serve others beyond their share are among
        them though requests that they were loaded for still wait, and those kept for others come
        last.
        """
        world = self._world
        if self._idle is None:
            self._idle = self._ranked(world.views.idle(self.device))
        found = self._idle
        if drains:
            if self._busy is None:
                self._busy = self._ranked(world.views.busy(self.device))
            found = found + self._busy
        if not world.is_shared:
            return found
        if drains:
            if self._owing is None:
                self._owing = self._owed()
            found += [one for one in self._owing if shares.comes_before(world, expert, one)]
        return sorted(found, key=lambda replica: shares.kept_until(world, expert, replica) > 0)

    def _owed(self) -> list[ReplicaRecord]:
        """Those whose requests, that they were loaded for, still wait."""
        world = self._world
        return [
            replica
            for replica in islice(self._view.replicas.values(), CANDIDATES)
            if replica.phase is Phase.HOT
            and world.owes(replica)
            and not world.experts[replica.expert].pinned
        ]

    def _ranked(self, order: Iterable[Key]) -> list[ReplicaRecord]:
        """The first of an order, put right by what is known of their next use."""
        world, now = self._world, self._now
        found = [world.replicas[name] for _, name in islice(order, CANDIDATES)]
        for replica in found:
            if world.experts[replica.expert].rhythm.next_at > now:
                worth = world.policy.worth
                return sorted(found, key=lambda one: (worth(self.resident(one), now), one.replica))
        return found

    def _needed(self, victims: list[ReplicaRecord], short: int) -> list[ReplicaRecord]:
        """Spares those without whom there is room all the same, the most worth keeping first."""
        if len(victims) < 2:
            return victims
        kept = victims
        for victim in reversed(victims):
            rest = [other for other in kept if other is not victim]
            if rest and self._freed(rest) >= short:
                kept = rest
        return kept

    def _freed(self, victims: list[ReplicaRecord]) -> int:
        return self._place.frees([victim.hot for victim in victims])


class Rooms:
    """The devices that are looked at for experts at one moment: a bounded number, best first.
    `only`: that device alone.
    """

    def __init__(self, world: World, now: float, only: str | None = None) -> None:
        self._world = world
        self._now = now
        self._only = only
        self._rooms: dict[str, Room] = {}
        self._alone = None if only is None else self._of((only,))
        self._emptiest: list[Room] | None = None
        self._evicting: dict[bool, list[Room]] = {}
        self._hopeless: tuple[int, float] | None = None  # bytes and round of one without a place

    def roomy(self, expert: ExpertRecord, parts: tuple[Part, ...]) -> list[Room]:
        """Where to try without evicting: what holds its largest part already, then the emptiest."""
        if self._alone is not None:
            return self._alone if not expert.devices or self._only in expert.devices else []
        if expert.devices:
            free = self._free
            return self._of(sorted(expert.devices, key=lambda device: (-free(device), device)))
        views = self._world.views
        if self._emptiest is None:
            self._emptiest = self._of(device for _, device in islice(views.roomy, DEVICES_TRIED))
        if not parts:
            return self._emptiest
        holders = views.holders.get(max(parts, key=lambda part: part.size_bytes).digest)
        if not holders:
            return self._emptiest
        holding = islice((device for device, _ in groupby(holders)), DEVICES_TRIED)
        return self._of([*holding, *(room.device for room in self._emptiest)])

    def evicting(self, expert: ExpertRecord, *, drains: bool) -> list[Room]:
        """Where to try if others make room: where those are that are least worth keeping."""
        if self._alone is not None:
            return self._alone if not expert.devices or self._only in expert.devices else []
        if expert.devices:
            return self._of(expert.devices)
        if drains not in self._evicting:
            views = self._world.views
            order = views.straining if drains else views.yielding
            names = [device for _, device in islice(order, DEVICES_TRIED)]
            if drains and self._world.is_shared:
                names += [device for _, device in islice(views.roomy, DEVICES_TRIED)]
            self._evicting[drains] = self._of(names)
        return self._evicting[drains]

    def is_hopeless(self, expert: ExpertRecord, parts: tuple[Part, ...]) -> bool:
        """Was there no place for another, for want of bytes alone, that is no larger and comes no
        later?

        Where nothing of an expert is anywhere, all its bytes are missing everywhere; and one that
        comes in a later round may evict nobody whom those before it may not.
        """
        if self._hopeless is None or (expert.devices and self._only is None):
            return False
        size_bytes, round_ = self._hopeless
        holders = self._world.views.holders
        total = 0
        for part in parts:
            if part.digest in holders:
                return False
            total += part.size_bytes
        return total >= size_bytes and (
            not self._world.is_shared or _round(self._world, expert) >= round_
        )

    def give_up(self, expert: ExpertRecord, parts: tuple[Part, ...]) -> None:
        """There is no place for so many bytes, whoever goes."""
        size_bytes = sum([part.size_bytes for part in parts])
        self._hopeless = size_bytes, _round(self._world, expert)

    def _of(self, devices: Iterable[str]) -> list[Room]:
        """Their rooms, each once; of those that are there."""
        rooms = self._rooms
        for device in (devices := list(dict.fromkeys(devices))):
            if device not in rooms and device in self._world.devices:
                rooms[device] = Room(self._world, device, self._now)
        return [rooms[device] for device in devices if device in rooms]

    def _free(self, device: str) -> int:
        is_there = device in self._world.devices
        return self._world.ledger[device].free_bytes() if is_there else -1


def releasing(world: World, device: str) -> int:
    """Bytes that replicas on their way out are about to free on a device."""
    leaving = world.devices[device].leaving
    if not leaving:
        return 0
    return world.ledger[device].frees([replica.hot for replica in leaving.values()])


def _round(world: World, expert: ExpertRecord) -> float:
    """The round of the first of those who wait for an expert: of nobody's, after all others."""
    first = world.views.first(expert)
    return float("inf") if first is None else first[0][0]
