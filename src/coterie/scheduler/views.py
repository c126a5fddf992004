"""Sorted views over the records: who is to be loaded, who may be evicted, who waits for a turn,
where there is room.

Views of replicas and devices are brought up to date by `settle`, just before somebody reads them: a
request to a hot expert only marks its replica, and pays for no sorting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sortedcontainers import SortedDict, SortedList

from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ExpertRecord, ReplicaRecord

if TYPE_CHECKING:
    from coterie.scheduler.world import World

Key = tuple[float, str]


class DeviceOrder:
    """The replicas of one device, in the orders that decisions need."""

    __slots__ = ("busy", "idle", "line")

    def __init__(self) -> None:
        self.idle: SortedList[Key] = SortedList()  # (keep, replica): evictable now
        self.busy: SortedList[Key] = SortedList()  # (keep, replica): evictable after a drain
        self.line: SortedList[Key] = (
            SortedList()
        )  # (oldest waiting, replica): hot, waits for its turn


class Views:
    """Orders derived from a `World`. The last element of every key is a name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.demand: SortedList[Key] = SortedList()  # (due, expert): to be loaded
        self.roomy: SortedList[Key] = SortedList()  # (-free bytes, device): a load may start
        self.yielding: SortedList[Key] = SortedList()  # (lowest keep of its idle, device): likewise
        self.straining: SortedList[Key] = (
            SortedList()
        )  # (lowest keep of its busy, device): likewise
        self.orders: dict[str, DeviceOrder] = {}
        self.holders: dict[
            str, SortedDict[str, int]
        ] = {}  # digest -> device -> replicas that hold it
        self._dirty: dict[str, ReplicaRecord] = {}
        self._dirty_devices: dict[str, None] = {}
        self._listed: dict[str, tuple[bool, float]] = {}  # replica -> (busy?, keep)
        self._lined: dict[str, float] = {}  # replica -> oldest waiting
        self._device_keys: dict[str, tuple[float | None, float | None, float | None]] = {}

    # -- who is to be loaded -----------------------------------------------------------------------

    def list_expert(self, expert: ExpertRecord) -> None:
        """Puts an expert where it belongs among those to be loaded, or takes it out."""
        world = self._world
        due: float | None = None
        if (expert.waiting or expert.asked_at is not None) and world.can_grow(expert):
            waiting = world.waiting_of(expert)
            assert waiting is not None
            due = world.policy.due(waiting, world.load_s(expert))
            due = max(min(due, waiting.oldest + world.limits.starvation), expert.retry_at)
        if due == expert.due:
            return
        if expert.due is not None:
            self.demand.remove((expert.due, expert.name))
        if due is not None:
            self.demand.add((due, expert.name))
        expert.due = due

    # -- who waits for a turn ----------------------------------------------------------------------

    def line_up(self, replica: ReplicaRecord) -> None:
        """Puts a hot replica with waiting but no running requests in its device's line, or takes it
        out.
        """
        world = self._world
        if world.devices[replica.device].record.parallel_runs == 0:
            return
        expert = world.experts[replica.expert]
        oldest: float | None = None
        if replica.phase is Phase.HOT and replica.running == 0 and expert.waiting:
            oldest = world.oldest(expert)
        old = self._lined.get(replica.replica)
        if oldest == old:
            return
        line = self._order(replica.device).line
        if old is not None:
            line.remove((old, replica.replica))
            del self._lined[replica.replica]
        if oldest is not None:
            line.add((oldest, replica.replica))
            self._lined[replica.replica] = oldest

    def line(self, device: str) -> SortedList[Key]:
        """Those who wait for a turn on a device, the oldest first."""
        return self._order(device).line

    def idle(self, device: str) -> SortedList[Key]:
        """A device's evictable replicas that nobody uses, the least worth keeping first. Settle
        before.
        """
        return self._order(device).idle

    def busy(self, device: str) -> SortedList[Key]:
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
            self.orders[replica.device].line.remove((old, replica.replica))
        self._dirty.pop(replica.replica, None)
        self.touch_device(replica.device)

    def forget_device(self, device: str) -> None:
        """Takes a device without replicas out of every view."""
        self.settle()
        self._rank(device, (None, None, None))
        del self._device_keys[device], self.orders[device]

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
        for part in replica.hot:
            holders = self.holders.setdefault(part.digest, SortedDict())
            count = holders.get(replica.device, 0) + step
            if count:
                holders[replica.device] = count
            else:
                del holders[replica.device]
                if not holders:
                    del self.holders[part.digest]

    def _list(self, replica: ReplicaRecord) -> None:
        world = self._world
        self._unlist(replica)
        expert = world.experts[replica.expert]
        if replica.phase is not Phase.HOT or expert.pinned or world.owes(replica):
            return
        keep = world.policy.keep(world.resident(replica))
        busy = replica.running > 0 or bool(expert.waiting)
        order = self._order(replica.device)
        (order.busy if busy else order.idle).add((keep, replica.replica))
        self._listed[replica.replica] = (busy, keep)

    def _unlist(self, replica: ReplicaRecord) -> None:
        listed = self._listed.pop(replica.replica, None)
        if listed is not None:
            order = self.orders[replica.device]
            (order.busy if listed[0] else order.idle).remove((listed[1], replica.replica))

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
        return self.orders.setdefault(device, DeviceOrder())
