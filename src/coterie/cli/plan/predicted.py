"""The same requests before and after: what would change for those who ask, and for the machines."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct, structs

from coterie.cli.plan.here import Here
from coterie.cli.simulation import Condition, Variant, document
from coterie.cli.simulation.conditions import met
from coterie.cli.simulation.figures import FIGURES, percent, spelt
from coterie.cli.simulation.modelled import Modelled
from coterie.cli.simulation.runs import running
from coterie.cli.simulation.workload import Wanted, workload
from coterie.config import Composition
from coterie.scheduler import events as on
from coterie.simulator.driver import NO_FAULTS
from coterie.simulator.metrics import flat

BEFORE, AFTER = "before", "after"
SHOWN = (
    "answered_share",
    "attainment",
    "goodput",
    "p50_ttft",
    "p95_ttft",
    "p99_ttft",
    "p50_e2e",
    "p95_e2e",
    "p99_e2e",
    "hit_rate",
    "switches_per_hour",
    "moved_bytes_per_hour",
    "read_bytes_per_hour",
    "mean_queue",
    "peak_utilisation",
)
SAME = 0.005  # a difference that is none


class Predicted(Struct, frozen=True):
    """`before` is None where there is nothing to compare with."""

    requests: list[on.Arrived]
    before: Variant | None
    after: Variant
    notes: tuple[str, ...]

    @property
    def variants(self) -> list[Variant]:
        return [one for one in (self.before, self.after) if one is not None]


class Row(NamedTuple):
    """A figure; `change` says by how much it differs, and whether that is better."""

    title: str
    before: str
    after: str
    change: str


class Verdict(Struct, frozen=True):
    """A condition that a pipeline fails on, and whether it holds after the change."""

    condition: str
    value: float | None
    holds: bool


def predicted(after: Modelled, before: Here | None, wanted: Wanted) -> Predicted:
    """Both, under the same requests. Raises BadRequest and TraceInvalid, as `workload` does."""
    asked = workload(_asked(after.composition, before, wanted), wanted)
    notes = list(asked.notes)
    with running() as run:
        first = None
        if before is not None:
            first = run(BEFORE, before.found.setup, asked.requests, NO_FAULTS)
            unknown = first.metrics.problems.get("model_not_found", 0)
            if unknown:
                notes.append(
                    f"before, {unknown:,} requests ask experts that are not there, and are refused"
                )
        then = run(AFTER, after.setup, asked.requests, NO_FAULTS)
    return Predicted(asked.requests, first, then, tuple(notes))


def verdicts(found: Predicted, conditions: Sequence[Condition]) -> list[Verdict]:
    """What holds after the change. Raises BadRequest where it cannot be told."""
    figures = flat(found.after.metrics)
    return [Verdict(str(one), figures[one.name], met(one, figures)) for one in conditions]


def rows(found: Predicted) -> list[Row]:
    """The figures that any of both has."""
    after = flat(found.after.metrics)
    before = flat(found.before.metrics) if found.before is not None else dict.fromkeys(after)
    return [
        Row(
            FIGURES[name].title,
            spelt(FIGURES[name].unit, before[name]),
            spelt(FIGURES[name].unit, after[name]),
            _change(name, before[name], after[name]),
        )
        for name in SHOWN
        if before[name] is not None or after[name] is not None
    ]


def as_document(found: Predicted) -> dict[str, Any]:
    """Plain values for JSON; an object for each of both, as `coterie simulate` has it."""
    return {
        "requests": len(found.requests),
        BEFORE: document([found.before])[0] if found.before is not None else None,
        AFTER: document([found.after])[0],
    }


def _asked(after: Composition, before: Here | None, wanted: Wanted) -> Composition:
    """Whom requests may ask: a trace may also name those who are to be removed."""
    if before is None or wanted.trace is None or wanted.mapping == "by-rank":
        return after
    known = {name for one in after.experts for name in (one.name, *one.aliases)}
    removed = tuple(
        structs.replace(one, aliases=tuple(name for name in one.aliases if name not in known))
        for one in before.found.composition.experts
        if one.name not in known
    )
    return structs.replace(after, experts=(*after.experts, *removed))


def _change(name: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    size = max(abs(before), abs(after))
    if abs(after - before) <= SAME * size:
        return "the same"
    better = FIGURES[name].better
    verdict = ""
    if better:
        verdict = ", better" if (after > before) == (better == "more") else ", worse"
    if FIGURES[name].unit == "share":
        return f"{(after - before) * 100:+.1f} points{verdict}"
    if not before:
        return f"from none{verdict}"
    times = after / before
    return f"{times:.1f} times{verdict}" if times >= 2 else f"{_signed(times - 1)}{verdict}"


def _signed(part: float) -> str:
    return f"{'+' if part > 0 else '-'}{percent(abs(part))}"
