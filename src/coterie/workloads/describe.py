"""What a workload is like, in one pass and in memory that does not grow with it.

Means, counts and shares are exact. Quantiles are exact up to `RESERVOIR` requests and of a uniform
sample beyond; sessions are exact up to `MOST_SESSIONS` and beyond of those whose hash is small.
"""

from collections.abc import Iterable, Sequence
from random import Random

from msgspec import Struct

from coterie.errors import TraceInvalid
from coterie.workloads.popularity import fitted_zipf
from coterie.workloads.report import percentile
from coterie.workloads.requests import Arrival
from coterie.workloads.tallies import Gaps, Reservoir, Series, Sessions, Windows

PERCENTS = (1, 5, 25, 50, 75, 90, 95, 99)
RESERVOIR = 50_000
MOST_NAMES = 100_000
"""Of experts, and of tenants: more of them are no names."""


class Quantities(Struct, frozen=True):
    """A quantity's mean, some of its quantiles, and its largest value."""

    mean: float
    p1: float
    p5: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    p99: float
    max: float


class Share(Struct, frozen=True):
    """Who asked, or was asked, how often; `share` is a part of all requests."""

    name: str
    requests: int
    share: float
    mean_prompt_tokens: float
    mean_output_tokens: float


class Burstiness(Struct, frozen=True):
    """How uneven it is. `cv`: deviation over mean of the gaps between requests, 1 for a Poisson
    process. `peak_to_mean`: the fullest window over the mean one. `dispersion`: variance over mean
    of the requests in a window, 1 for a Poisson process. `distinct_experts`: asked in a window.
    None: too short to say.
    """

    cv: float | None
    window_s: float
    windows: int
    peak_to_mean: float | None
    dispersion: float | None
    mean_distinct_experts: float | None
    most_distinct_experts: int | None


class Conversations(Struct, frozen=True):
    """`sessions` of which there are, with so many `requests` of the trace; `think_s` is from one to
    the next of a session.
    """

    sessions: int
    requests: int
    turns: Quantities
    think_s: Quantities | None
    is_estimate: bool


class Timeline(Struct, frozen=True):
    """Requests in each `bin_s` seconds from the first on, and each expert's, most asked first."""

    bin_s: float
    requests: tuple[int, ...]
    by_expert: dict[str, tuple[int, ...]]


class Description(Struct, frozen=True):
    """A workload in numbers. `rate`: requests a second between the first and the last; None where
    that takes no time. `zipf`: the exponent that is likeliest for the experts' shares.
    """

    requests: int
    begin_s: float
    duration_s: float
    rate: float | None
    burstiness: Burstiness
    prompt_tokens: Quantities
    output_tokens: Quantities
    experts: tuple[Share, ...]
    zipf: float
    tenants: tuple[Share, ...]
    priorities: dict[str, int]
    conversations: Conversations | None
    timeline: Timeline


def described(arrivals: Iterable[Arrival], window_s: float = 60.0) -> Description:
    """What a workload in order of time is like. Raises TraceInvalid where it has no request."""
    gaps, windows, series, sessions = Gaps(), Windows(window_s), Series(), Sessions()
    sample: Reservoir[tuple[int, int]] = Reservoir(RESERVOIR, Random(0))
    experts: dict[str, list[int]] = {}
    tenants: dict[str, list[int]] = {}
    priorities: dict[str, int] = {}
    most = [0, 0]
    for one in arrivals:
        gaps.add(one.at_s)
        windows.add(one.at_s, one.expert)
        series.add(one.at_s, one.expert)
        sample.add((one.prompt_tokens, one.output_tokens))
        _count(experts, one.expert, one)
        if one.tenant:
            _count(tenants, one.tenant, one)
        if one.session:
            sessions.add(one.session, one.at_s)
        priorities[one.priority] = priorities.get(one.priority, 0) + 1
        most = [max(most[0], one.prompt_tokens), max(most[1], one.output_tokens)]
    if not gaps.count:
        raise TraceInvalid("a workload without a request has nothing to describe")
    tokens = [sum(row[place] for row in experts.values()) for place in (1, 2)]
    ranked = _shares(experts, gaps.count)
    return Description(
        requests=gaps.count,
        begin_s=gaps.begin_s,
        duration_s=gaps.duration_s,
        rate=gaps.rate,
        burstiness=_burstiness(gaps, windows),
        prompt_tokens=_quantities([one for one, _ in sample.kept], tokens[0] / gaps.count, most[0]),
        output_tokens=_quantities([two for _, two in sample.kept], tokens[1] / gaps.count, most[1]),
        experts=ranked,
        zipf=fitted_zipf([one.requests for one in ranked]),
        tenants=_shares(tenants, gaps.count),
        priorities=dict(sorted(priorities.items())),
        conversations=_conversations(sessions),
        timeline=Timeline(
            series.bin_s, series.total(), {one.name: series.of(one.name) for one in ranked}
        ),
    )


def _count(names: dict[str, list[int]], name: str, one: Arrival) -> None:
    row = names.get(name)
    if row is None:
        if len(names) == MOST_NAMES:
            raise TraceInvalid(
                f"more than {MOST_NAMES:,} experts or tenants, as {name!r}: is it the right column?"
            )
        row = names[name] = [0, 0, 0]
    row[0] += 1
    row[1] += one.prompt_tokens
    row[2] += one.output_tokens


def _shares(names: dict[str, list[int]], total: int) -> tuple[Share, ...]:
    ranked = sorted(names.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        Share(name, count, count / total, prompt / count, output / count)
        for name, (count, prompt, output) in ranked
    )


def _burstiness(gaps: Gaps, windows: Windows) -> Burstiness:
    windows.close()
    has_windows = windows.count > 1
    return Burstiness(
        cv=gaps.cv,
        window_s=windows.window_s,
        windows=windows.count,
        peak_to_mean=windows.most / windows.mean if has_windows else None,
        dispersion=windows.variance / windows.mean if has_windows else None,
        mean_distinct_experts=windows.distinct / windows.count if windows.count else None,
        most_distinct_experts=windows.most_distinct if windows.count else None,
    )


def _conversations(sessions: Sessions) -> Conversations | None:
    if not sessions.requests:
        return None
    turns, thought_s = sessions.turns(), sessions.think_s.kept
    return Conversations(
        sessions=sessions.estimate,
        requests=sessions.requests,
        turns=_quantities(turns, sum(turns) / len(turns), max(turns)),
        think_s=(
            _quantities(thought_s, sum(thought_s) / len(thought_s), max(thought_s))
            if thought_s
            else None
        ),
        is_estimate=sessions.is_estimate,
    )


def _quantities(values: Sequence[float], mean: float, largest: float) -> Quantities:
    ordered = sorted(values)
    p1, p5, p25, p50, p75, p90, p95, p99 = (percentile(ordered, percent) for percent in PERCENTS)
    return Quantities(mean, p1, p5, p25, p50, p75, p90, p95, p99, largest)
