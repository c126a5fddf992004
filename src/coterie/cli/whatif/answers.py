"""The cheapest set-up that meets the targets, by how much, and what the next cheaper misses.

A load or a profile is not for the operator to choose: there is an answer for each of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from coterie.cli.simulation import Condition
from coterie.cli.simulation.conditions import OPERATORS
from coterie.cli.simulation.figures import FIGURES, percent, spelt
from coterie.cli.whatif.explore import meets, missed
from coterie.cli.whatif.sweeps import DIMENSIONS, Point, Sweep, Value, named
from coterie.cli.whatif.trials import Trial

ANSWERED = Condition("answered_share", ">=", 0.99)
"""What is wanted of every set-up, unless a target speaks of who is answered: times to the first
token are those of answers, so that one which refuses most requests would have the best.
"""
SPEAKS_OF_ANSWERS = {
    "answered",
    "answered_share",
    "refused",
    "refused_share",
    "failed",
    "failed_share",
    "attainment",
    "goodput",
}


class Answer(NamedTuple):
    """`best` is the cheapest that meets all targets, `cheaper` the dearest of those that cost less,
    all of which miss one. Without a `best`, `cheaper` is the one that comes nearest.

    `relapse` differs from the best in what is bought alone, costs more, and misses: so near to the
    target, chance decides. From `steady` on, that is not so any more.
    """

    case: Point
    best: Trial | None
    cheaper: Trial | None
    relapse: Trial | None = None
    steady: Trial | None = None


def with_answers(targets: Sequence[Condition]) -> list[Condition]:
    """The targets, and that requests are to be answered where none of them says so."""
    spoken = any(target.name in SPEAKS_OF_ANSWERS for target in targets)
    return [*targets] if spoken or not targets else [*targets, ANSWERED]


def answers(
    trials: Sequence[Trial], sweeps: Sequence[Sweep], targets: Sequence[Condition]
) -> list[Answer]:
    """One for each combination of loads and profiles, in the order of the grid."""
    given = [one.name for one in sweeps if one.dimension.is_given]
    cases: dict[tuple[Value, ...], list[Trial]] = {}
    for trial in trials:
        cases.setdefault(tuple(trial.point[name] for name in given), []).append(trial)
    return [
        _answer(dict(zip(given, values, strict=True)), own, targets)
        for values, own in cases.items()
    ]


def lines(answer: Answer, targets: Sequence[Condition]) -> list[str]:
    """The answer in sentences."""
    case = f"at {_spelt(answer.case)}, " if answer.case else ""
    best, cheaper = answer.best, answer.cheaper
    if best is None:
        said = [f"{case}no set-up that was tried meets {_all(targets)}"]
        if cheaper is not None:
            said.append(f"  the nearest is {_whom(cheaper)}: {_misses(cheaper, targets)}")
        return said
    said = [f"{case}the cheapest that will do is {_whom(best)}"]
    said += [f"  {_margin(best, target)}" for target in targets]
    said += [f"  but {note}" for note in best.notes]
    if answer.relapse is not None:
        steady = "" if answer.steady is None else f"; from {_whom(answer.steady)} on, all meet it"
        said.append(
            f"  but {_whom(answer.relapse)}, which costs more, misses: so near to the target, "
            f"chance decides{steady}"
        )
    if cheaper is None:
        said.append("  nothing cheaper was tried")
    else:
        said.append(f"  the next cheaper, {_whom(cheaper)}, will not: {_misses(cheaper, targets)}")
    return said


def spare(value: float, target: Condition) -> float | None:
    """By which part of its limit a target is met, below 0 if it is missed; None: the limit is 0."""
    if not target.limit:
        return None
    part = (target.limit - value) / target.limit
    return part if target.sign in ("<", "<=") else -part


def _answer(case: Point, trials: Sequence[Trial], targets: Sequence[Condition]) -> Answer:
    good = [trial for trial in trials if meets(trial, targets)]
    if not good:
        tried = [trial for trial in trials if trial.figures]
        nearest = max(tried, key=lambda trial: _worst(trial, targets), default=None)
        return Answer(case, None, nearest)
    best = min(good, key=lambda trial: (trial.cost, [-one for one in _spares(trial, targets)]))
    below = [trial for trial in trials if trial.cost < best.cost]
    # Of those that cost the same, the one that comes nearest.
    cheaper = max(below, key=lambda trial: (trial.cost, _worst(trial, targets)), default=None)
    return Answer(case, best, cheaper, *_relapse(best, trials, targets))


def _relapse(
    best: Trial, trials: Sequence[Trial], targets: Sequence[Condition]
) -> tuple[Trial | None, Trial | None]:
    """The first that costs more and misses, and from where on none does."""
    line = [one for one in trials if _rest(one) == _rest(best) and one.cost > best.cost]
    line.sort(key=lambda one: one.cost)
    missing = [place for place, one in enumerate(line) if not meets(one, targets)]
    if not missing:
        return None, None
    after = missing[-1] + 1
    return line[missing[0]], line[after] if after < len(line) else None


def _rest(trial: Trial) -> list[tuple[str, Value]]:
    """Where it is besides what is bought."""
    return [one for one in trial.point.items() if not DIMENSIONS[one[0]].is_bought]


def _worst(trial: Trial, targets: Sequence[Condition]) -> float:
    """Of all targets, the least that is to spare."""
    return min(_spares(trial, targets), default=0.0)


def _spares(trial: Trial, targets: Sequence[Condition]) -> list[float]:
    """What is to spare of each target; without bound below where that cannot be said."""
    parts = []
    for target in targets:
        value = trial.figures.get(target.name)
        part = None if value is None else spare(value, target)
        is_held = value is not None and OPERATORS[target.sign](value, target.limit)
        parts.append((0.0 if is_held else -float("inf")) if part is None else part)
    return parts


def _whom(trial: Trial) -> str:
    chosen = {name: one for name, one in trial.point.items() if not DIMENSIONS[name].is_given}
    return f"{named(chosen)} ({trial.cost})"


def _spelt(case: Point) -> str:
    return named(case)


def _all(targets: Sequence[Condition]) -> str:
    return " and ".join(f"`{target}`" for target in targets)


def _margin(trial: Trial, target: Condition) -> str:
    value = trial.figures[target.name]
    assert value is not None
    said = f"{target.name} is {spelt(FIGURES[target.name].unit, value)}, for `{target}`"
    if FIGURES[target.name].unit == "share":
        return f"{said}: {abs(value - target.limit) * 100:.1f} points to spare"
    part = spare(value, target)
    return said if part is None else f"{said}: {percent(abs(part))} to spare"


def _misses(trial: Trial, targets: Sequence[Condition]) -> str:
    if trial.wrong:
        return trial.wrong
    said = []
    for target in missed(trial, targets):
        value = trial.figures[target.name]
        shown = "unknown" if value is None else spelt(FIGURES[target.name].unit, value)
        said.append(f"{target.name} is {shown}, not {target.sign} {_limit(target)}")
    return ", ".join(said)


def _limit(target: Condition) -> str:
    return spelt(FIGURES[target.name].unit, target.limit)
