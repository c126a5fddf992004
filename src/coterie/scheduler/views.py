"""Sorted views over the records: who is to be loaded, who may be evicted, who waits for a turn,
where there is room.

Views of replicas and devices are brought up to date by `settle`, just before somebody reads them: a
request to a hot expert only marks its replica, and pays for no sorting.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from sortedcontainers import SortedList

from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ExpertRecord, ReplicaRecord, RequestRecord, Turn

if TYPE_CHECKING:
    from coterie.scheduler.world import World

T = TypeVar("T", str, tuple[float, str], tuple[Turn, str])
Key = tuple[float, str]
Place = tuple[Turn, str]


class DeviceOrder:
    """The replicas of one device, in the orders that decisions need: lists, as these are short."""

    __slots__ = ("busy", "idle", "line")

    def __init__(self) -> None:
        self.idle: list[Key] = []  # (keep, replica): evictable now
        self.busy: list[Key] = []  # (keep, replica): evictable after a drain
        self.line: list[Place] = []  # (turn, replica): has a free slot for a request


class Views:
    """Orders derived from a `World`. The last element of every key is a name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.demand: SortedList[Place] = SortedList()  # (due, expert): to be loaded
        self.stale = False  # somebody came among them, or may be evicted now, since last considered
        self.roomy: SortedList[Key] = SortedList()  # (-free bytes, device): a load may start
        self.yielding: SortedList[Key] = SortedList()  # (lowest keep of its idle, device): likewise
        self.straining: SortedList[Key] = (
            SortedList()
        )  # (lowest keep of its busy, device): likewise
        self.orders: dict[str, DeviceOrder] = {}
        self.holders: dict[str, list[str]] = {}
        """By digest, the devices of the replicas that hold it, in order; one for each replica."""
        self._dirty: dict[str, ReplicaRecord] = {}
        self._dirty_devices: dict[str, None] = {}
        self._listed: dict[str, tuple[bool, float]] = {}  # replica -> (busy?, keep)
        self._queues: dict[str, SortedList[Place]] = {}  # expert -> (turn, request) of who waits
        self._tags: SortedList[Key] = SortedList()  # (tag, request) of all who wait
        self._lined: dict[str, Turn] = {}  # by replica
        self.moved: dict[str, None] = {}  # devices whose line changed since turns were given
        self._device_keys: dict[str, tuple[float | None, float | None, float | None]] = {}

    # -- who is to be loaded -----------------------------------------------------------------------

    def list_expert(self, expert: ExpertRecord) -> None:
        """Puts an expert where it belongs among those to be loaded, or takes it out."""
        world = self._world
        due: Turn | None = None
        if (expert.waiting or expert.asked_at is not None) and world.can_grow(expert):
            waiting = world.waiting_of(expert)
            assert waiting is not None
            at = world.policy.due(waiting, world.load_s(expert))
            at = max(min(at, waiting.oldest + world.limits.starvation), expert.retry_at)
            first = self.first(expert)
            due = (first[0][0] if first else world.round_of(world.virtual), at)
        if due == expert.due:
            return
        if expert.due is not None:
            self.demand.remove((expert.due, expert.name))
        if due is not None:
            self.demand.add((due, expert.name))
            self.stale |= expert.due is None
        expert.due = due

    # -- who waits for a turn ----------------------------------------------------------------------

    def queue(self, request: RequestRecord) -> None:
        """Puts a waiting request among those of its expert."""
        queue = self._queues.setdefault(request.expert, SortedList())
        queue.add((request.turn, request.request))
        self._tags.add((request.tag, request.request))

    def unqueue(self, request: RequestRecord) -> None:
        queue = self._queues[request.expert]
        queue.remove((request.turn, request.request))
        self._tags.remove((request.tag, request.request))
        if not queue:
            del self._queues[request.expert]

    def first_tag(self) -> float | None:
        """The earliest tag of all who wait (see `shares`)."""
        return self._tags[0][0] if self._tags else None

    def first(self, expert: ExpertRecord) -> Place | None:
        """The turn and the name of the request of an expert that runs next."""
        queue = self._queues.get(expert.name)
        return queue[0] if queue else None

    def ahead(self, expert: str, turn: Turn) -> Iterable[Place]:
        """Those of an expert's waiting requests that come before a turn, in order."""
        queue = self._queues.get(expert)
        return queue.irange(maximum=(turn, "")) if queue else ()

    def line_up(self, replica: ReplicaRecord) -> None:
        """Puts a hot replica with a free slot for a waiting request in its device's line, or takes
        it out.
        """
        world = self._world
        if not world.devices[replica.device].takes_turns:
            return
        expert = world.experts[replica.expert]
        turn: Turn | None = None
        if replica.phase is Phase.HOT and replica.running < expert.slots:
            first = self.first(expert)
            turn = None if first is None else first[0]
        old = self._lined.get(replica.replica)
        if turn == old:
            return
        line = self._order(replica.device).line
        if old is not None:
            _take_out(line, (old, replica.replica))
            del self._lined[replica.replica]
        if turn is not None:
            insort(line, (turn, replica.replica))
            self._lined[replica.replica] = turn
        self.moved[replica.device] = None

    def line(self, device: str) -> list[Place]:
        """Those who wait for a turn on a device, in order."""
        return self._order(device).line

    def idle(self, device: str) -> list[Key]:
        """A device's evictable replicas that nobody uses, the least worth keeping first. Settle
        before.
        """
        return self._order(device).idle

    def busy(self, device: str) -> list[Key]:
        """A device's evictable replicas that are in use, the least worth keeping first. Settle
        before.
        """
        return self._order(device).busy

    # -- who may be evicted, and where there is room -----------------------------------------------

    def touch(self, replica: ReplicaRecord) -> None:
        self._dirty[replica.replica] = replica

    def touch_device(self, device: str) -> None:
        self._dirty_devices[device] = None

    def forget(self, replica: ReplicaRecord) -> None:
        """Takes a replica out of every view, before its record goes."""
        self._unlist(replica)
        old = self._lined.pop(replica.replica, None)
        if old is not None:
            _take_out(self.orders[replica.device].line, (old, replica.replica))
            self.moved[replica.device] = None
        self._dirty.pop(replica.replica, None)
        self.touch_device(replica.device)

    def forget_device(self, device: str) -> None:
        """Takes a device without replicas out of every view."""
        self.settle()
        self._rank(device, (None, None, None))
        del self._device_keys[device], self.orders[device]
        self.moved.pop(device, None)

    def settle(self) -> None:
        """Brings the views of replicas and devices up to date."""
        if self._dirty:
            for replica in self._dirty.values():
                self._list(replica)
                self._dirty_devices[replica.device] = None
            self._dirty.clear()
        if self._dirty_devices:
            for device in self._dirty_devices:
                if device in self._world.devices:
                    self._list_device(device)
            self._dirty_devices.clear()

    def count_digests(self, replica: ReplicaRecord, step: int) -> None:
        """A replica holds its parts now (+1), or no more (-1)."""
        for part in replica.hot:
            holders = self.holders.setdefault(part.digest, [])
            if step > 0:
                insort(holders, replica.device)
                continue
            _take_out(holders, replica.device)
            if not holders:
                del self.holders[part.digest]

    def _list(self, replica: ReplicaRecord) -> None:
        world = self._world
        expert = world.experts[replica.expert]
        listed: tuple[bool, float] | None = None
        if replica.phase is Phase.HOT and not expert.pinned and not world.owes(replica):
            keep = world.policy.keep(world.resident(replica))
            listed = replica.running > 0 or bool(expert.waiting), keep
        if listed == self._listed.get(replica.replica):
            return
        self._unlist(replica)
        if listed is not None:
            busy, keep = listed
            order = self._order(replica.device)
            insort(order.busy if busy else order.idle, (keep, replica.replica))
            self._listed[replica.replica] = listed

    def _unlist(self, replica: ReplicaRecord) -> None:
        listed = self._listed.pop(replica.replica, None)
        if listed is not None:
            order = self.orders[replica.device]
            _take_out(order.busy if listed[0] else order.idle, (listed[1], replica.replica))

    def _list_device(self, device: str) -> None:
        keys: tuple[float | None, float | None, float | None] = (None, None, None)
        if self._world.devices[device].open_loads() > 0:
            order = self._order(device)
            keys = (
                -float(self._world.ledger[device].free_bytes()),
                order.idle[0][0] if order.idle else None,
                order.busy[0][0] if order.busy else None,
            )
        self._rank(device, keys)

    def _rank(self, device: str, keys: tuple[float | None, float | None, float | None]) -> None:
        old = self._device_keys.get(device, (None, None, None))
        if old == keys and device in self._device_keys:
            return
        for order, was, now in zip(
            (self.roomy, self.yielding, self.straining), old, keys, strict=True
        ):
            if was != now:
                if was is not None:
                    order.remove((was, device))
                if now is not None:
                    order.add((now, device))
        self._device_keys[device] = keys

    def _order(self, device: str) -> DeviceOrder:
        order = self.orders.get(device)
        if order is None:
            order = self.orders[device] = DeviceOrder()
        return order


def _take_out(order: list[T], key: T) -> None:
    """Removes a key that is in an order."""
    at = bisect_left(order, key)
    assert order[at] == key, key
    del order[at]
