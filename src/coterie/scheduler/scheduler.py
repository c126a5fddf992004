"""Events in, actions out: synchronous, deterministic, and the same live, in the simulator and in
replay.

The scheduler never reads a clock: `event.at` is the time, and `wake_at` says when a `Tick` is
wanted.
"""

from typing import assert_never

from coterie.config import Limits
from coterie.scheduler import events as on
from coterie.scheduler import explain as look
from coterie.scheduler import snapshots
from coterie.scheduler.actions import Action, Fetch
from coterie.scheduler.dispatch import Dispatcher
from coterie.scheduler.eta import eta_s
from coterie.scheduler.events import Event
from coterie.scheduler.forecast import ways
from coterie.scheduler.foresight import Foresight
from coterie.scheduler.intake import Intake
from coterie.scheduler.invariants import check
from coterie.scheduler.lifecycle import Lifecycle
from coterie.scheduler.outlook import outlook
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.policies import Policy
from coterie.scheduler.records import ExpertRecord, RequestRecord, Snapshot, Way
from coterie.scheduler.staging import staged
from coterie.scheduler.status import (
    DeviceStatus,
    ExpertStatus,
    Explanation,
    Outlook,
    TenantStatus,
)
from coterie.scheduler.switching import Switcher
from coterie.scheduler.timers import Kind, Timers
from coterie.scheduler.world import World


class Scheduler:
    """Decides which request runs where, and which replica lives where."""

    def __init__(self, policy: Policy, limits: Limits) -> None:
        self._world = World(policy, limits)
        self._timers = Timers(self._due_at)
        self._dispatcher = Dispatcher(self._world, self._timers)
        self._switcher = Switcher(self._world, self._timers)
        self._lifecycle = Lifecycle(self._world, self._timers, self._dispatcher, self._switcher)
        self._foresight = Foresight(self._world, self._switcher, self._lifecycle)
        self._intake = Intake(
            self._world,
            self._timers,
            self._dispatcher,
            self._switcher,
            self._lifecycle,
            self._foresight,
        )

    def handle(self, event: Event) -> list[Action]:
        """Takes what happened, and answers with what to do, in this order."""
        out: list[Action] = []
        match event:
            case on.Arrived():
                self._intake.arrived(event, out)
            case on.Finished():
                self._intake.finished(event, out)
            case on.Began():
                self._intake.began(event, out)
            case on.Cancelled():
                self._intake.cancelled(event, out)
            case on.Tick():
                self._ticked(event.at, out)
            case on.Loaded():
                self._lifecycle.loaded(event, out)
            case on.LoadFailed():
                self._lifecycle.load_failed(event, out)
            case on.Unloaded():
                self._lifecycle.unloaded(event, out)
            case on.Crashed():
                self._lifecycle.crashed(event, out)
            case on.Measured():
                self._lifecycle.measured(event, out)
            case on.Fetched():
                self._lifecycle.fetched(event, out)
            case on.FetchFailed():
                self._lifecycle.fetch_failed(event, out)
            case on.Reported():
                self._lifecycle.reported(event, out)
            case on.DeviceJoined():
                self._lifecycle.joined(event, out)
            case on.NodeLeft():
                self._lifecycle.left(event, out)
            case on.Declared():
                self._declared(event, out)
            case on.TenantDeclared():
                self._tenant_declared(event)
            case on.LoadRequested():
                self._load_requested(event, out)
            case on.Staged():
                staged(self._world, event)
            case on.Hinted():
                self._foresight.hinted(event, out)
            case on.UnloadRequested():
                self._unload_requested(event, out)
            case on.PinChanged():
                self._pin_changed(event, out)
            case _:
                assert_never(event)
        self._settle(event.at, out)
        return out

    def _settle(self, now: float, out: list[Action]) -> None:
        """What follows from an event, whatever it was: claims given up, turns, loads for those who
        are newly in want of one.
        """
        views = self._world.views
        while self._world.doubted or views.moved or views.stale:
            pumps = bool(self._world.doubted)
            for replica in self._switcher.unwanted(now):
                self._lifecycle.settle_in(replica, now, out)
            self._dispatcher.turns(now, out)
            if pumps or views.stale:
                self._switcher.pump(now, out)

    def wake_at(self) -> float | None:
        """When a `Tick` is wanted, if nothing else happens before; None: never."""
        at, look_at = self._timers.next_at(), self._switcher.look_at
        if at is None or look_at is None:
            return look_at if at is None else at
        return min(at, look_at)

    def check(self) -> None:
        """Asserts every invariant of the core."""
        check(self._world)

    def snapshot(self, at: float) -> Snapshot:
        """Everything it knows, to be restored into a new scheduler."""
        return snapshots.take(self._world, at)

    @classmethod
    def restored(cls, snapshot: Snapshot, policy: Policy) -> "Scheduler":
        """A scheduler that goes on where `snapshot` was taken, within the limits of then."""
        scheduler = cls(policy, snapshot.limits)
        snapshots.restore(scheduler._world, snapshot)
        scheduler._set_timers()
        scheduler._dispatcher.watch()
        scheduler._switcher.look_at = snapshot.at
        return scheduler

    # -- looking -----------------------------------------------------------------------------------

    def experts(self, now: float) -> list[ExpertStatus]:
        return [
            look.expert_status(self._world, expert, now) for expert in self._world.experts.values()
        ]

    def devices(self, now: float) -> list[DeviceStatus]:
        return [look.device_status(self._world, device, now) for device in self._world.devices]

    def tenants(self) -> list[TenantStatus]:
        return [look.tenant_status(tenant) for tenant in self._world.tenants.values()]

    def explain(self, subject: str, now: float) -> Explanation | None:
        """Why a request or an expert is where it is; None if there is neither of that name."""
        return look.explain(self._world, subject, now)

    def ways(
        self, expert: str, now: float, *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> list[Way]:
        """How `expert` could answer a request that came now, the quickest way first. Raises
        KeyError if there is no such expert.
        """
        request = self._imagined(expert, now, prompt_bytes, output_tokens)
        return ways(self._world, self._world.experts[expert], request, now)

    def outlook(
        self, expert: str, now: float, *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> Outlook:
        """What a request that came now would meet at `expert`."""
        record = self._world.experts.get(expert)
        if record is None:
            return Outlook(expert, reason="it is not declared")
        request = self._imagined(expert, now, prompt_bytes, output_tokens)
        return outlook(self._world, record, request, now)

    def eta_s(self, expert: str, now: float) -> float | None:
        """Seconds until a request that came now could start, where that can be said."""
        record = self._world.experts.get(expert)
        return None if record is None else eta_s(self._world, record, now)

    def _imagined(
        self, expert: str, now: float, prompt_bytes: int, output_tokens: int
    ) -> RequestRecord:
        """A request that does not come."""
        return RequestRecord(
            "",
            expert,
            now,
            now,
            prompt_bytes=prompt_bytes,
            output_tokens=output_tokens,
            tag=self._world.virtual,
        )

    # -- time --------------------------------------------------------------------------------------

    def _ticked(self, now: float, out: list[Action]) -> None:
        while (due := self._timers.pop(now)) is not None:
            self._due(*due, now, out)
        if self._switcher.look_at is not None and self._switcher.look_at <= now:
            self._switcher.pump(now, out)

    def _due(self, kind: Kind, key: str, now: float, out: list[Action]) -> None:
        world = self._world
        match kind:
            case "request":
                self._intake.waited(world.requests[key], now, out)
            case "idle":
                replica = world.replicas[key]
                idle_s = now - replica.used_at
                self._switcher.drain(replica, f"idle for {idle_s:.1f} s", now, out)
            case "prefill":
                self._dispatcher.end_prefill(world.requests[key], now, out)
            case "replica":
                replica = world.replicas[key]
                if self._switcher.overdue(replica, now, out):
                    self._lifecycle.load_overdue(replica, now, out)
            case "retry":
                self._lifecycle.fetch_again(world.experts[key], out)
            case _:
                assert_never(kind)

    def _due_at(self, kind: Kind, key: str) -> float | None:
        """When a timer really is due, from the records alone."""
        world = self._world
        match kind:
            case "request":
                request = world.requests.get(key)
                waits = request is not None and not request.replica
                return world.waits_until(request) if request is not None and waits else None
            case "idle":
                replica = world.replicas.get(key)
                if replica is None or replica.phase is not Phase.HOT or replica.running:
                    return None
                expert = world.experts[replica.expert]
                idles = expert.idle_ttl_s and not expert.pinned and not expert.waiting
                return replica.used_at + expert.idle_ttl_s if idles else None
            case "prefill":
                request = world.requests.get(key)
                return (request.prefill_until or None) if request is not None else None
            case "replica":
                replica = world.replicas.get(key)
                moving = replica is not None and replica.phase in (Phase.LOADING, Phase.UNLOADING)
                return replica.deadline if replica is not None and moving else None
            case "retry":
                expert = world.experts[key]
                return expert.retry_at if expert.fetching is Fetching.FAILED else None
            case _:
                assert_never(kind)

    def _set_timers(self) -> None:
        world = self._world
        keys: list[tuple[Kind, str]] = [("request", name) for name in world.requests]
        for name in world.replicas:
            keys += [("idle", name), ("replica", name)]
        keys += [("retry", name) for name in world.experts]
        for kind, key in keys:
            due = self._due_at(kind, key)
            if due is not None:
                self._timers.set(due, kind, key)

    # -- the composition and its operators ---------------------------------------------------------

    def _declared(self, event: on.Declared, out: list[Action]) -> None:
        if event.expert in self._world.experts:
            return
        self._world.experts[event.expert] = ExpertRecord(
            name=event.expert,
            slots=event.slots,
            replicas_max=event.replicas,
            pinned=event.pinned,
            preload=event.preload,
            idle_ttl_s=event.idle_ttl_s,
            devices=event.devices,
            fetching=Fetching.FETCHING,
        )
        out.append(Fetch(event.expert))

    def _tenant_declared(self, event: on.TenantDeclared) -> None:
        assert event.weight > 0, event
        tenant = self._world.tenant(event.tenant)
        tenant.weight = event.weight
        if not tenant.declared:
            tenant.declared = True
            self._world.sharing += 1

    def _load_requested(self, event: on.LoadRequested, out: list[Action]) -> None:
        expert = self._world.experts.get(event.expert)
        if expert is None:
            return
        expert.failures, expert.retry_at = 0, 0.0
        self._lifecycle.fetch_again(expert, out)
        self._lifecycle.ask(expert, event.at, "anybody")
        self._switcher.pump(event.at, out)

    def _unload_requested(self, event: on.UnloadRequested, out: list[Action]) -> None:
        expert = self._world.experts.get(event.expert)
        if expert is None or expert.pinned:
            return
        expert.asked_at = None
        self._world.views.list_expert(expert)
        for replica in list(self._world.homes.get(event.expert, {}).values()):
            if replica.phase is Phase.HOT:
                self._switcher.drain(replica, "asked to", event.at, out)
            elif replica.phase is Phase.LOADING and not expert.waiting:
                self._switcher.unload(replica, "asked to", event.at, out)
        self._world.doubt(expert)
        self._switcher.pump(event.at, out)

    def _pin_changed(self, event: on.PinChanged, out: list[Action]) -> None:
        expert = self._world.experts.get(event.expert)
        if expert is None:
            return
        expert.pinned = event.pinned
        replicas = list(self._world.homes.get(event.expert, {}).values())
        for replica in replicas:
            self._world.views.touch(replica)
            self._dispatcher.rest(replica, expert)
        if event.pinned:
            self._lifecycle.ask(expert, event.at, "anybody")
        for replica in replicas:
            self._switcher.relieve(replica.device, event.at, out)
        self._switcher.pump(event.at, out)
