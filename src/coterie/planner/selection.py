"""The choice of most value within the bounds, as a mixed-integer linear program, solved by HiGHS.

After the composition-of-experts paper (arXiv 2412.01868): assign each category to an expert so that
the expected score is highest and the bytes of all assigned experts fit. Of choices whose values
differ by no more than `TIE`, the one of fewest bytes, then fewest resident bytes, then the names
that come first. What HiGHS finds within its tolerances is checked in whole bytes and exact values,
and cut off where it does not hold.

The variables, for m experts and K categories: x (m, chosen), a (K x m, share of a category that an
expert answers), and with a bound on hot memory r (m, resident), u (K x m, share that is answered by
an expert that is not resident) and s (the largest expert that is not resident).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from coterie.errors import PlanImpossible
from coterie.planner.problem import Choice, Plan, Problem, check_possible, fits, plan_of, worth

TIE = 1e-7
NODES = 10_000
"""Nodes of a search tree at most; a bound in time would make the plan hang on the machine."""

_SCALE = 1e4
"""HiGHS stops at an absolute gap of 1e-6 and forgives rows as much: values are so much larger."""
_BYTES = 1e6
"""For the same reason, of rows in bytes: the largest expert has so many."""
_INFEASIBLE = 2


class _Row(NamedTuple):
    """least <= coefficients @ variables <= most."""

    columns: tuple[int, ...]
    values: tuple[float, ...]
    least: float
    most: float


class _Found(NamedTuple):
    choice: Choice
    bound: float


def select(problem: Problem, nodes: int = NODES) -> Plan:
    """The best plan; its value is highest to within `TIE`, or within its `gap` if HiGHS gave up.

    Raises PlanImpossible if nothing fits, or nothing was found.
    """
    ordered = problem.ordered()
    check_possible(ordered)
    program = _Program(ordered, nodes)
    first = program.best(-_SCALE * program.worths, {})
    if first is None:
        raise PlanImpossible(
            f"no choice was found in {nodes} steps of the search: give fewer experts to choose "
            "from, or fewer categories"
        )
    value = worth(ordered, first.choice)
    gap = max(0.0, -first.bound / _SCALE - value)
    choice = _tidied(program, first.choice, value)
    return plan_of(ordered, choice, gap if gap > TIE else 0.0)


def _tidied(program: "_Program", choice: Choice, value: float) -> Choice:
    """Of the choices that are worth as much: fewest bytes, fewest resident bytes, first names."""
    sizes = program.problem.sizes
    rows = {"value": _row(program.worths * _SCALE, (value - TIE) * _SCALE, np.inf)}
    program.least_value = value - TIE
    for tier, columns in enumerate(program.tiers):
        costs = np.zeros(program.width)
        costs[list(columns)] = _BYTES * (np.array(sizes) / max(sizes))
        found = program.best(costs, rows)
        if found is not None and _bytes(sizes, found.choice, tier) <= _bytes(sizes, choice, tier):
            choice = found.choice
        program.most_bytes[tier] = _bytes(sizes, choice, tier)
        rows[f"bytes {tier}"] = _row(costs, 0.0, _BYTES * (program.most_bytes[tier] / max(sizes)))
    return _first_named(program, choice, rows)


def _first_named(program: "_Program", choice: Choice, rows: dict[str, _Row]) -> Choice:
    """One question where there is but one such choice; else one for each name that is not in it."""
    still = np.zeros(program.width)
    if program.best(still, rows | {"other": program.cut(choice)}) is None:
        return choice
    names = [one.name for one in program.problem.candidates]
    by_name = sorted(range(len(names)), key=lambda j: names[j])
    for tier, columns in enumerate(program.tiers):
        for j in by_name:
            column = columns[j]
            if j not in choice[tier]:
                before = program.low[column]
                program.low[column] = min(1.0, program.high[column])
                found = program.best(still, rows) if program.high[column] else None
                program.low[column] = before
                if found is None:
                    program.high[column] = 0.0
                    continue
                choice = found.choice
            program.low[column] = 1.0
    return choice


def _bytes(sizes: tuple[int, ...], choice: Choice, tier: int) -> int:
    return sum(sizes[j] for j in choice[tier])


@dataclass
class _Program:
    """The program of an ordered problem, which bounds and cuts make smaller as it is solved."""

    problem: Problem
    nodes: int
    least_value: float = -np.inf
    most_bytes: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.problem
        m, k = len(problem.candidates), len(problem.categories)
        self.has_hot = bool(problem.hot_bytes)
        self.chosen = tuple(range(m))
        self.answers = np.arange(m, m + k * m).reshape(k, m)
        self.resident = tuple(range(m + k * m, 2 * m + k * m)) if self.has_hot else ()
        self.missed = self.answers + m + k * m
        self.spare = 2 * m + 2 * k * m
        self.width = self.spare + 1 if self.has_hot else m + k * m
        self.tiers = (self.chosen, self.resident) if self.has_hot else (self.chosen,)
        self.low, self.high = self._bounds()
        self.worths = self._worths()
        self.cuts: list[_Row] = []
        self._rows = tuple(self._all_rows())

    def best(self, costs: npt.NDArray[np.float64], rows: dict[str, _Row]) -> _Found | None:
        """The choice of least cost that really keeps all bounds; None: none was found."""
        while True:
            found = self._solved(costs, [*self._rows, *self.cuts, *rows.values()])
            if found is None or self._holds(found.choice):
                return found
            self.cuts.append(self.cut(found.choice))

    def cut(self, choice: Choice) -> _Row:
        """Any choice but this one."""
        inside = {self.tiers[t][j] for t in range(len(self.tiers)) for j in choice[t]}
        columns = tuple(column for tier in self.tiers for column in tier)
        values = tuple(-1.0 if column in inside else 1.0 for column in columns)
        return _Row(columns, values, 1.0 - len(inside), np.inf)

    def _holds(self, choice: Choice) -> bool:
        sizes = self.problem.sizes
        return (
            fits(self.problem, choice)
            and worth(self.problem, choice) >= self.least_value
            and all(_bytes(sizes, choice, tier) <= most for tier, most in self.most_bytes.items())
        )

    def _solved(self, costs: npt.NDArray[np.float64], rows: list[_Row]) -> _Found | None:
        integral = np.zeros(self.width)
        for tier in self.tiers:
            integral[list(tier)] = 1
        lengths = [len(row.columns) for row in rows]
        matrix = sparse.csr_array(
            (
                np.concatenate([row.values for row in rows]),
                (
                    np.repeat(np.arange(len(rows)), lengths),
                    np.concatenate([row.columns for row in rows]),
                ),
            ),
            shape=(len(rows), self.width),
        )
        told = optimize.milp(
            costs,
            integrality=integral,
            bounds=optimize.Bounds(self.low, self.high),
            constraints=optimize.LinearConstraint(
                matrix, [row.least for row in rows], [row.most for row in rows]
            ),
            options={"node_limit": self.nodes, "mip_rel_gap": 0.0},
        )
        if told.status == _INFEASIBLE or told.x is None:
            return None
        chosen = _ones(told.x, self.chosen)
        residents = _ones(told.x, self.resident) if self.has_hot else chosen
        return _Found((chosen, residents), float(told.mip_dual_bound))

    def _bounds(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        low, high = np.zeros(self.width), np.ones(self.width)
        room = min(self.problem.memory_bytes, self.problem.hot_bytes or 2**63)
        for j, one in enumerate(self.problem.candidates):
            low[j] = one.name in self.problem.must
            high[j] = one.size_bytes <= room
        return low, high

    def _worths(self) -> npt.NDArray[np.float64]:
        """What each variable adds to the value."""
        problem, worths = self.problem, np.zeros(self.width)
        answers = np.array([one.answer_s for one in problem.candidates])
        loads = np.array([one.load_s for one in problem.candidates])
        weights = problem.weights[:, None]
        worths[self.answers] = weights * (problem.quality - problem.price * answers)
        if self.has_hot:
            worths[self.missed] = -weights * problem.price * loads
        return worths

    def _all_rows(self) -> Iterator[_Row]:
        problem = self.problem
        m = len(problem.candidates)
        memory = tuple(size / problem.memory_bytes for size in problem.sizes)
        yield _Row(self.chosen, memory, 0.0, 1.0)
        if problem.most:
            yield _Row(self.chosen, (1.0,) * m, 0.0, problem.most)
        for category in self.answers:
            yield _Row(tuple(category), (1.0,) * m, 1.0, 1.0)
            for j in range(m):
                yield _Row((j, category[j]), (1.0, -1.0), 0.0, np.inf)
        if self.has_hot:
            yield from self._hot_rows()

    def _hot_rows(self) -> Iterator[_Row]:
        m = len(self.problem.candidates)
        hot = tuple(size / self.problem.hot_bytes for size in self.problem.sizes)
        yield _Row((*self.resident, self.spare), (*hot, 1.0), 0.0, 1.0)
        for j in range(m):
            yield _Row((j, self.resident[j]), (1.0, -1.0), 0.0, np.inf)
            size = min(hot[j], 2.0)  # what does not fit at all cannot be chosen
            columns = (self.spare, j, self.resident[j])
            yield _Row(columns, (1.0, -size, size), 0.0, np.inf)
        for answered, missed in zip(self.answers, self.missed, strict=True):
            for j in range(m):
                columns = (missed[j], self.resident[j], answered[j])
                yield _Row(columns, (1.0, 1.0, -1.0), 0.0, np.inf)


def _row(values: npt.NDArray[np.float64], least: float, most: float) -> _Row:
    columns = np.flatnonzero(values)
    return _Row(tuple(columns.tolist()), tuple(values[columns].tolist()), least, most)


def _ones(values: npt.NDArray[np.float64], columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(j for j, column in enumerate(columns) if values[column] > 0.5)
