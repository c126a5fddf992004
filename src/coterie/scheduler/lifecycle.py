"""What becomes of replicas and weights: the events that nodes report, and how failures are borne.

An answer about another generation than the present one is an answer about an earlier life, and is
dropped.
"""

from coterie.scheduler import events as on
from coterie.scheduler.actions import Action, Fetch, Unload
from coterie.scheduler.admission import PATIENCE, is_unavailable, unavailable
from coterie.scheduler.dispatch import Dispatcher
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.records import DeviceRecord, Evicts, ExpertRecord, ReplicaRecord
from coterie.scheduler.switching import Switcher
from coterie.scheduler.timers import Timers
from coterie.scheduler.world import TRUSTED_AFTER, World
from coterie.types import Part

REPORT_GRACE_S = 5.0  # a younger belief is not reconciled: the report may be older than it


class Lifecycle:
    """Loads, unloads, crashes, measurements, fetches, nodes."""

    def __init__(
        self, world: World, timers: Timers, dispatcher: Dispatcher, switcher: Switcher
    ) -> None:
        self._world = world
        self._timers = timers
        self._dispatcher = dispatcher
        self._switcher = switcher

    # -- weights -----------------------------------------------------------------------------------

    def fetched(self, event: on.Fetched, out: list[Action]) -> None:
        expert = self._world.experts[event.expert]
        expert.footprint = event.footprint
        expert.fetching, expert.failures, expert.retry_at, expert.reason = Fetching.COLD, 0, 0.0, ""
        need = expert.footprint.hot_bytes
        budgets = [0]
        for device in self._world.devices:  # the first one that is large enough will do
            budgets.append(self._budget(device, expert))
            if budgets[-1] >= need:
                break
        largest = max(budgets)
        if need > largest and self._world.devices:
            reason = f"needs {need:,} hot bytes; the largest device it may use has {largest:,}"
            self.fetch_failed(on.FetchFailed(event.at, event.expert, reason, retryable=False), out)
            return
        if expert.pinned or expert.preload:
            self.ask(expert, event.at, "anybody" if expert.pinned else "nobody")
        self._world.views.list_expert(expert)
        self._switcher.pump(event.at, out)

    def fetch_failed(self, event: on.FetchFailed, out: list[Action]) -> None:
        expert = self._world.experts[event.expert]
        expert.fetching = Fetching.FAILED
        self._fail(expert, event.reason, event.at, event.retryable)
        self._timers.set(expert.retry_at, "retry", expert.name)
        self.refuse_all(expert, event.at, out)

    def fetch_again(self, expert: ExpertRecord, out: list[Action]) -> None:
        if expert.fetching is Fetching.FAILED:
            expert.fetching = Fetching.FETCHING
            out.append(Fetch(expert.name))

    def ask(self, expert: ExpertRecord, now: float, evicts: Evicts) -> None:
        """Somebody wants the expert resident, though nobody waits; who may have to go for that."""
        homes = self._world.homes.get(expert.name, {}).values()
        if not any(replica.phase in (Phase.LOADING, Phase.HOT) for replica in homes):
            expert.asked_at, expert.evicts = now, evicts
        else:
            expert.foreseen = False
        self._world.views.list_expert(expert)

    # -- replicas ----------------------------------------------------------------------------------

    def loaded(self, event: on.Loaded, out: list[Action]) -> None:
        replica = self._present(event.replica, event.generation, Phase.LOADING)
        if replica is None:
            return
        world, now = self._world, event.at
        expert = world.experts[replica.expert]
        world.enter(replica, Phase.HOT, now)
        replica.loaded_at = replica.used_at = now
        world.costs.observe_load(expert.load, expert.footprint.hot_bytes, event.load_s)
        expert.retry_at, expert.reason = 0.0, ""
        expert.restored_tokens += event.restored_tokens
        self._measure(replica, expert, event.hot, now, out)
        self.settle_in(replica, now, out)
        self._switcher.pump(now, out)

    def load_failed(self, event: on.LoadFailed, out: list[Action]) -> None:
        replica = self._present(event.replica, event.generation, Phase.LOADING, Phase.UNLOADING)
        if replica is None:
            return
        expert = self._world.experts[replica.expert]
        if replica.phase is Phase.LOADING:
            self._world.enter(replica, Phase.UNLOADING, event.at)
        self._remove(replica, event.at, out)
        self._bear(expert, event.reason, event.at, event.retryable, out)
        self._switcher.pump(event.at, out)

    def crashed(self, event: on.Crashed, out: list[Action]) -> None:
        replica = self._present(
            event.replica, event.generation, Phase.LOADING, Phase.HOT, Phase.DRAINING
        )
        if replica is None:
            return
        world = self._world
        expert = world.experts[replica.expert]
        world.enter(replica, Phase.UNLOADING, event.at)
        replica.deadline = event.at + world.limits.load_base
        self._timers.set(replica.deadline, "replica", replica.replica)
        world.views.line_up(replica)
        self._dispatcher.turn(replica.device, event.at, out)
        self._bear(expert, event.reason, event.at, True, out)
        self._switcher.pump(event.at, out)

    def unloaded(self, event: on.Unloaded, out: list[Action]) -> None:
        replica = self._present(event.replica, event.generation)
        if replica is None:
            return
        if replica.phase is not Phase.UNLOADING:
            self.crashed(
                on.Crashed(event.at, event.replica, event.generation, "it ended unasked"), out
            )
        if event.unload_s:
            self._world.experts[replica.expert].unload.observe(event.unload_s)
        self._remove(replica, event.at, out)
        self._switcher.pump(event.at, out)

    def measured(self, event: on.Measured, out: list[Action]) -> None:
        replica = self._present(event.replica, event.generation, Phase.HOT, Phase.DRAINING)
        if replica is None:
            return
        self._measure(replica, self._world.experts[replica.expert], event.hot, event.at, out)
        self._resume(self._switcher.freed(replica.device, event.at, out), event.at, out)
        self._switcher.pump(event.at, out, replica.device)

    def load_overdue(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        expert = self._world.experts[replica.expert]
        self._bear(expert, "its load took longer than its deadline", now, True, out)

    def settle_in(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        """A replica is (again) hot: its line moves, and its time to live begins."""
        expert = self._world.experts[replica.expert]
        self._world.views.line_up(replica)
        self._dispatcher.fill(replica, now, out)
        self._world.views.list_expert(expert)
        self._dispatcher.rest(replica, expert)

    # -- nodes -------------------------------------------------------------------------------------

    def joined(self, event: on.DeviceJoined, out: list[Action]) -> None:
        if event.device in self._world.devices:
            return
        self._world.add_device(
            DeviceRecord(
                device=event.device,
                node=event.node,
                hot_bytes=event.hot_bytes,
                host_bytes=event.host_bytes,
                parallel_loads=event.parallel_loads,
                parallel_runs=event.parallel_runs,
                parallel_prefills=event.parallel_prefills,
            )
        )
        self._switcher.pump(event.at, out)

    def left(self, event: on.NodeLeft, out: list[Action]) -> None:
        world = self._world
        gone = [name for name, view in world.devices.items() if view.record.node == event.node]
        for device in gone:
            view = world.devices[device]
            for claim in list(view.claims):
                self._switcher.cancel(claim, event.at)
            for replica in list(view.replicas.values()):
                expert = world.experts[replica.expert]
                if replica.phase is not Phase.UNLOADING:
                    world.enter(replica, Phase.UNLOADING, event.at)
                world.remove_replica(replica)
                if expert.pinned:
                    self.ask(expert, event.at, "anybody")
                world.views.list_expert(expert)
            world.remove_device(device)
        self._switcher.pump(event.at, out)

    def reported(self, event: on.Reported, out: list[Action]) -> None:
        """Reconciles belief with what a node really runs."""
        world = self._world
        running = dict(event.running)
        for view in list(world.devices.values()):
            if view.record.node != event.node:
                continue
            for replica in list(view.replicas.values()):
                settled = replica.phase_at <= event.at - REPORT_GRACE_S
                if settled and running.get(replica.replica) != replica.generation:
                    self.unloaded(on.Unloaded(event.at, replica.replica, replica.generation), out)
        for name, generation in event.running:
            known = world.replicas.get(name)
            if known is None or known.generation > generation:
                out.append(Unload(name, generation, "no such replica is known", force=True))

    # -- failures ----------------------------------------------------------------------------------

    def refuse_all(self, expert: ExpertRecord, now: float, out: list[Action]) -> None:
        """Tells all who wait for an expert why it cannot answer."""
        for name in list(expert.waiting):
            self._dispatcher.refuse(self._world.requests[name], *unavailable(expert, now), now, out)
        self._world.views.list_expert(expert)

    def _bear(
        self, expert: ExpertRecord, reason: str, now: float, retryable: bool, out: list[Action]
    ) -> None:
        self._fail(expert, reason, now, retryable)
        never_loaded = expert.preload and expert.load.count == 0
        if expert.pinned or never_loaded:
            self.ask(expert, now, "anybody" if expert.pinned else "nobody")
        self._world.views.list_expert(expert)
        if is_unavailable(expert, now):
            self.refuse_all(expert, now, out)

    def _fail(self, expert: ExpertRecord, reason: str, now: float, retryable: bool) -> None:
        limits = self._world.limits
        expert.reason = reason
        expert.failures = expert.failures + 1 if retryable else max(PATIENCE, expert.failures + 1)
        backoff = limits.backoff * 2.0 ** min(expert.failures - 1, 16)
        expert.retry_at = now + (
            min(backoff, limits.backoff_max) if retryable else limits.backoff_max
        )

    # -- details -----------------------------------------------------------------------------------

    def _present(self, name: str, generation: int, *phases: Phase) -> ReplicaRecord | None:
        """The replica, if it is still the same one, in one of these phases (none given: in any)."""
        replica = self._world.replicas.get(name)
        if replica is None or replica.generation != generation:
            return None
        return replica if not phases or replica.phase in phases else None

    def _remove(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        self._world.remove_replica(replica)
        self._world.views.list_expert(self._world.experts[replica.expert])
        self._resume(self._switcher.freed(replica.device, now, out), now, out)

    def _resume(self, replicas: list[ReplicaRecord], now: float, out: list[Action]) -> None:
        for replica in replicas:
            self.settle_in(replica, now, out)

    def _measure(
        self,
        replica: ReplicaRecord,
        expert: ExpertRecord,
        hot: tuple[Part, ...],
        now: float,
        out: list[Action],
    ) -> None:
        """Learns the peak of what an expert takes, and books it."""
        if not hot:
            return
        expert.measured = _peak(expert.measured, hot)
        trusted = expert.served >= TRUSTED_AFTER
        self._world.resize(
            replica, expert.measured if trusted else _peak(expert.footprint.hot, expert.measured)
        )
        self._switcher.relieve(replica.device, now, out)

    def _budget(self, device: str, expert: ExpertRecord) -> int:
        if expert.devices and device not in expert.devices:
            return 0
        return self._world.devices[device].record.hot_bytes


def _peak(old: tuple[Part, ...], new: tuple[Part, ...]) -> tuple[Part, ...]:
    sizes = {part.digest: part.size_bytes for part in old}
    for part in new:
        sizes[part.digest] = max(sizes.get(part.digest, 0), part.size_bytes)
    return tuple(Part(digest, size) for digest, size in sizes.items())
