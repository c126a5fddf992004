"""Which request runs next, and on which replica. Turns keep more replicas from running at once than
a device can carry.

A device may carry but so many replicas that run (`parallel_runs`) and so many prompts that are
computed at once (`parallel_prefills`): two prompts that share the same cores both take twice as
long, so that the first answer is late and the second no earlier. Replicas with a free slot for a
request stand in the device's line, in the order of the policy's `turn`, and only its head may run;
as one too many where the policy lets it pass beside a prompt that is far longer. Brief prompts do
not count: an engine computes those of one replica together, for the price of one.
"""

from coterie.scheduler import outcomes, shares
from coterie.scheduler.actions import Action, Dispatch, Refuse
from coterie.scheduler.eta import eta_s
from coterie.scheduler.events import Began, Finished
from coterie.scheduler.forecast import latest
from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ExpertRecord, Outcome, ReplicaRecord, RequestRecord
from coterie.scheduler.timers import Timers
from coterie.scheduler.world import DeviceView, World

BRIEF_S = 0.1  # a prompt that takes less holds nobody up: an engine computes such ones together
PATIENCE = 1.5  # a longer one holds others up for so many times what it is expected to take


class Dispatcher:
    """Requests in, `Dispatch` and `Refuse` out."""

    def __init__(self, world: World, timers: Timers) -> None:
        self._world = world
        self._timers = timers

    def arrive(
        self,
        request: RequestRecord,
        expert: ExpertRecord,
        now: float,
        out: list[Action],
        *,
        hurried: bool = False,
    ) -> bool:
        """Runs a request at once where it can; else it waits (False), as long as it may; where it
        is `hurried`, as long as its budget can be met.
        """
        world = self._world
        request.expert = expert.name
        request.prefill_s = world.prefill_s(expert, request.prompt_bytes)
        shares.take(world, request, expert)
        request.latest = latest(world, request, expert) if hurried else 0.0
        if not expert.waiting:
            replica = self._open_replica(expert, request.prefill_s, now)
            if replica is not None:
                world.requests[request.request] = request
                self._start(request, expert, replica, now, out)
                return True
        if (
            world.waiting_count >= world.limits.queue
            or len(expert.waiting) >= world.limits.queue_per_expert
            or shares.is_full(world, world.tenant(request.tenant), expert)
        ):
            shares.settle(world, request, expert, None)
            refuse = self._queue_full(request, expert, now)
            outcomes.ended(world, request, "refused", now, refuse.reason)
            out.append(refuse)
            return False
        world.enqueue(request)
        self._timers.set(world.waits_until(request), "request", request.request)
        self.line_up(expert)
        for device in [replica.device for replica in self._homes(expert)]:
            self.turn(device, now, out)
        return bool(request.replica)

    def began(self, event: Began, request: RequestRecord, out: list[Action]) -> None:
        """The first byte has come: the next prompt may be computed."""
        world = self._world
        expert = world.experts[request.expert]
        replica = world.replicas.get(request.replica)
        if replica is None or replica.generation != request.generation or replica.running == 0:
            return
        outcomes.began(world, request, event.at)  # what was expected, before this is learnt from
        if world.begin(request, replica):  # beside others it took longer than it takes
            prefill_s = event.at - request.dispatched_at
            world.costs.observe_prefill(expert.prefill, request.prompt_bytes, prefill_s)
        self.end_prefill(request, event.at, out)

    def end_prefill(self, request: RequestRecord, now: float, out: list[Action]) -> None:
        """A prompt holds nobody up any more."""
        if request.prefill_until:
            self._world.end_prefill(request)
            self.turn(self._world.replicas[request.replica].device, now, out)

    def finish(
        self, event: Finished, request: RequestRecord, out: list[Action]
    ) -> ReplicaRecord | None:
        """Gives the place of a request that ended to the next. The replica, if it is still the same
        one.
        """
        world = self._world
        del world.requests[request.request]
        expert = world.experts[request.expert]
        further = event.output_tokens - 1
        rest_s = event.run_s - event.first_byte_s if request.began_at else 0.0
        per_token_s = rest_s / further if further > 0 else 0.0
        outcome: Outcome = "answered" if event.ok else "lost"
        outcomes.ended(world, request, outcome, event.at, per_token_s=per_token_s)
        shares.settle(world, request, expert, event.output_tokens if event.ok else None)
        replica = world.replicas.get(request.replica)
        if replica is None or replica.generation != request.generation or replica.running == 0:
            return None
        world.begin(request, replica)
        world.end_prefill(request)
        world.run(replica, -1)
        replica.used_at = expert.last_used_at = event.at
        if event.ok:
            expert.served += 1
            expert.failures = 0
            world.costs.observe_service(expert.service, event.run_s)
            world.costs.observe_answer(expert.output, expert.decode, event.output_tokens, rest_s)
        world.views.line_up(replica)
        self.fill(replica, event.at, out)
        return replica

    def fill(self, replica: ReplicaRecord, now: float, out: list[Action]) -> None:
        """Sends a replica as many of its expert's requests as it may take now; where its device
        takes turns, whoever is next.
        """
        world = self._world
        if world.devices[replica.device].takes_turns:
            self.turn(replica.device, now, out)
            return
        expert = world.experts[replica.expert]
        while replica.phase is Phase.HOT and replica.running < expert.slots and expert.waiting:
            self._start_waiting(self._first(expert), replica, now, out)

    def turn(self, device: str, now: float, out: list[Action]) -> None:
        """Lets those who stand in a device's line run, as far as it carries them."""
        view = self._world.devices[device]
        if not view.takes_turns:
            return
        self._expire(view, now)
        line = self._world.views.line(device)
        while line:
            replica = self._world.replicas[line[0][1]]
            request = self._first(self._world.experts[replica.expert])
            if not self._is_carried(view, replica, request.prefill_s, now):
                self._watch(view)
                break
            self._start_waiting(request, replica, now, out)
        self._world.views.moved.pop(device, None)

    def watch(self) -> None:
        """Sets the times that lines wait for, after records were restored."""
        for device, view in self._world.devices.items():
            if view.takes_turns and self._world.views.line(device):
                self._watch(view)

    def turns(self, now: float, out: list[Action]) -> None:
        """Gives turns wherever a line has changed."""
        for device in list(self._world.views.moved):
            self.turn(device, now, out)

    def line_up(self, expert: ExpertRecord) -> None:
        """Keeps an expert's replicas in, or out of, their devices' lines."""
        for replica in self._homes(expert):
            self._world.views.line_up(replica)
            self._world.views.touch(replica)
            self.rest(replica, expert)

    def rest(self, replica: ReplicaRecord, expert: ExpertRecord) -> None:
        """Sets the end of an idle replica's time to live; again whenever it may have become idle:
        a timer is dropped while somebody waits, or while it is pinned.
        """
        if expert.idle_ttl_s and not expert.waiting and replica.running == 0:
            self._timers.set(replica.used_at + expert.idle_ttl_s, "idle", replica.replica)

    def refuse(
        self,
        request: RequestRecord,
        code: str,
        reason: str,
        retry_after_s: float,
        now: float,
        out: list[Action],
        eta_s: float | None = None,
    ) -> None:
        """Ends a waiting request with an error."""
        world = self._world
        world.dequeue(request)
        del world.requests[request.request]
        self.line_up(world.experts[request.expert])
        outcomes.ended(world, request, "refused", now, reason)
        shares.settle(world, request, world.experts[request.expert], None)
        out.append(Refuse(request.request, code, reason, retry_after_s, eta_s))

    def _queue_full(self, request: RequestRecord, expert: ExpertRecord, now: float) -> Refuse:
        limits = self._world.limits
        here = len(expert.waiting)
        tenant = self._world.tenant(request.tenant)
        if shares.is_full(self._world, tenant, expert) and self._world.is_shared:
            reason = f"{tenant.waiting} requests of tenant {tenant.name!r} wait, which is its share"
        elif here >= limits.queue_per_expert:
            reason = f"{here} requests wait for expert {expert.name!r} already, which is the limit"
        else:
            reason = f"{self._world.waiting_count} requests wait already, which is the limit"
        eta = eta_s(self._world, expert, now)
        return Refuse(request.request, "queue_full", reason, max(1.0, eta or 1.0), eta)

    def _homes(self, expert: ExpertRecord) -> list[ReplicaRecord]:
        return list(self._world.homes.get(expert.name, {}).values())

    def _open_replica(
        self, expert: ExpertRecord, prefill_s: float, now: float
    ) -> ReplicaRecord | None:
        """The least busy replica that may take a request for whose expert nobody waits."""
        world = self._world
        best: ReplicaRecord | None = None
        for replica in world.homes.get(expert.name, {}).values():
            if replica.phase is not Phase.HOT or replica.running >= expert.slots:
                continue
            view = world.devices[replica.device]
            self._expire(view, now)
            if view.takes_turns and (
                world.views.line(replica.device)
                or not self._is_carried(view, replica, prefill_s, now)
            ):
                continue
            if best is None or (replica.running, replica.replica) < (best.running, best.replica):
                best = replica
        return best

    def _is_carried(
        self, view: DeviceView, replica: ReplicaRecord, prefill_s: float, now: float
    ) -> bool:
        """May a device compute one prompt more, for this replica, that takes so long?"""
        record = view.record
        if replica.running == 0 and 0 < record.parallel_runs <= view.active:
            return False
        if record.parallel_prefills == 0 or prefill_s < BRIEF_S:
            return True
        if len(view.prefilling) < record.parallel_prefills:
            return True
        if len(view.prefilling) >= 2 * record.parallel_prefills:
            return False
        rest_s = max(r.dispatched_at + r.prefill_s for r in view.prefilling.values()) - now
        return self._world.policy.passes(prefill_s, rest_s)

    def _expire(self, view: DeviceView, now: float) -> None:
        """Prompts that took longer than they may hold others up hold them up no more."""
        for request in list(view.prefilling.values()):
            if request.prefill_until <= now:
                self._world.end_prefill(request)

    def _watch(self, view: DeviceView) -> None:
        """Sets the time at which the prompts that others wait for hold them up no longer."""
        first = min(((r.prefill_until, r.request) for r in view.prefilling.values()), default=None)
        if first is not None and first != view.watched:
            view.watched = first
            self._timers.set(first[0], "prefill", first[1])

    def _first(self, expert: ExpertRecord) -> RequestRecord:
        """The next of those who wait for an expert (there must be one)."""
        first = self._world.views.first(expert)
        assert first is not None, expert.name
        return self._world.requests[first[1]]

    def _start_waiting(
        self, request: RequestRecord, replica: ReplicaRecord, now: float, out: list[Action]
    ) -> None:
        """Takes a waiting request to a replica of its expert."""
        world = self._world
        expert = world.experts[request.expert]
        owed = world.owes(replica)
        world.dequeue(request)
        self._start(request, expert, replica, now, out)
        world.views.stale |= (owed and not world.owes(replica)) or self._falls_behind(request)
        self.line_up(expert)
        world.views.list_expert(expert)

    def _falls_behind(self, request: RequestRecord) -> bool:
        """Does a cold expert come before what its expert has left, now that this one has started?

        It may take the place of one in a later round (see `shares`), and no other event says so.
        """
        world = self._world
        if not world.is_shared or not world.views.demand:
            return False
        first = world.views.first(world.experts[request.expert])
        return first is not None and request.turn[0] <= world.views.demand[0][0][0] < first[0][0]

    def _start(
        self,
        request: RequestRecord,
        expert: ExpertRecord,
        replica: ReplicaRecord,
        now: float,
        out: list[Action],
    ) -> None:
        world = self._world
        shares.begin(world, request)
        world.run(replica, 1)
        replica.used_at = expert.last_used_at = now
        request.replica, request.generation = replica.replica, replica.generation
        replica.user = request.tenant
        expert.foresight.hits += replica.foreseen
        replica.foreseen = False
        world.compute(request, replica, now)
        if world.devices[replica.device].record.parallel_prefills and request.prefill_s >= BRIEF_S:
            world.begin_prefill(request, now + PATIENCE * request.prefill_s)
        waited = max(0.0, now - request.arrived_at)
        loading = min(waited, max(0.0, replica.loaded_at - request.arrived_at)) if waited else 0.0
        request.loading_s = loading
        out.append(
            Dispatch(
                request.request, replica.replica, replica.generation, waited - loading, loading
            )
        )
