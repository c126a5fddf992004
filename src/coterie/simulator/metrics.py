"""A simulation in numbers: what its clients saw, and what that took of the machines.

Rates are over the whole time, from the beginning to the last answer. What cannot be said is None: a
percentile of no answers, the attainment of no budgets, a rate over no time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from coterie.scheduler import events as on
from coterie.simulator.outcome import Outcome, Residence
from coterie.simulator.residency import (
    Occupancy,
    Return,
    hot_spans,
    length_s,
    occupancies,
    returns,
)
from coterie.simulator.setup import Setup
from coterie.simulator.tallies import REFUSALS, Tallies, Tally, tallied
from coterie.workloads import percentile

HOUR_S = 3600.0
MOST_CHASES = 20  # pairs that are listed


class Spread(Struct, frozen=True):
    """How a duration is spread, in seconds. Percentiles are linear between neighbours."""

    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class ExpertMetrics(Struct, frozen=True):
    """Requests that asked for one expert. `hot_share`: of the time, when it could answer at once
    somewhere.
    """

    expert: str
    requests: int
    answered: int
    attainment: float | None
    ttft: Spread | None
    loads: int
    hot_share: float | None


class TenantMetrics(Struct, frozen=True):
    """One tenant's requests."""

    tenant: str
    requests: int
    answered: int
    attainment: float | None
    ttft: Spread | None


class MachineMetrics(Struct, frozen=True):
    """What computed: `busy_s` are core-seconds, `utilisation` is their share of all there were."""

    machine: str
    cores: float
    busy_s: float
    utilisation: float | None


class Metrics(Struct, frozen=True):
    """All of it. `ttft` is to the first token, `e2e` to the last, `tpot` for each between: of good
    answers alone, in seconds. `attainment`: of the requests with a latency budget, how many kept
    it; `goodput_rps`: answers a second that broke none. `hit_rate`: of the requests, how many found
    their expert hot. A switch is a load for which another expert was evicted; `returns` are loads
    of what had been evicted less than a minute before. `waiting` counts requests, over time.
    """

    duration_s: float
    requests: int
    answered: int
    refused: int
    failed: int
    problems: dict[str, int]  # refusals and failures, by code
    attainment: float | None
    throughput_rps: float | None
    goodput_rps: float | None
    output_tokens_per_s: float | None
    ttft: Spread | None
    e2e: Spread | None
    tpot: Spread | None
    hit_rate: float | None
    loads: int
    switches: int
    evictions: int
    returns: int
    moved_bytes: int
    read_bytes: int
    mean_waiting: float | None
    max_waiting: int | None
    faults: int
    experts: list[ExpertMetrics]
    tenants: list[TenantMetrics]
    devices: list[Occupancy]
    machines: list[MachineMetrics]
    chases: list[Return]


def metrics(setup: Setup, requests: Sequence[on.Arrived], outcome: Outcome) -> Metrics:
    """The numbers of a simulation. Answers are in the order of the requests.

    One pass over the answers, and each list of times is sorted once: O(n log n).
    """
    end_s, stays = outcome.end_s, outcome.residences
    hot = hot_spans(stays)
    seen = tallied(requests, outcome.answers, hot)
    hot_bytes = {device.device: device.hot_bytes for device in setup.devices}
    devices = occupancies(hot_bytes, stays, end_s)
    chases = returns(stays)
    answered = len(seen.totals)
    refused = sum(seen.problems[code] for code in REFUSALS)
    bounded = sum(tally.bounded for tally in seen.experts.values())
    kept = sum(tally.kept for tally in seen.experts.values())
    firsts = [first_s for tally in seen.experts.values() for first_s in tally.firsts]
    return Metrics(
        duration_s=end_s,
        requests=len(requests),
        answered=answered,
        refused=refused,
        failed=len(requests) - answered - refused,
        problems=dict(sorted(seen.problems.items())),
        attainment=kept / bounded if bounded else None,
        throughput_rps=_share(answered, end_s),
        goodput_rps=_share(seen.good, end_s),
        output_tokens_per_s=_share(seen.output_tokens, end_s),
        ttft=_spread(sorted(firsts)),
        e2e=_spread(seen.totals),
        tpot=_spread(seen.per_token),
        hit_rate=seen.hits / len(requests) if requests else None,
        loads=len(stays),
        switches=sum(device.switches for device in devices),
        evictions=sum(device.evictions for device in devices),
        returns=sum(chase.times for chase in chases),
        moved_bytes=outcome.moved_bytes,
        read_bytes=outcome.read_bytes,
        mean_waiting=None if outcome.waited_s is None else _share(outcome.waited_s, end_s),
        max_waiting=max((moment.waiting for moment in outcome.queue), default=None),
        faults=len(outcome.faults),
        experts=_experts(setup, seen, stays, hot, end_s),
        tenants=[
            TenantMetrics(name, tally.requests, tally.answered, tally.attainment, _times(tally))
            for name, tally in sorted(seen.tenants.items())
        ],
        devices=devices,
        machines=_machines(setup, outcome),
        chases=chases[:MOST_CHASES],
    )


def flat(found: Metrics) -> dict[str, float | None]:
    """The numbers of the whole by stable names, such as `p95_ttft` and `switches_per_hour`. Times
    are seconds, shares from 0 to 1; None: there is nothing to say it of.
    """
    hours = found.duration_s / HOUR_S
    counts = {
        name: getattr(found, name) for name in ("loads", "switches", "evictions", "returns")
    } | {"moved_bytes": found.moved_bytes, "read_bytes": found.read_bytes}
    busy = [one.utilisation for one in found.machines if one.utilisation is not None]
    cores = sum(one.cores for one in found.machines)
    core_s = sum(one.busy_s for one in found.machines)
    return {
        "duration": found.duration_s,
        "requests": found.requests,
        "answered": found.answered,
        "refused": found.refused,
        "failed": found.failed,
        "answered_share": _share(found.answered, found.requests),
        "refused_share": _share(found.refused, found.requests),
        "failed_share": _share(found.failed, found.requests),
        "attainment": found.attainment,
        "goodput": found.goodput_rps,
        "throughput": found.throughput_rps,
        "output_tokens_per_s": found.output_tokens_per_s,
        **{
            f"{name}_{times}": None if spread is None else getattr(spread, name)
            for times, spread in (("ttft", found.ttft), ("e2e", found.e2e), ("tpot", found.tpot))
            for name in Spread.__struct_fields__
        },
        "hit_rate": found.hit_rate,
        **counts,
        **{f"{name}_per_hour": _share(count, hours) for name, count in counts.items()},
        "mean_queue": found.mean_waiting,
        "max_queue": found.max_waiting,
        "utilisation": _share(core_s, cores * found.duration_s),
        "peak_utilisation": max(busy, default=None),
        "mean_hot_share": _share(
            sum(one.mean_bytes for one in found.devices if one.hot_bytes),
            sum(one.hot_bytes for one in found.devices),
        ),
        "peak_hot_share": max(
            (one.peak_share for one in found.devices if one.peak_share is not None), default=None
        ),
        "faults": found.faults,
    }


def _experts(
    setup: Setup,
    seen: Tallies,
    stays: Sequence[Residence],
    hot: Mapping[str, Sequence[tuple[float, float]]],
    end_s: float,
) -> list[ExpertMetrics]:
    loads = Counter(stay.expert for stay in stays)
    names = {one.expert for one in setup.experts} | seen.experts.keys() | loads.keys()
    nobody = Tally()
    rows = []
    for name in sorted(names):
        tally = seen.experts.get(name, nobody)
        rows.append(
            ExpertMetrics(
                expert=name,
                requests=tally.requests,
                answered=tally.answered,
                attainment=tally.attainment,
                ttft=_times(tally),
                loads=loads[name],
                hot_share=_share(length_s(hot.get(name, ()), end_s), end_s),
            )
        )
    return rows


def _machines(setup: Setup, outcome: Outcome) -> list[MachineMetrics]:
    rows = []
    for name, cores in setup.cores.items():
        busy_s = outcome.busy_s.get(name, 0.0)
        rows.append(MachineMetrics(name, cores, busy_s, _share(busy_s, cores * outcome.end_s)))
    return rows


def _times(tally: Tally) -> Spread | None:
    return _spread(tally.firsts)


def _spread(ordered: Sequence[float]) -> Spread | None:
    if not ordered:
        return None
    return Spread(*(percentile(ordered, percent) for percent in (50, 90, 95, 99, 100)))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
