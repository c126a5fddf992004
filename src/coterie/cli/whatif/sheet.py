"""What a sweep came to, as a table and as a document: a row for each point."""

from collections.abc import Sequence
from typing import Any

from coterie.cli.simulation import Condition
from coterie.cli.simulation.figures import FIGURES, spelt
from coterie.cli.whatif.answers import Answer
from coterie.cli.whatif.explore import Explored, meets, missed
from coterie.cli.whatif.sweeps import DIMENSIONS, Sweep
from coterie.cli.whatif.sweeps import spelt as spelt_value
from coterie.cli.whatif.trials import Trial
from coterie.config import nearest
from coterie.errors import BadRequest

USUAL = (
    "answered_share",
    "attainment",
    "goodput",
    "p50_ttft",
    "p95_ttft",
    "switches_per_hour",
    "moved_bytes_per_hour",
    "peak_utilisation",
)
DRAWN = "p95_ttft"
WORDS = {
    "answered_share": "answered: of all requests, those that were neither refused nor failed",
    "attainment": "within budget: of the requests with a latency budget, those that kept it",
    "goodput": "goodput: answers a second that broke no budget",
    "ttft": "first token: from a request's arrival to its first token, of answered requests",
    "e2e": "end to end: from a request's arrival to its last token, of answered requests",
    "tpot": "each token: time for each token after the first",
    "hit_rate": "found hot: of all requests, those whose expert was in hot memory when they came",
    "switches_per_hour": "switches: loads for which another expert was evicted",
    "moved_bytes_per_hour": "moved to devices: weights copied into hot memory",
    "peak_utilisation": "busiest machine: the share of its time in which it computed; near 100 % "
    "there is nothing to spare, and queues grow",
    "peak_hot_share": "memory used, most: of a device's hot memory; what replicas share counts for "
    "each, so it can be above 100 %",
}


def metrics_of(texts: Sequence[str]) -> list[str]:
    """The figures that are wanted, by `--metric`. Raises BadRequest."""
    names = [name.strip() for text in texts for name in text.split(",")]
    for name in names:
        if name not in FIGURES:
            hint = nearest(name, list(FIGURES)) or f"; there are {', '.join(FIGURES)}"
            raise BadRequest(f"`--metric`: no figure is called {name[:60]!r}{hint}", "metric")
    return list(dict.fromkeys(names))


def first(targets: Sequence[Condition], wanted: Sequence[str]) -> str:
    """The figure that is drawn, if but one is."""
    names = [target.name for target in targets] + list(wanted)
    return names[0] if names else DRAWN


def shown(
    trials: Sequence[Trial], wanted: Sequence[str], targets: Sequence[Condition]
) -> list[str]:
    """The figures of a table: those of targets, and those that are wanted; else the usual ones that
    any trial has.
    """
    names = [target.name for target in targets] + list(wanted or USUAL)
    return [
        name
        for name in dict.fromkeys(names)
        if name in wanted or any(trial.figures.get(name) is not None for trial in trials)
    ]


def table(
    explored: Explored, sweeps: Sequence[Sweep], names: Sequence[str], targets: Sequence[Condition]
) -> tuple[list[str], list[list[str]]]:
    """Columns and rows. What is impossible has no figures."""
    columns = [*(one.name for one in sweeps), *(FIGURES[name].title for name in names)]
    rows = []
    for trial in explored.trials:
        row = [spelt_value(one.name, trial.point[one.name]) for one in sweeps]
        row += [_figure(trial, name) for name in names]
        if targets:
            row.append(_verdict(trial, targets))
        rows.append(row)
    return ([*columns, "target"] if targets else columns), rows


def legend(names: Sequence[str]) -> list[str]:
    """What the figures of a table mean."""
    found = [WORDS.get(name) or WORDS.get(name.rpartition("_")[2], "") for name in names]
    return [line for line in dict.fromkeys(found) if line]


def document(
    explored: Explored,
    sweeps: Sequence[Sweep],
    targets: Sequence[Condition],
    found: Sequence[Answer],
) -> dict[str, Any]:
    """Plain values: sizes are bytes, times seconds, shares from 0 to 1, unknowns null."""
    return {
        "sweeps": {one.name: list(one.values) for one in sweeps},
        "targets": [str(target) for target in targets],
        "searched_along": explored.along or None,
        "not_monotone": [dict(point) for point in explored.bends],
        "points": [_trial(trial, targets) for trial in explored.trials],
        "answers": [
            {
                "case": dict(answer.case),
                "cheapest": _trial(answer.best, targets),
                "next_cheaper" if answer.best else "nearest": _trial(answer.cheaper, targets),
                "relapse": _trial(answer.relapse, targets),
                "steady_from": _trial(answer.steady, targets),
            }
            for answer in found
        ],
    }


def _trial(trial: Trial | None, targets: Sequence[Condition]) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        "point": dict(trial.point),
        "cost": trial.cost._asdict() | {"hour": trial.cost.hour or None},
        "figures": trial.figures or None,
        "impossible": trial.wrong or None,
        "met": meets(trial, targets) if targets else None,
        "missed": [str(target) for target in missed(trial, targets)],
        "notes": list(trial.notes),
    }


def _figure(trial: Trial, name: str) -> str:
    return spelt(FIGURES[name].unit, trial.figures.get(name))


def _verdict(trial: Trial, targets: Sequence[Condition]) -> str:
    if trial.wrong:
        return "impossible"
    return "met" if meets(trial, targets) else "missed"


def is_text(column: str) -> bool:
    """Whether a column is of words rather than of numbers."""
    return column == "target" or (
        column in DIMENSIONS and DIMENSIONS[column].unit in ("policy", "profile")
    )
