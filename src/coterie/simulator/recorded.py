"""A recorded past as a model: the requests that came, and what the scheduler had learnt by its end.

The journal is fed to a scheduler under the policy of then, which decides as it did; what that one
knows at the end of loads, prompts and tokens are the figures. So a past can be had again under
another policy, with another budget, or at another speed.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, field, structs

from coterie.config import Limits
from coterie.errors import JournalUnusable
from coterie.scheduler import Dispatch, Event, Load, Policy, Refuse, Scheduler, Snapshot
from coterie.scheduler import events as on
from coterie.scheduler.estimates import PREFILL_S_PER_BYTE
from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.replay import Entry
from coterie.simulator.driver import BODY_BYTES, BYTES_PER_TOKEN, STATUSES, Simulated, prompt_tokens
from coterie.simulator.figures import Figures
from coterie.workloads import Answer

QUICKEST = 1e-9  # seconds of a token or a byte: an engine without a model takes none


class Recorded(Struct):
    """What a journal tells. `requests` come `at` seconds after the first; `happened` is what became
    of them.
    """

    policy: str = ""
    limits: Limits = field(default_factory=Limits)
    devices: list[on.DeviceJoined] = []
    tenants: list[on.TenantDeclared] = []
    experts: dict[str, Figures] = {}
    requests: list[on.Arrived] = []
    happened: Simulated = field(default_factory=lambda: Simulated([], 0))


def recorded(entries: Iterable[Entry], choose: Callable[[str], Policy], threads: float) -> Recorded:
    """Reads a journal, from a snapshot on. `threads`: the cores that a prompt was computed on.
    Raises JournalUnusable.
    """
    core: Scheduler | None = None
    reading = _Reading()
    found = Recorded()
    for entry in entries:
        if isinstance(entry, Snapshot):  # the server was started anew, or the segment was full
            found.policy, found.limits = entry.policy, entry.limits
            core = Scheduler.restored(entry, choose(entry.policy))
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
    end = core.snapshot(reading.at)
    found.devices = [
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
    ]
    found.tenants = [
        on.TenantDeclared(0.0, tenant.name, tenant.weight)
        for tenant in end.tenants
        if tenant.declared
    ]
    found.experts = {expert.name: _figures(expert, end, threads) for expert in end.experts}
    begun = min((request.at for request in reading.requests.values()), default=0.0)
    for name, request in reading.requests.items():
        answer = reading.answer(name, begun)
        if answer is None or request.expert not in found.experts:
            continue
        tokens = answer.output_tokens or request.output_tokens
        found.requests.append(
            structs.replace(request, at=request.at - begun, output_tokens=max(1, tokens))
        )
        found.happened.answers.append(answer)
    found.happened = Simulated(found.happened.answers, reading.loads)
    return found


def _figures(expert: ExpertRecord, end: Snapshot, threads: float) -> Figures:
    costs = end.costs
    parts = expert.measured or expert.footprint.hot
    size_bytes = sum(part.size_bytes for part in parts)
    per_byte_s = expert.prefill.per_unit(costs.prefill.per_unit(PREFILL_S_PER_BYTE))
    return Figures(
        parts=parts,
        prompt_pace=1.0 / max(per_byte_s * BYTES_PER_TOKEN * threads, QUICKEST),
        output_pace=1.0 / max(costs.decode_s(expert.decode), QUICKEST),
        load_work=costs.load_s(expert.load, size_bytes),
        threads=threads,
        unload_s=expert.unload.value,
        first_work=0.0,
        template_tokens=BODY_BYTES // BYTES_PER_TOKEN,
        slots=expert.slots,
    )


class _Reading:
    """What became of each request, as far as the journal tells."""

    def __init__(self) -> None:
        self.at = 0.0
        self.loads = 0
        self.requests: dict[str, on.Arrived] = {}
        self._began: dict[str, float] = {}
        self._dispatched: dict[str, float] = {}
        self._finished: dict[str, on.Finished] = {}
        self._refused: dict[str, tuple[float, Refuse]] = {}

    def event(self, event: Event) -> None:
        self.at = event.at
        match event:
            case on.Arrived():
                if event.request not in self.requests:
                    self.requests[event.request] = event
            case on.Began():
                self._began[event.request] = event.at
            case on.Finished():
                self._finished[event.request] = event
            case _:
                pass

    def action(self, action: object) -> None:
        match action:
            case Dispatch():
                self._dispatched[action.request] = self.at
            case Refuse():
                self._refused[action.request] = (self.at, action)
            case Load():
                self.loads += 1
            case _:
                pass

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
