"""A recorded past as a model: the requests that came, and what the scheduler had learnt by its end.

The journal is fed to a scheduler under the policy of then, which decides as it did; what that one
knows at the end of loads, prompts and tokens are the figures. So a past can be had again under
another policy, with another budget, or at another speed.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, field, structs

from coterie.config import Limits
from coterie.errors import JournalUnusable
from coterie.hardware import Figures
from coterie.scheduler import Dispatch, Event, Load, Policy, Refuse, Scheduler, Snapshot, Unload
from coterie.scheduler import events as on
from coterie.scheduler.estimates import PREFILL_S_PER_BYTE
from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.replay import Entry
from coterie.simulator.outcome import Outcome
from coterie.simulator.rides import BODY_BYTES, BYTES_PER_TOKEN, STATUSES, prompt_tokens
from coterie.simulator.setup import Setup
from coterie.simulator.stays import Stays
from coterie.workloads import Answer

QUICKEST = 1e-9  # seconds of a token or a byte: an engine without a model takes none


class Recorded(Struct):
    """What a journal tells. `requests` come `at` seconds after the first; `happened` is what became
    of them.
    """

    setup: Setup
    requests: list[on.Arrived] = []
    happened: Outcome = field(default_factory=Outcome)


def recorded(entries: Iterable[Entry], choose: Callable[[str], Policy], cores: float) -> Recorded:
    """Reads a journal, from a snapshot on. `cores`: of each node then. Raises JournalUnusable."""
    core: Scheduler | None = None
    reading = _Reading()
    policy, limits = "", Limits()
    for entry in entries:
        if isinstance(entry, Snapshot):  # the server was started anew, or the segment was full
            policy, limits = entry.policy, entry.limits
            core = Scheduler.restored(entry, choose(policy))
        elif isinstance(entry, Event):
            if core is None:
                raise JournalUnusable(
                    "a journal begins with a snapshot; this one begins in the middle"
                )
            core.handle(entry)
            reading.event(entry)
        else:
            reading.action(entry)
    if core is None:
        raise JournalUnusable("the journal is empty: it has not even a snapshot")
    found = Recorded(_setup(core.snapshot(reading.at), policy, limits, cores))
    figures = found.setup.figures[""]
    begun = min((request.at for request in reading.requests.values()), default=0.0)
    for name, request in reading.requests.items():
        answer = reading.answer(name, begun)
        if answer is None or request.expert not in figures:
            continue
        tokens = answer.output_tokens or request.output_tokens
        found.requests.append(
            structs.replace(request, at=request.at - begun, output_tokens=max(1, tokens))
        )
        found.happened.answers.append(answer)
    reading.finish(found.happened, begun)
    return found


def _setup(end: Snapshot, policy: str, limits: Limits, cores: float) -> Setup:
    """The machines, tenants and experts as they were at the end."""
    devices = tuple(
        on.DeviceJoined(
            0.0,
            record.device,
            record.node,
            record.hot_bytes,
            record.host_bytes,
            record.parallel_loads,
            record.parallel_runs,
            record.parallel_prefills,
        )
        for record in end.devices
    )
    tenants = tuple(
        on.TenantDeclared(0.0, tenant.name, tenant.weight)
        for tenant in end.tenants
        if tenant.declared
    )
    experts = tuple(
        on.Declared(
            0.0,
            expert.name,
            expert.slots,
            expert.replicas_max,
            expert.pinned,
            expert.preload,
            expert.idle_ttl_s,
            expert.devices,
        )
        for expert in end.experts
    )
    figures = {expert.name: _figures(expert, end, cores) for expert in end.experts}
    return Setup.of_one_kind(policy, limits, devices, experts, figures, cores, tenants)


def _figures(expert: ExpertRecord, end: Snapshot, cores: float) -> Figures:
    costs = end.costs
    parts = expert.measured or expert.footprint.hot
    size_bytes = sum(part.size_bytes for part in parts)
    per_byte_s = expert.prefill.per_unit(costs.prefill.per_unit(PREFILL_S_PER_BYTE))
    return Figures(
        parts=parts,
        prompt_pace=1.0 / max(per_byte_s * BYTES_PER_TOKEN * cores, QUICKEST),
        output_pace=1.0 / max(costs.decode_s(expert.decode), QUICKEST),
        load_work=costs.load_s(expert.load, size_bytes),
        threads=cores,
        unload_s=expert.unload.value,
        first_work=0.0,
        template_tokens=BODY_BYTES // BYTES_PER_TOKEN,
    )


class _Reading:
    """What became of each request, as far as the journal tells."""

    def __init__(self) -> None:
        self.at = 0.0
        self._waited_s = 0.0
        self._waits: dict[str, float] = {}  # requests that wait now, and since when
        self._stays = Stays()
        self.requests: dict[str, on.Arrived] = {}
        self._began: dict[str, float] = {}
        self._dispatched: dict[str, float] = {}
        self._finished: dict[str, on.Finished] = {}
        self._refused: dict[str, tuple[float, Refuse]] = {}

    def event(self, event: Event) -> None:
        self.at = event.at
        self._stays.happened(event)
        match event:
            case on.Arrived():
                self._waits.setdefault(event.request, event.at)
                if event.request not in self.requests:
                    self.requests[event.request] = event
            case on.Began():
                self._began[event.request] = event.at
            case on.Finished():
                self._finished[event.request] = event
                if not event.ok:  # it may come again
                    self._waits[event.request] = event.at
            case _:
                pass

    def action(self, action: object) -> None:
        match action:
            case Dispatch():
                self._waited(action.request)
                self._dispatched[action.request] = self.at
                self._stays.did(self.at, action)
            case Refuse():
                self._waited(action.request)
                self._refused[action.request] = (self.at, action)
            case Load() | Unload():
                self._stays.did(self.at, action)
            case _:
                pass

    def _waited(self, request: str) -> None:
        self._waited_s += self.at - self._waits.pop(request, self.at)

    def finish(self, outcome: Outcome, begun: float) -> None:
        """Adds what the journal tells of replicas; their times are from `begun` on."""
        ends = (answer.sent_s + answer.total_s for answer in outcome.answers)
        outcome.end_s = max(ends, default=0.0)
        outcome.waited_s = self._waited_s
        outcome.residences = self._stays.count_from(begun)

    def answer(self, name: str, begun: float) -> Answer | None:
        """None where its end is not in the journal: its client left, or it still ran."""
        request = self.requests[name]
        sent_s = request.at - begun
        if name in self._refused:
            at, refused = self._refused[name]
            status = STATUSES.get(refused.code, 503)
            total_s = at - request.at
            return Answer(request.expert, sent_s, status, total_s, error=refused.code)
        finished, dispatched = self._finished.get(name), self._dispatched.get(name)
        if finished is None or dispatched is None or not finished.ok:
            return None
        first = self._began.get(name, dispatched + finished.first_byte_s)
        return Answer(
            request.expert,
            sent_s,
            200,
            finished.at - request.at,
            first_s=first - request.at,
            prompt_tokens=finished.prompt_tokens or round(prompt_tokens(request)),
            output_tokens=finished.output_tokens,
        )
