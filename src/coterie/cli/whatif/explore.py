"""Points of sweeps, simulated: all of them, or as many as a search for the least asks for."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from coterie.cli.simulation import Condition
from coterie.cli.simulation.conditions import OPERATORS
from coterie.cli.whatif.bisect import least
from coterie.cli.whatif.sweeps import Point, Sweep, Value, grid
from coterie.cli.whatif.trials import Trial

MOST_POINTS = 200
FEW_VALUES = 4
"""A dimension with no more of them is not worth a search."""

Run = Callable[[Sequence[Point]], list[Trial]]


class Explored(NamedTuple):
    """Trials in the order of the grid. `along`: the dimension that was searched, empty: all points
    were simulated; `bends`: the lines in which more of it was not always better.
    """

    trials: list[Trial]
    along: str = ""
    bends: tuple[Point, ...] = ()


def searched(sweeps: Sequence[Sweep]) -> Sweep | None:
    """The sweep along which it pays to search: of what can be bought, the one with most values."""
    bought = [one for one in sweeps if one.dimension.is_bought and len(one.values) > FEW_VALUES]
    return max(bought, key=lambda one: len(one.values), default=None)


def all_of(sweeps: Sequence[Sweep], run: Run) -> Explored:
    """Every point of the grid."""
    return Explored(run(grid(sweeps)))


def search(
    sweeps: Sequence[Sweep], along: Sweep, targets: Sequence[Condition], run: Run
) -> Explored:
    """For every combination of the other sweeps, the least value of `along` that meets the targets.
    All lines are looked at side by side.
    """
    lines = grid([one for one in sweeps if one.name != along.name])
    searches = [least(len(along.values)) for _ in lines]
    asked: list[Sequence[int]] = [next(search) for search in searches]
    found: dict[tuple[Value, ...], Trial] = {}
    bends: list[Point] = []
    while any(asked):
        points = [
            {one.name: along.values[place] if one is along else line[one.name] for one in sweeps}
            for line, places in zip(lines, asked, strict=True)
            for place in places
        ]
        trials = run(points)
        found |= {_key(sweeps, one): trial for one, trial in zip(points, trials, strict=True)}
        verdicts = iter([meets(trial, targets) for trial in trials])
        for number, places in enumerate(asked):
            if not places:
                continue
            try:
                asked[number] = searches[number].send({place: next(verdicts) for place in places})
            except StopIteration as end:
                asked[number] = ()
                if not end.value.is_monotone:
                    bends.append(lines[number])
    keys = [_key(sweeps, point) for point in grid(sweeps)]
    return Explored([found[key] for key in keys if key in found], along.name, tuple(bends))


def meets(trial: Trial, targets: Iterable[Condition]) -> bool:
    """Whether all hold; a figure without a value holds to nothing."""
    return not missed(trial, targets)


def missed(trial: Trial, targets: Iterable[Condition]) -> list[Condition]:
    """Those that do not hold."""
    return [one for one in targets if not _holds(one, trial.figures.get(one.name))]


def _holds(target: Condition, value: float | None) -> bool:
    return value is not None and OPERATORS[target.sign](value, target.limit)


def _key(sweeps: Sequence[Sweep], point: Point) -> tuple[Value, ...]:
    return tuple(point[one.name] for one in sweeps)
