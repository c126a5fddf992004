"""What planning came to, for people and as a document."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from coterie.cli.parts import Part
from coterie.cli.recomposition.demand import Observed
from coterie.cli.simulation.figures import NOTHING
from coterie.config import format_duration, format_size
from coterie.planner.recomposition import ExpertForecast, Gain, Options, Recomposition
from coterie.planner.recomposition import Step as Move
from coterie.types import expert_of

MOST_ROWS = 24
TEXT = {"step", "expert", "device", "why", "before", "after", "on"}
TITLES = {"move": "move", "required": "required: what is there cannot stay", "stay": "stay"}


class Answer(Struct, frozen=True):
    """`before`: the replicas that are there now."""

    file: str
    source: str
    observed: Observed
    before: tuple[str, ...]
    options: Options
    found: Recomposition
    notes: Sequence[str]


def document(answer: Answer) -> dict[str, Any]:
    """Plain values: sizes are bytes, times seconds, rates requests a second. `now` and `then` are
    of an hour.
    """
    observed = answer.observed
    return {
        "file": answer.file,
        "source": answer.source,
        "requests": observed.requests,
        "observed_s": observed.end_s,
        "options": answer.options,
        "forecast": observed.forecast,
        "before": answer.before,
        **structs.asdict(answer.found),
        "notes": answer.notes,
    }


def parts(answer: Answer) -> list[Part]:
    """The report, part by part."""
    found = answer.found
    return [
        Part(f"verdict: {TITLES[found.verdict]}", lines=[found.reason]),
        *([_steps(found)] if found.steps else []),
        _replicas(answer),
        _outcome(answer),
        Part("warnings", lines=[f"! {one}" for one in found.warnings] or ["none"]),
        *([Part("notes", lines=list(answer.notes))] if answer.notes else []),
    ]


def _steps(found: Recomposition) -> Part:
    table = [
        [str(place), *_step(one)] for place, one in enumerate(found.steps[:MOST_ROWS], start=1)
    ]
    lines = [
        f"{format_size(found.moved_bytes)} move onto devices, in "
        f"{format_duration(found.gain.load_s)} one after the other"
    ]
    if len(found.steps) > MOST_ROWS:
        lines.append(f"{len(found.steps) - MOST_ROWS} more steps are in --json")
    return Part("steps", ["", "step", "expert", "device", "bytes", "takes", "why"], table, lines)


def _step(one: Move) -> list[str]:
    return [
        one.action,
        one.expert,
        one.device,
        format_size(one.size_bytes),
        format_duration(one.load_s) if one.action == "load" else NOTHING,
        one.reason,
    ]


def _replicas(answer: Answer) -> Part:
    """Experts whose replicas change first, then those that are asked for most."""
    before, after = _devices(answer.before), _devices(answer.found.target)
    ranked = sorted(
        answer.observed.forecast.experts,
        key=lambda one: (before.get(one.expert) == after.get(one.expert), -one.rate, one.expert),
    )
    table = [
        [
            one.expert,
            f"{one.requests:,}",
            _often(one),
            ", ".join(before.get(one.expert, ())) or NOTHING,
            ", ".join(after.get(one.expert, ())) or NOTHING,
        ]
        for one in ranked[:MOST_ROWS]
    ]
    same = set(answer.before) & set(answer.found.target)
    lines = [
        f"{len(answer.before)} replica(s) before and {len(answer.found.target)} after, "
        f"{len(same)} of them where they were"
    ]
    if len(ranked) > MOST_ROWS:
        lines.append(f"{len(ranked) - MOST_ROWS} more experts are in --json")
    return Part(
        "replicas", ["expert", "asked", "expected an hour", "before", "after"], table, lines
    )


def _often(one: ExpertForecast) -> str:
    rate, low, high = (value * 3600.0 for value in (one.rate, one.low, one.high))
    return f"{_count(rate)} ({_count(low)} to {_count(high)})"


def _outcome(answer: Answer) -> Part:
    found, forecast = answer.found, answer.observed.forecast
    now, then = found.now, found.then
    table = [
        ["waited", format_duration(now.waiting_s), format_duration(then.waiting_s)],
        ["loads for requests", _count(now.switches), _count(then.switches)],
        ["refused", _count(now.refused), _count(then.refused)],
    ]
    lines = [_gain(found.gain, forecast.level, forecast.horizon_s)]
    if found.verdict == "stay":
        lines.append("`then` is the best that was considered, and is not done")
    if found.gap_s:
        lines.append(
            "the search was given up: another placement saves "
            f"{format_duration(found.gap_s)} an hour more, at most"
        )
    lines.append(
        f"expected of {answer.observed.requests:,} requests in "
        f"{format_duration(answer.observed.end_s)}; {forecast.remark}"
    )
    return Part("expected in an hour", ["", "now", "then"], table, lines)


def _gain(gain: Gain, level: float, horizon_s: float) -> str:
    return (
        f"gain: {_signed(gain.waiting_s)} of waiting an hour, from {_signed(gain.low_s)} to "
        f"{_signed(gain.high_s)} in {level:.0%} of cases; over {format_duration(horizon_s)} it has "
        f"to be {format_duration(gain.threshold_s)}, which is {gain.confidence:.0%} sure"
    )


def _signed(seconds: float) -> str:
    return f"-{format_duration(-seconds)}" if seconds < 0 else format_duration(seconds)


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or not number else f"{number:.2g}"


def _devices(replicas: Sequence[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for replica in sorted(replicas):
        found.setdefault(expert_of(replica), []).append(replica.rpartition("@")[2])
    return found
