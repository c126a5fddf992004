"""The records, and the few facts about them that several decisions share. Sorted views live in
`views.py`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from coterie.config import Limits
from coterie.scheduler.estimates import Costs
from coterie.scheduler.ledger import Ledger, host_of
from coterie.scheduler.phases import LEAVING, NEXT, Fetching, Phase
from coterie.scheduler.policies import Policy, Resident, Waiting
from coterie.scheduler.records import (
    Claim,
    DeviceRecord,
    ExpertRecord,
    Past,
    ReplicaRecord,
    RequestRecord,
    TenantRecord,
    Turn,
)
from coterie.scheduler.views import Key, Views
from coterie.types import Part, Priority

if TYPE_CHECKING:
    from coterie.scheduler.churn import Return

TRUSTED_AFTER = (
    16  # services: memory grows with the first long prompts, so an estimate holds until then
)

ROUND_S = 1.0
"""Virtual seconds within which budgets and lengths of prompts decide, whoever's they are."""
SLACK: dict[Priority, float] = {"interactive": 0.1, "standard": 0.5, "batch": 1.0}
"""How long a request without a budget may wait before its turn presses, of the starvation bound: so
priorities age, and nothing waits for ever.
"""


class DeviceView:
    """A device and what is on it."""

    __slots__ = (
        "active",
        "claims",
        "computing",
        "leaving",
        "loading",
        "prefilling",
        "record",
        "replicas",
        "watched",
    )

    def __init__(self, record: DeviceRecord) -> None:
        self.record = record
        self.replicas: dict[str, ReplicaRecord] = {}
        self.leaving: dict[str, ReplicaRecord] = {}  # those on their way out
        self.claims: list[Claim] = []
        self.loading = 0  # replicas that load
        self.active = 0  # replicas with running requests
        self.computing = 0  # requests whose answer has not begun
        self.prefilling: dict[str, RequestRecord] = {}  # whose prompts are computed, where bounded
        self.watched: Key | None = None  # the first of them to whose end a timer is set

    @property
    def takes_turns(self) -> bool:
        """Does a request with a free slot have to wait for what else the device carries?"""
        return bool(self.record.parallel_runs or self.record.parallel_prefills)

    def open_loads(self) -> int:
        return self.record.parallel_loads - self.loading - len(self.claims)


class World:
    """All that the scheduler knows."""

    def __init__(self, policy: Policy, limits: Limits) -> None:
        self.policy = policy
        self.limits = limits
        self.costs = Costs()
        self.ledger = Ledger()
        self.generation = 0
        self.devices: dict[str, DeviceView] = {}
        self.experts: dict[str, ExpertRecord] = {}
        self.replicas: dict[str, ReplicaRecord] = {}
        self.requests: dict[str, RequestRecord] = {}
        self.claims: dict[str, Claim] = {}  # by expert
        self.doubted: dict[str, None] = {}  # experts whose claims nobody may want any more
        self.homes: dict[str, dict[str, ReplicaRecord]] = {}  # expert -> its replicas
        self.tenants: dict[str, TenantRecord] = {}
        self.past: OrderedDict[str, Past] = OrderedDict()  # the last that ended; not in snapshots
        self.returns: deque[Return] = deque()  # see `churn`; not in snapshots either
        self.virtual = 0.0  # the time that tags are of (see `shares`)
        self.sharing = 0  # tenants that were declared
        self.waiting_count = 0
        self.views = Views(self)

    # -- what things cost --------------------------------------------------------------------------

    def hot_parts(self, expert: ExpertRecord) -> tuple[Part, ...]:
        """What a new replica is to hold: the estimate, until enough was served to trust the
        measurement.
        """
        if expert.measured and expert.served >= TRUSTED_AFTER:
            return expert.measured
        return expert.footprint.hot

    def size_bytes(self, expert: ExpertRecord) -> int:
        return sum([part.size_bytes for part in self.hot_parts(expert)])

    def load_s(self, expert: ExpertRecord) -> float:
        own = expert.load
        return own.value if own.count else self.costs.load_s(own, expert.footprint.hot_bytes)

    def service_s(self, expert: ExpertRecord) -> float:
        return self.costs.service_s(expert.service)

    def oldest(self, expert: ExpertRecord) -> float:
        """The arrival of the first in an expert's line (which must not be empty)."""
        return self.requests[next(iter(expert.waiting))].since

    def prefill_s(self, expert: ExpertRecord, prompt_bytes: int) -> float:
        return self.costs.prefill_s(expert.prefill, prompt_bytes)

    def waits_until(self, request: RequestRecord) -> float:
        """When a request has waited as long as it may, or its budget can be met no more."""
        until = request.since + self.limits.wait
        return min(until, request.latest) if request.latest else until

    def rest_s(self, expert: ExpertRecord, output_tokens: int) -> float:
        """Seconds from an answer's first token to its last, as far as any was seen;
        `output_tokens`: the most that are wanted.
        """
        if not (expert.decode.work or self.costs.decode.work):
            return 0.0
        tokens = self.costs.tokens(expert.output, output_tokens)
        return max(0.0, tokens - 1) * self.costs.decode_s(expert.decode)

    def knows_prompts(self, expert: ExpertRecord) -> bool:
        """Was any prompt's time seen?"""
        return bool(expert.prefill.work or self.costs.prefill.work)

    @property
    def is_shared(self) -> bool:
        """Are there tenants among whom the machine is shared?"""
        return self.sharing > 1 and self.policy.shares

    def round_of(self, virtual: float) -> int:
        """The round of a virtual time; all are in one where nobody shares."""
        return int(virtual / ROUND_S) if self.is_shared else 0

    def turn(self, request: RequestRecord, prefill_s: float) -> Turn:
        """A request's place among those that wait: its tenant's round, and within that the time
        which the policy says, never later than the starvation bound.
        """
        bound_s = self.limits.starvation
        budget = request.budget
        if budget.is_bounded:
            bounds = [bound for bound in (budget.ttft, budget.e2e) if bound]
            slack_s = max(0.0, min(bounds, default=bound_s) - prefill_s)
        else:
            slack_s = SLACK[request.priority] * bound_s
        turn = self.policy.turn(request.since, prefill_s, slack_s)
        return self.round_of(request.tag), min(turn, request.since + bound_s)

    def tenant(self, name: str) -> TenantRecord:
        """Whose requests they are, known from the first of them on."""
        tenant = self.tenants.get(name)
        if tenant is None:
            tenant = self.tenants[name] = TenantRecord(name)
        return tenant

    def waiting_of(self, expert: ExpertRecord) -> Waiting | None:
        """Those who wait for an expert; whoever asked for it to be resident counts as one."""
        if expert.waiting:
            oldest = self.oldest(expert)
            return self.waiting(expert, len(expert.waiting), oldest, expert.waiting_since_s)
        if expert.asked_at is not None:
            return Waiting(1, expert.asked_at, expert.asked_at)
        return None

    def waiting(self, expert: ExpertRecord, count: int, oldest: float, total: float) -> Waiting:
        """So many who wait, and with them those who were turned away: what they could have waited
        counts, or an expert whose requests cannot be in time for another's sake never would be.
        """
        return Waiting(count, oldest, total - expert.turned_away.left(oldest))

    def line(self, expert: ExpertRecord) -> int:
        """How many a load of `expert` delays: all who wait. Where tenants share, only those of the
        same tenants who wait for others: what these take from the rest is charged to them.
        """
        if not self.is_shared:
            return self.waiting_count
        own = sum(self.tenants[name].waiting for name in expert.waiting_of)
        return max(0, own - len(expert.waiting))

    def resident(self, replica: ReplicaRecord) -> Resident:
        """A replica as policies see it."""
        expert = self.experts[replica.expert]
        return Resident(
            loaded_at=replica.loaded_at,
            used_at=replica.used_at,
            size_bytes=self.size_bytes(expert),
            load_s=self.load_s(expert),
            rate_order=expert.rate.order(),
            in_use=replica.running + len(expert.waiting),
            next_at=expert.rhythm.next_at,
        )

    def owes(self, replica: ReplicaRecord) -> bool:
        """Do requests still wait that its load was for? It is not evicted before their turn.

        So a residency serves at least all who waited for it (a gated polling system): the longer
        the lines, the more requests a switch pays for, and overload cannot turn into thrashing.
        """
        expert = self.experts[replica.expert]
        return bool(expert.waiting) and self.oldest(expert) <= replica.loaded_at

    def can_grow(self, expert: ExpertRecord, *, asked: bool = False) -> bool:
        """May it have one more replica: the first, or another where every slot it has is taken?
        `asked`: as if somebody waited.
        """
        if expert.fetching is not Fetching.COLD or expert.name in self.claims:
            return False
        alive = 0
        for replica in self.homes.get(expert.name, {}).values():
            if replica.phase is Phase.LOADING:
                return False
            if replica.phase is Phase.HOT:
                alive += 1
                if replica.running < expert.slots:
                    return False
        return alive == 0 or (alive < expert.replicas_max and (asked or bool(expert.waiting)))

    # -- requests ----------------------------------------------------------------------------------

    def enqueue(self, request: RequestRecord) -> None:
        """Another attempt goes before those who never had one."""
        expert = self.experts[request.expert]
        request.turn = self.turn(request, request.prefill_s)
        self.requests[request.request] = request
        expert.waiting[request.request] = None
        if request.attempt:
            expert.waiting.move_to_end(request.request, last=False)
        expert.waiting_since_s += request.since
        self._count_waiting(request, expert, 1)
        self.views.queue(request)

    def dequeue(self, request: RequestRecord) -> None:
        expert = self.experts[request.expert]
        del expert.waiting[request.request]
        expert.waiting_since_s = expert.waiting_since_s - request.since if expert.waiting else 0.0
        self._count_waiting(request, expert, -1)
        self.views.unqueue(request)
        self.doubt(expert)

    def _count_waiting(self, request: RequestRecord, expert: ExpertRecord, step: int) -> None:
        self.waiting_count += step
        self.tenant(request.tenant).waiting += step
        here = expert.waiting_of.get(request.tenant, 0) + step
        if here:
            expert.waiting_of[request.tenant] = here
        else:
            del expert.waiting_of[request.tenant]

    def doubt(self, expert: ExpertRecord) -> None:
        """Marks an expert's claim for giving up, if nobody wants it any more."""
        if expert.name in self.claims and not expert.waiting and expert.asked_at is None:
            self.doubted[expert.name] = None

    # -- replicas ----------------------------------------------------------------------------------

    def add_device(self, record: DeviceRecord) -> None:
        self.devices[record.device] = DeviceView(record)
        self.ledger.open(record.device, record.hot_bytes)
        self.ledger.open(host_of(record.node), record.host_bytes)
        self.views.touch_device(record.device)

    def remove_device(self, device: str) -> None:
        """A device without replicas or claims leaves; with the last of its node, the node's host
        memory.
        """
        view = self.devices[device]
        assert not view.replicas, device
        assert not view.claims, device
        self.views.forget_device(device)
        del self.devices[device]
        self.ledger.close(device)
        if all(other.record.node != view.record.node for other in self.devices.values()):
            self.ledger.close(host_of(view.record.node))

    def add_replica(self, replica: ReplicaRecord) -> None:
        view = self.devices[replica.device]
        self.ledger[replica.device].hold(replica.hot)
        self.ledger[host_of(view.record.node)].hold(replica.warm)
        self.replicas[replica.replica] = replica
        view.replicas[replica.replica] = replica
        if replica.phase in LEAVING:
            view.leaving[replica.replica] = replica
        view.loading += replica.phase is Phase.LOADING
        view.active += replica.running > 0
        view.computing += replica.computing
        self.homes.setdefault(replica.expert, {})[replica.replica] = replica
        self.views.count_digests(replica, 1)
        self.views.touch(replica)

    def remove_replica(self, replica: ReplicaRecord) -> None:
        assert replica.phase is Phase.UNLOADING, replica
        view = self.devices[replica.device]
        if replica.foreseen:
            size = sum(part.size_bytes for part in replica.hot)
            self.experts[replica.expert].foresight.wasted_bytes += size
        self.views.forget(replica)
        self.views.count_digests(replica, -1)
        self.ledger[replica.device].release(replica.hot)
        self.ledger[host_of(view.record.node)].release(replica.warm)
        del self.replicas[replica.replica]
        del view.replicas[replica.replica]
        del view.leaving[replica.replica]
        homes = self.homes[replica.expert]
        del homes[replica.replica]
        if not homes:
            del self.homes[replica.expert]

    def enter(self, replica: ReplicaRecord, phase: Phase, now: float) -> None:
        """Moves a replica along the table of phases."""
        assert phase in NEXT[replica.phase], (replica.replica, replica.phase, phase)
        view = self.devices[replica.device]
        view.loading -= replica.phase is Phase.LOADING
        if phase is Phase.UNLOADING and replica.running:
            replica.running = 0  # its requests died with it; each still reports its end
            view.active -= 1
            view.computing -= replica.computing
            replica.computing = 0
            for request in list(view.prefilling.values()):
                if request.replica == replica.replica:
                    self.end_prefill(request)
        replica.phase, replica.phase_at = phase, now
        if phase in LEAVING:
            view.leaving[replica.replica] = replica
        else:
            view.leaving.pop(replica.replica, None)
        self.views.touch(replica)

    def run(self, replica: ReplicaRecord, step: int) -> None:
        """One request more (+1) or less (-1) runs on a replica."""
        before = replica.running
        replica.running += step
        if before == 0 or replica.running == 0:
            self.devices[replica.device].active += step
            self.views.touch(replica)

    def compute(self, request: RequestRecord, replica: ReplicaRecord, now: float) -> None:
        """A request was sent to a replica, which computes its prompt."""
        view = self.devices[replica.device]
        view.record.dispatches += 1
        request.dispatched_at = now
        request.alone = 0 if view.computing else view.record.dispatches
        view.computing += 1
        replica.computing += 1

    def begin(self, request: RequestRecord, replica: ReplicaRecord) -> bool:
        """A request's answer has begun (or ended). Was its prompt alone on the device until now?"""
        if request.begun:
            return False
        view = self.devices[replica.device]
        request.begun = True
        view.computing -= 1
        replica.computing -= 1
        return request.alone == view.record.dispatches

    def begin_prefill(self, request: RequestRecord, until: float) -> None:
        """A request's prompt is being computed, and holds others up until then at most."""
        request.prefill_until = until
        self.devices[self.replicas[request.replica].device].prefilling[request.request] = request

    def end_prefill(self, request: RequestRecord) -> None:
        """A request's prompt is computed, or given up."""
        if request.prefill_until:
            request.prefill_until = 0.0
            del self.devices[self.replicas[request.replica].device].prefilling[request.request]

    def resize(self, replica: ReplicaRecord, hot: tuple[Part, ...]) -> None:
        """Books what a replica was seen to take in place of what it was held at."""
        if hot == replica.hot:
            return
        place = self.ledger[replica.device]
        self.views.count_digests(replica, -1)
        place.release(replica.hot)
        replica.hot = hot
        place.hold(hot)
        self.views.count_digests(replica, 1)
        self.views.touch_device(replica.device)
