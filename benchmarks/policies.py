"""Policies on machines that nobody has at hand: 150 experts of eight billion parameters, simulated.

Each trace says when requests come and how long they are; which expert is asked, a Zipf law of
exponent 1 (conversations keep theirs; arena27 names its 27, ServeGen's clients ask for one each).
Rates are scaled so that the machine, answering one request at a time and never switching, would be
busy for a share `load` of the time: batches make more than 1 possible, switches less.

`first-come LRU` is what the SN40L paper describes: requests in the order of their arrival, one at a
time, the least recently used expert makes room. `LRU, batched` runs eight of an expert's at once.
`grouping` adds that those who wait for one expert are answered together, and that a switch must be
worth it; `cost` is the default, without a bound on the replicas that run at the same time, or with
one of 8. `clairvoyant` is told when each expert will be asked next (Belady's rule); `all resident`
has memory for every expert.
"""

import sys
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from benchmarks.tables import Result
from coterie.config import Limits
from coterie.hardware import Card, Profile, catalogue, costs
from coterie.scheduler import Scheduler, policy
from coterie.scheduler import events as on
from coterie.scheduler.estimates import Rhythm
from coterie.simulator import Driver, Outcome, Place, Setup, requests
from coterie.types import Budget
from coterie.workloads import Arrival, is_in_time, percentile, read_trace
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.popularity import Zipf

EXPERTS = tuple(f"expert-{number:03}" for number in range(150))
CARD = (
    Card(  # an 8B model with grouped-query attention: 32 layers, 8 heads of 128 for keys and values
        name="8b",
        weight_bytes=16_060_000_000,
        parameters=8.03e9,
        kv_bytes_per_token=131_072,
        layers=32,
    )
)
CONTEXT, SLOTS = 4096, 8
MOST_PROMPT = 3072
BUDGET = Budget(ttft=2.0, e2e=30.0)
PROFILES = ("sn40l-node8", "dgx-h100-one-link", "dgx-h100", "h200")
LOADS = (0.5, 1.0, 2.0)
PLAIN = "cost-budgets-eviction-flows-hints-learning-order-shares-staging"


class Rule(Struct, frozen=True):
    """A row's name, the policy, and what is otherwise than by default."""

    name: str
    policy: str
    slots: int = SLOTS
    runs: int = 0  # replicas that may run at once; 0: no bound
    sees: bool = False
    has_all: bool = False


RULES = (
    Rule("first-come LRU", "lru", slots=1, runs=1),
    Rule("LRU, batched", "lru"),
    Rule("grouping", PLAIN),
    Rule("cost", "cost"),
    Rule("cost, 8 at once", "cost", runs=8),
    Rule("clairvoyant, 8 at once", "cost", runs=8, sees=True),
    Rule("all resident, 8 at once", "cost", runs=8, has_all=True),
)


class Seen(Rhythm):
    """When an expert will really be asked for, in place of what its rhythm says."""

    arrivals: tuple[float, ...] = ()
    now: float = 0.0

    def observe(self, now: float) -> None:
        self.now = now

    @property
    def next_at(self) -> float:
        place = bisect(self.arrivals, self.now)
        return self.arrivals[place] if place < len(self.arrivals) else 0.0


def run(
    *,
    data: Path,
    profiles: Sequence[str] = PROFILES,
    loads: Sequence[float] = LOADS,
    most: int = 10_000,
    traces: Sequence[str] = ("arena27", "azure", "mooncake", "servegen"),
) -> list[Result]:
    """A table for each profile: a row for each trace, load and policy."""
    found = []
    workloads = {name: TRACES[name](data / "traces", most) for name in traces}
    for name in profiles:
        profile = catalogue.load(name)
        rows = []
        for trace, arrivals in workloads.items():
            for load in loads:
                scaled = at_load(arrivals, profile, load)
                rows += [row(profile, rule, trace, load, scaled) for rule in RULES]
                _tell(name, rows[-len(RULES) :])
        found.append(Result("policies", f"{name}: {profile.about}", rows, notes(profile)))
    return found


def notes(profile: Profile) -> tuple[str, ...]:
    figures = costs.figures(profile, CARD, context=CONTEXT, slots=SLOTS)
    size = sum(part.size_bytes for part in figures.parts)
    load_s = CARD.weight_bytes / costs.link_rate(profile)
    return (
        f"{profile.tiers.hot.bytes // size} experts fit (each {size / 1e9:.1f} GB with the caches "
        f"of {SLOTS} slots of {CONTEXT} tokens); a load takes {load_s:.3f} s, a prompt "
        f"{figures.prompt_pace:,.0f} tokens/s, an answer {figures.output_pace:.0f} tokens/s",
        f"in time: first token within {BUDGET.ttft:g} s and the last within {BUDGET.e2e:g} s; of "
        "all that were sent",
    )


def row(
    profile: Profile, rule: Rule, trace: str, load: float, arrivals: Sequence[Arrival]
) -> dict[str, Any]:
    """What became of a trace."""
    setup = setup_of(profile, rule)
    outcome = outcome_of(setup, rule, arrivals)
    answers = outcome.answers
    firsts = [answer.first_s for answer in answers if answer.first_s is not None]
    kept = sum(answer.is_good and is_in_time(answer, BUDGET) for answer in answers)
    span_s = max(outcome.end_s, arrivals[-1].at_s)
    return {
        "trace": trace,
        "load": load,
        "policy": rule.name,
        "sent": len(answers),
        "in time %": 100.0 * kept / len(answers),
        "goodput/s": kept / span_s,
        "refused": sum(not answer.is_good for answer in answers),
        "p50 s": percentile(firsts, 50),
        "p95 s": percentile(firsts, 95),
        "switches/h": outcome.loads / span_s * 3600.0,
        "busy %": 100.0 * sum(outcome.busy_s.values()) / span_s,
    }


def setup_of(profile: Profile, rule: Rule) -> Setup:
    """One node with one device, which is the whole of the profile."""
    one = costs.figures(profile, CARD, context=CONTEXT, slots=SLOTS)
    figures = {
        name: structs.replace(
            one,
            parts=tuple(
                structs.replace(part, digest=f"{name}:{part.digest}") for part in one.parts
            ),
        )
        for name in EXPERTS
    }
    size = sum(part.size_bytes for part in one.parts)
    hot = size * len(EXPERTS) if rule.has_all else profile.tiers.hot.bytes
    device = on.DeviceJoined(
        0.0,
        "node/device",
        "node",
        hot,
        parallel_loads=2,
        parallel_runs=rule.runs,
    )
    ids = {device.device: device.device}
    return Setup(
        rule.policy,
        Limits(queue=10**6, queue_per_expert=10**6, wait=600.0),
        (device,),
        tuple(on.Declared(0.0, name, slots=rule.slots, preload=rule.has_all) for name in EXPERTS),
        {profile.name: figures},
        {device.device: 1.0},
        ids,
        {device.device: profile.name},
        (Place("node", link=costs.link_rate(profile), host_bytes=0),),
    )


def outcome_of(setup: Setup, rule: Rule, arrivals: Sequence[Arrival]) -> Outcome:
    scheduler = Scheduler(policy(setup.policy), setup.limits)
    driver = Driver(scheduler, setup)
    if rule.sees:
        when: dict[str, list[float]] = {name: [] for name in EXPERTS}
        for arrival in arrivals:
            when[arrival.expert].append(arrival.at_s + driver.begin)
        for name, record in scheduler._world.experts.items():
            record.rhythm = Seen(arrivals=tuple(when[name]))
    return driver.run(requests(arrivals, BUDGET))


def at_load(arrivals: Sequence[Arrival], profile: Profile, load: float) -> list[Arrival]:
    """The same, so dense that they would keep the machine busy for that share of the time."""
    figures = costs.figures(profile, CARD, context=CONTEXT, slots=SLOTS)
    work_s = sum(
        figures.prompt_work(arrival.prompt_tokens, is_first=False)
        + figures.output_work(arrival.output_tokens)
        for arrival in arrivals
    )
    stretch = work_s / load / (arrivals[-1].at_s - arrivals[0].at_s)
    begin = arrivals[0].at_s
    return [structs.replace(one, at_s=(one.at_s - begin) * stretch) for one in arrivals]


# -- traces ----------------------------------------------------------------------------------------


def arena27(folder: Path, most: int) -> list[Arrival]:
    found = read_trace(folder / "arena27" / "requests.csv.gz")
    return _named([_cut(one) for one in found[:most]], lambda one: one.expert)


def azure(folder: Path, most: int) -> list[Arrival]:
    options = TraceOptions(experts=EXPERTS, popularity=Zipf(1.0))
    path = folder / "azure_llm_2023" / "AzureLLMInferenceTrace_conv.csv.gz"
    return [_cut(one) for one in read_trace(path, options)[:most]]


def mooncake(folder: Path, most: int) -> list[Arrival]:
    options = TraceOptions(experts=EXPERTS, popularity=Zipf(1.0))
    path = folder / "mooncake_fast25" / "conversation_trace.jsonl.gz"
    return [_cut(one) for one in read_trace(path, options)[:most]]


def servegen(folder: Path, most: int) -> list[Arrival]:
    options = TraceOptions(experts=EXPERTS, begin_s=43200.0, end_s=46800.0)
    found = read_trace(folder / "servegen" / "m-large_rates.csv.gz", options)
    return _named([_cut(one) for one in islice(found, most)], lambda one: one.tenant)


TRACES: dict[str, Callable[[Path, int], list[Arrival]]] = {
    "arena27": arena27,
    "azure": azure,
    "mooncake": mooncake,
    "servegen": servegen,
}


def _named(arrivals: list[Arrival], key: Callable[[Arrival], str]) -> list[Arrival]:
    """Each name of the trace stands for one of our experts, in order of its first request."""
    names: dict[str, str] = {}
    for one in arrivals:
        names.setdefault(key(one), EXPERTS[len(names) % len(EXPERTS)])
    return [structs.replace(one, expert=names[key(one)], tenant="") for one in arrivals]


def _cut(one: Arrival) -> Arrival:
    """Within the context of a slot."""
    prompt = min(one.prompt_tokens, MOST_PROMPT)
    output = max(1, min(one.output_tokens, CONTEXT - prompt))
    return structs.replace(one, prompt_tokens=prompt, output_tokens=output)


def _tell(profile: str, rows: Sequence[dict[str, Any]]) -> None:
    for one in rows:
        said = "  ".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in one.items()
        )
        print(f"{profile}  {said}", file=sys.stderr)
