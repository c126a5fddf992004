"""Which request runs next, and on which replica. Turns keep more replicas from running at once than
a device can carry.

A device with `parallel_runs` lets that many replicas run at a time; the others stand in its line,
by their oldest request. An active replica takes another of its own (they share its batch) unless
somebody in line has waited for longer.
"""

from coterie.scheduler.actions import Action, Dispatch, Refuse
from coterie.scheduler.eta import eta_s
from coterie.scheduler.events import Arrived, Finished
from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ExpertRecord, ReplicaRecord, RequestRecord
from coterie.scheduler.timers import Timers
from coterie.scheduler.world import World


class Dispatcher:
    """Requests in, `Dispatch` and `Refuse` out."""

    def __init__(self, world: World, timers: Timers) -> None:
        self._world = world
        self._timers = timers

    def arrive(self, event: Arrived, expert: ExpertRecord, out: list[Action]) -> bool:
        """Runs a request at once where it can; else it waits (False), as long as it may."""
        world = self._world
        now = event.at
        expert.rate.observe(now)
        request = RequestRecord(
            request=event.request,
            expert=expert.name,
            since=event.since or now,
            arrived_at=now,
            attempt=event.attempt,
        )
        if not expert.waiting:
            replica = self._open_replica(expert)
            if replica is not None:
                world.requests[request.request] = request
                self._start(request, expert, replica, now, out)
                return True
        if (
            world.waiting_count >= world.limits.queue
            or len(expert.waiting) >= world.limits.queue_per_expert
        ):
            out.append(self._queue_full(request, expert, now))
            return False
        world.enqueue(request)
        self._timers.set(request.since + world.limits.wait, "request", request.request)
        self.line_up(expert)
        return False

    def finish(
        self, event: Finished, request: RequestRecord, out: list[Action]
    ) -> ReplicaRecord | None:
        """Gives the place of a request that ended to the next. The replica, if it is still the same
        one.
        """
        world = self._world
        del world.requests[request.request]
        expert = world.experts[request.expert]
        replica = world.replicas.get(request.replica)
        if replica is None or replica.generation != request.generation or replica.running == 0:
            return None
        world.run(replica, -1)
        replica.used_at = expert.last_used_at = event.at
        if event.ok:
            expert.served += 1
            expert.failures = 0
            world.costs.observe_service(expert.service, event.run_s)
        self.fill(replica, event.at, out)
        if replica.running == 0:
            self._world.views.line_up(replica)
            self.turn(replica.device, event.at, out)
        return replica

    def fill(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        """Sends a replica as many of its expert's requests as it may take now."""
        world = self._world
        expert = world.experts[replica.expert]
        while expert.waiting and replica.running < expert.slots and self._may_run(replica):
            request = world.requests[next(iter(expert.waiting))]
            world.dequeue(request)
            self._start(request, expert, replica, now, out)
        self.line_up(expert)
        if expert.waiting or expert.due is not None:
            world.views.list_expert(expert)

    def turn(self, device: str, now: float, out: list[Action]) -> None:
        """Lets those who stand in a device's line run, as far as it carries them."""
        view = self._world.devices[device]
        if view.record.parallel_runs == 0:
            return
        line = self._world.views.line(device)
        while line and view.active < view.record.parallel_runs:
            self.fill(self._world.replicas[line[0][1]], now, out)

    def line_up(self, expert: ExpertRecord) -> None:
        """Keeps an expert's replicas in, or out of, their devices' lines."""
        for replica in self._world.homes.get(expert.name, {}).values():
            self._world.views.line_up(replica)
            self._world.views.touch(replica)

    def refuse(
        self,
        request: RequestRecord,
        code: str,
        reason: str,
        retry_after_s: float,
        out: list[Action],
        eta_s: float | None = None,
    ) -> None:
        """Ends a waiting request with an error."""
        world = self._world
        world.dequeue(request)
        del world.requests[request.request]
        self.line_up(world.experts[request.expert])
        out.append(Refuse(request.request, code, reason, retry_after_s, eta_s))

    def _queue_full(self, request: RequestRecord, expert: ExpertRecord, now: float) -> Refuse:
        limits = self._world.limits
        here = len(expert.waiting)
        if here >= limits.queue_per_expert:
            reason = f"{here} requests wait for expert {expert.name!r} already, which is the limit"
        else:
            reason = f"{self._world.waiting_count} requests wait already, which is the limit"
        eta = eta_s(self._world, expert, now)
        return Refuse(request.request, "queue_full", reason, max(1.0, eta or 1.0), eta)

    def _open_replica(self, expert: ExpertRecord) -> ReplicaRecord | None:
        best: ReplicaRecord | None = None
        for replica in self._world.homes.get(expert.name, {}).values():
            if (
                replica.phase is Phase.HOT
                and replica.running < expert.slots
                and self._may_run(replica)
                and (
                    best is None
                    or (replica.running, replica.replica) < (best.running, best.replica)
                )
            ):
                best = replica
        return best

    def _may_run(self, replica: ReplicaRecord) -> bool:
        if replica.phase is not Phase.HOT:
            return False
        world = self._world
        view = world.devices[replica.device]
        limit = view.record.parallel_runs
        if limit == 0:
            return True
        line = world.views.line(replica.device)
        if replica.running:
            own = world.experts[replica.expert]
            return not line or (bool(own.waiting) and world.oldest(own) <= line[0][0])
        return view.active < limit and (not line or line[0][1] == replica.replica)

    def _start(
        self,
        request: RequestRecord,
        expert: ExpertRecord,
        replica: ReplicaRecord,
        now: float,
        out: list[Action],
    ) -> None:
        world = self._world
        world.run(replica, 1)
        replica.used_at = expert.last_used_at = now
        request.replica, request.generation = replica.replica, replica.generation
        waited = max(0.0, now - request.arrived_at)
        loading = min(waited, max(0.0, replica.loaded_at - request.arrived_at)) if waited else 0.0
        request.loading_s = loading
        out.append(
            Dispatch(
                request.request, replica.replica, replica.generation, waited - loading, loading
            )
        )
