"""The scheduler's whole truth, as plain records. Every index is derived from them and can be built
again.

A `Snapshot` is these records: it starts each journal segment, so that a segment replays without its
predecessors.
"""

from collections import OrderedDict
from typing import Any, Literal, get_origin

from msgspec import Struct, field

from coterie.config import Limits
from coterie.scheduler.estimates import Costs, Mean, Pace, Rate, Rhythm
from coterie.scheduler.phases import Fetching, Phase
from coterie.types import NO_BUDGET, Budget, Footprint, Part, Priority

NO_FOOTPRINT = Footprint()
Turn = tuple[int, float]
"""A place in an order: the round of its tenant's share, and the time that the policy says."""
Evicts = Literal["nobody", "idle", "anybody"]
Outcome = Literal["answered", "refused", "lost"]
How = Literal["hot", "turn", "loading", "load", "unavailable"]


class DeviceRecord(Struct):
    """A device and what is under way on it."""

    device: str
    node: str
    hot_bytes: int
    host_bytes: int = 0
    parallel_loads: int = 1
    parallel_runs: int = 0
    parallel_prefills: int = 0
    dispatches: int = 0  # so far
    staging: str = ""  # the expert whose weights are being read ahead for it


class Attainment(Struct):
    """What became of requests with a latency budget, and of predictions of first tokens."""

    met: int = 0
    missed: int = 0  # answered, but later than that
    refused: int = 0  # told that it cannot be met
    failed: int = 0  # not answered for another reason
    degraded: int = 0  # of all these, sent to a fallback
    predicted: int = 0  # first tokens whose 90th percentile was predicted
    within_p90: int = 0  # of those, how many came within it


class Foresight(Struct):
    """What came of loading an expert before it was asked for."""

    hints: int = 0
    loads: int = 0
    hits: int = 0  # of those, how many were asked for before they went
    wasted_bytes: int = 0  # of those that were not
    staged: int = 0  # times that its weights were read into host memory ahead of a load
    staged_bytes: int = 0  # what was read then


class TenantRecord(Struct):
    """Whose requests they are, and what was spent on them."""

    name: str
    declared: bool = False
    weight: float = 1.0
    spent_s: float = 0.0  # seconds of prompts, tokens and loads
    tag: float = 0.0  # the virtual time up to which its requests so far are served (see `shares`)
    waiting: int = 0
    last: str = ""  # the expert it asked for last
    last_at: float = 0.0
    kept: Attainment = field(default_factory=Attainment)


class ExpertRecord(Struct):
    """An expert: what was declared, what was learnt, and who waits for it."""

    name: str
    slots: int = 1
    replicas_max: int = 1
    pinned: bool = False
    preload: bool = False
    idle_ttl_s: float = 0.0
    devices: tuple[str, ...] = ()
    fetching: Fetching = Fetching.ABSENT
    footprint: Footprint = NO_FOOTPRINT
    measured: tuple[Part, ...] = ()
    load: Mean = field(default_factory=Mean)
    unload: Mean = field(default_factory=Mean)
    service: Mean = field(default_factory=Mean)
    prefill: Pace = field(default_factory=Pace)
    decode: Pace = field(default_factory=Pace)
    output: Mean = field(default_factory=Mean)  # tokens of an answer
    kept: Attainment = field(default_factory=Attainment)
    declined: int = 0  # requests in a row whose own length was found to be beyond their budget
    rate: Rate = field(default_factory=Rate)
    rhythm: Rhythm = field(default_factory=Rhythm)
    turned_away: Rate = field(
        default_factory=Rate
    )  # seconds that refused requests could have waited
    waiting: OrderedDict[str, None] = field(default_factory=OrderedDict)
    waiting_since_s: float = 0.0  # the sum of the waiting requests' arrival times
    asked_at: float | None = (
        None  # someone wants it resident even if nobody waits: operator, preload, pin
    )
    evicts: Evicts = "nobody"  # ... and who may be evicted for that
    foreseen: bool = False  # ... because it was foreseen
    staged_at: float = 0.0  # when its weights were last read ahead
    follows: dict[str, float] = field(default_factory=dict)  # who was asked for after it
    foresight: Foresight = field(default_factory=Foresight)
    due: Turn | None = None  # its key among those to be loaded
    waiting_of: dict[str, int] = field(default_factory=dict)  # by tenant, where they share
    failures: int = 0
    retry_at: float = 0.0
    reason: str = ""  # of the last failure
    evicted_at: float = 0.0
    evicted_for: str = ""
    paid: bool = False  # its next load is charged to somebody already
    last_used_at: float = 0.0
    loads: int = 0
    restored_tokens: int = 0  # of prompts that loads found computed already
    evictions: int = 0
    served: int = 0


class ReplicaRecord(Struct):
    """An expert on a device, from `loading` until its memory is confirmed free."""

    replica: str
    expert: str
    device: str
    generation: int
    phase: Phase
    phase_at: float
    hot: tuple[Part, ...]
    warm: tuple[Part, ...]
    deadline: float = 0.0
    running: int = 0
    computing: int = 0  # of those, how many whose answer has not begun
    loaded_at: float = 0.0
    used_at: float = 0.0
    user: str = ""  # the tenant that used it last
    foreseen: bool = False  # loaded on a hint, and not asked for yet
    doomed_for: str = ""  # the expert whose claim drains it


class Way(Struct, frozen=True):
    """One way to serve a request: seconds from now to its start, its first and its last token.

    `how`: `hot` (at once), `turn` (behind others), `loading` (on a replica that is being loaded),
    `load` (which it would cause), `unavailable`. `wait_s` is the start as the records have it,
    before it is put right by experience.
    """

    expert: str
    how: How
    device: str = ""
    wait_s: float = 0.0
    start_s: float = 0.0
    first_s: float = 0.0
    p90_s: float = 0.0
    last_s: float = 0.0
    reason: str = ""


class RequestRecord(Struct):
    """A request that waits (`replica` empty) or runs."""

    request: str
    expert: str
    since: float
    arrived_at: float
    attempt: int = 0
    prompt_bytes: int = 0
    output_tokens: int = 0
    tenant: str = ""
    priority: Priority = "standard"
    budget: Budget = NO_BUDGET
    fallbacks: tuple[str, ...] = ()
    asked: str = ""  # the expert it named, where a fallback answers
    latest: float = 0.0  # a start after that misses its budget; 0: none
    way: Way | None = None  # how it was expected to be served, ...
    way_at: float = 0.0  # ... when that was looked at,
    considered: tuple[Way, ...] = ()  # ... and what else could have been done
    began_at: float = 0.0  # when its first token came
    prefill_s: float = 0.0  # how long its prompt is expected to take
    turn: Turn = (0, 0.0)  # its key among those that wait for a turn
    tag: float = 0.0  # the virtual time at which its share of the machine begins (see `shares`)
    charged_s: float = 0.0  # what it is expected to cost, as it was charged to its tenant
    replica: str = ""
    generation: int = 0
    loading_s: float = 0.0
    dispatched_at: float = 0.0
    alone: int = 0  # the count of dispatches at its own, where no other prompt was computed then
    begun: bool = False
    prefill_until: float = 0.0  # its prompt counts as being computed until then at most; 0: no more


class Past(Struct, frozen=True):
    """A request that has ended, and what came of it."""

    request: RequestRecord
    outcome: Outcome
    met: bool
    reason: str
    ended_at: float


class Claim(Struct):
    """The promise of a device's next load to an expert, while room is being made for it."""

    expert: str
    device: str
    at: float


def revive(kind: type, value: Any) -> Any:
    """What msgspec needs to read records again: a line of requests is an OrderedDict."""
    assert get_origin(kind) is OrderedDict, kind
    return OrderedDict(value)


class Snapshot(Struct, tag="Snapshot"):
    """Everything a scheduler knows at one moment."""

    at: float
    policy: str
    limits: Limits
    generation: int
    costs: Costs
    devices: list[DeviceRecord]
    experts: list[ExpertRecord]
    replicas: list[ReplicaRecord]
    requests: list[RequestRecord]
    claims: list[Claim]
    tenants: list[TenantRecord] = []
    virtual: float = 0.0
