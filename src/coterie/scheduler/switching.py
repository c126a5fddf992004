"""When replicas come and go: the one place that says `Load` and `Unload`.

A waiting expert takes a claim on a device (its next load), its victims drain and unload, and once
their bytes are really free the load begins. A claim that nobody needs any more gives its draining
victims back.
"""

from collections.abc import Iterable
from itertools import islice

from coterie.scheduler import churn, shares
from coterie.scheduler.actions import Action, Load, Unload
from coterie.scheduler.estimates import Rate
from coterie.scheduler.phases import Phase
from coterie.scheduler.placement import Placement, place
from coterie.scheduler.records import Claim, ExpertRecord, ReplicaRecord
from coterie.scheduler.rooms import Room, Rooms, releasing
from coterie.scheduler.staging import stage
from coterie.scheduler.timers import Timers
from coterie.scheduler.world import World
from coterie.types import replica_id

GIB = 1 << 30
EXPERTS_TRIED = 3  # of those to be loaded, when the first cannot be placed yet
EXPERTS_SEEN = 32  # likewise, counting those that fit nowhere at the moment
UNLOAD_DEADLINE_S = 30.0


class Switcher:
    """Claims, loads, unloads."""

    def __init__(self, world: World, timers: Timers) -> None:
        self._world = world
        self._timers = timers
        self.look_at: float | None = None  # when a placement that was found becomes justified

    def pump(self, now: float, out: list[Action], device: str | None = None) -> None:
        """Begins every load that is justified now; `device`: only there, where alone something
        changed.
        """
        world = self._world
        demand = world.views.demand
        if device is None:
            self.look_at, world.views.stale = None, False
        if not demand:
            return
        world.views.settle()
        if not world.views.roomy:
            return
        rooms, tried = Rooms(world, now, device), 0
        for _, name in list(islice(demand, EXPERTS_SEEN)):
            if tried == EXPERTS_TRIED or not world.views.roomy:
                return  # where no device can take one more load, the end of one brings us back
            expert = world.experts[name]
            if expert.retry_at > now:
                self._look(expert.retry_at)
                continue
            placement = place(world, expert, now, rooms=rooms)
            if placement is None:
                if device is None and len(world.views.roomy) == len(world.devices):
                    self._let_be(expert)  # a device that loads may have room after it
                continue
            tried += 1
            if placement.at > now:
                stage(world, expert, placement.device, now, out)
                if expert.foreseen:
                    self._let_be(expert)
                else:
                    self._look(placement.at)
            else:
                self._claim(expert, placement, now, out)
                world.views.settle()
                rooms = Rooms(world, now, device)

    def freed(self, device: str, now: float, out: list[Action]) -> list[ReplicaRecord]:
        """Bytes came free on a device: its claims go on. The replicas that are hot again because
        one was given up.
        """
        resumed: list[ReplicaRecord] = []
        for claim in list(self._world.devices[device].claims):
            resumed += self._advance(claim, now, out)
        return resumed

    def unwanted(self, now: float) -> list[ReplicaRecord]:
        """Gives up the claims that nobody wants any more. The replicas that are hot again."""
        world = self._world
        resumed: list[ReplicaRecord] = []
        for name in world.doubted:
            claim, expert = world.claims.get(name), world.experts[name]
            if claim is not None and not expert.waiting and expert.asked_at is None:
                resumed += self.cancel(claim, now)
        world.doubted.clear()
        return resumed

    def unload(
        self,
        replica: ReplicaRecord,
        reason: str,
        now: float,
        out: list[Action],
        *,
        force: bool = False,
    ) -> None:
        """Begins to unload a replica that serves nobody (or is to be killed)."""
        self._world.enter(replica, Phase.UNLOADING, now)
        self._unload_again(replica, reason, now, out, force=force)

    def overdue(self, replica: ReplicaRecord, now: float, out: list[Action]) -> bool:
        """A replica's deadline has passed. True if that ends a load."""
        if replica.phase is Phase.LOADING:
            self.unload(replica, "its load took longer than its deadline", now, out, force=True)
            return True
        if replica.phase is Phase.UNLOADING:
            self._unload_again(
                replica, "its unload took longer than its deadline", now, out, force=True
            )
        return False

    def drain(
        self,
        replica: ReplicaRecord,
        reason: str,
        now: float,
        out: list[Action],
        *,
        doomed_for: str = "",
    ) -> None:
        """Takes a hot replica out of service: at once if it is idle, else when its requests are
        done.
        """
        world = self._world
        expert = world.experts[replica.expert]
        if doomed_for in world.experts:
            shares.charge_eviction(world, replica, world.experts[doomed_for])
        if doomed_for:
            expert.evictions += 1
            expert.evicted_at, expert.evicted_for = now, doomed_for
        replica.doomed_for = doomed_for
        if replica.running:
            world.enter(replica, Phase.DRAINING, now)
        else:
            self.unload(replica, reason, now, out)
        world.views.line_up(replica)
        world.views.list_expert(expert)

    def drained(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        """The last request of a draining replica ended."""
        reason = f"room for {replica.doomed_for!r}" if replica.doomed_for else "asked to"
        self.unload(replica, reason, now, out)

    def relieve(self, device: str, now: float, out: list[Action]) -> None:
        """Evicts, where a measurement went above a device's budget, until it is within it again."""
        world = self._world
        place_ = world.ledger[device]
        if place_.free_bytes() >= 0:
            return
        world.views.settle()
        over = -place_.free_bytes() - releasing(world, device)
        names = [name for _, name in (*world.views.idle(device), *world.views.busy(device))]
        names += [replica.replica for replica in world.devices[device].replicas.values()]
        for name in dict.fromkeys(names):
            if over <= 0:
                return
            victim = world.replicas[name]
            if victim.phase is not Phase.HOT or world.experts[victim.expert].pinned:
                continue
            over -= place_.frees([victim.hot])
            self.drain(
                victim,
                "more memory was measured than the device has",
                now,
                out,
                doomed_for="the budget",
            )

    def cancel(self, claim: Claim, now: float) -> list[ReplicaRecord]:
        """Gives up a claim. The replicas that drained for it and are hot again."""
        world = self._world
        self._drop(claim)
        resumed = [
            replica
            for replica in world.devices[claim.device].replicas.values()
            if replica.phase is Phase.DRAINING and replica.doomed_for == claim.expert
        ]
        for replica in resumed:
            replica.doomed_for = ""
            world.enter(replica, Phase.HOT, now)
            world.experts[replica.expert].evictions -= 1
            world.views.list_expert(world.experts[replica.expert])
            world.views.line_up(replica)
        world.views.list_expert(world.experts[claim.expert])
        return resumed

    def _claim(
        self, expert: ExpertRecord, placement: Placement, now: float, out: list[Action]
    ) -> None:
        world = self._world
        claim = Claim(expert.name, placement.device, now)
        world.claims[expert.name] = claim
        world.devices[placement.device].claims.append(claim)
        world.views.touch_device(placement.device)
        world.views.list_expert(expert)
        self._evict(placement.victims, expert.name, now, out)
        self._load_if_free(claim, now, out)  # if not, what leaves now is enough for it
        if placement.drains:
            stage(world, expert, placement.device, now, out)

    def _drop(self, claim: Claim) -> None:
        del self._world.claims[claim.expert]
        self._world.devices[claim.device].claims.remove(claim)
        self._world.views.touch_device(claim.device)

    def _evict(
        self, victims: Iterable[str], for_expert: str, now: float, out: list[Action]
    ) -> None:
        for name in victims:
            self.drain(
                self._world.replicas[name],
                f"room for {for_expert!r}",
                now,
                out,
                doomed_for=for_expert,
            )

    def _advance(self, claim: Claim, now: float, out: list[Action]) -> list[ReplicaRecord]:
        """Loads if the bytes are free; else sees to it that they will be, or gives the claim up."""
        world = self._world
        if self._load_if_free(claim, now, out):
            return []
        expert = world.experts[claim.expert]
        parts = world.hot_parts(expert)
        room = Room(world, claim.device, now, besides=expert.name)
        short = room.missing(parts)
        if short > 0:
            world.views.settle()
            victims = room.victims(expert, short, drains=True)
            if not victims:
                return self.cancel(claim, now)
            self._evict([victim.replica for victim in victims], expert.name, now, out)
        return []

    def _load_if_free(self, claim: Claim, now: float, out: list[Action]) -> bool:
        """Begins a claimed load, if its bytes are free."""
        world = self._world
        expert = world.experts[claim.expert]
        place_ = world.ledger[claim.device]
        if place_.need(world.hot_parts(expert)) > place_.free_bytes():
            return False
        self._load(claim, expert, now, out)
        return True

    def _load(self, claim: Claim, expert: ExpertRecord, now: float, out: list[Action]) -> None:
        world = self._world
        self._drop(claim)
        world.generation += 1
        limits = world.limits
        size = world.size_bytes(expert)
        replica = ReplicaRecord(
            replica=replica_id(expert.name, claim.device),
            expert=expert.name,
            device=claim.device,
            generation=world.generation,
            phase=Phase.LOADING,
            phase_at=now,
            hot=world.hot_parts(expert),
            warm=expert.footprint.warm,
            foreseen=expert.foreseen and not expert.waiting,
            deadline=now + limits.load_base + limits.load_per_gib * size / GIB,
        )
        world.add_replica(replica)
        shares.charge_load(world, expert)
        churn.note(world, expert, claim.device, now)
        expert.loads += 1
        expert.foresight.loads += replica.foreseen
        expert.asked_at, expert.foreseen = None, False
        expert.turned_away = Rate()
        world.views.list_expert(expert)
        self._timers.set(replica.deadline, "replica", replica.replica)
        waiting = len(expert.waiting)
        reason = (
            f"{waiting} waiting, the oldest {now - world.oldest(expert):.3f} s"
            if waiting
            else "asked for"
        )
        out.append(
            Load(
                replica.replica,
                replica.generation,
                expert.name,
                claim.device,
                replica.deadline,
                reason,
            )
        )

    def _unload_again(
        self, replica: ReplicaRecord, reason: str, now: float, out: list[Action], *, force: bool
    ) -> None:
        replica.deadline = now + UNLOAD_DEADLINE_S
        self._timers.set(replica.deadline, "replica", replica.replica)
        out.append(Unload(replica.replica, replica.generation, reason, force))

    def _let_be(self, expert: ExpertRecord) -> None:
        """A preload is for room that is free, a wish for that of the idle: where there is none, it
        is given up.
        """
        if expert.evicts != "anybody" and not expert.waiting:
            expert.asked_at, expert.foreseen = None, False
            self._world.views.list_expert(expert)

    def _look(self, at: float) -> None:
        self.look_at = at if self.look_at is None else min(self.look_at, at)
