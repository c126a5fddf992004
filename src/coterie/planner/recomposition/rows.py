"""Linear programs put together row by row, and solved by HiGHS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

Floats = npt.NDArray[np.float64]
INFINITE = float("inf")
_FOUND, _IMPOSSIBLE = 0, 2
"""scipy's status of a solution that is known to be the best, and of there being none."""


class Row(NamedTuple):
    """least <= values @ columns <= most."""

    columns: tuple[int, ...]
    values: tuple[float, ...]
    least: float
    most: float


class Solved(NamedTuple):
    """`values`: None where the search was stopped before any was found. `bound`: no solution costs
    less. `stopped`: by a bound on the search.
    """

    values: Floats | None
    cost: float
    bound: float
    stopped: bool


@dataclass
class Rows:
    """A program that is being written."""

    costs: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def column(
        self, cost: float = 0.0, low: float = 0.0, high: float = 1.0, whole: bool = False
    ) -> int:
        self.costs.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.costs) - 1

    def row(
        self, terms: Mapping[int, float], least: float = -INFINITE, most: float = INFINITE
    ) -> None:
        self.rows.append(Row(tuple(terms), tuple(terms.values()), least, most))

    def solve(
        self,
        costs: Sequence[float] | None = None,
        nodes: int | None = None,
        time_limit_s: float = 0.0,
        relaxed: bool = False,
    ) -> Solved | None:
        """The solution of least cost; None: there is none."""
        rows, width = self.rows, len(self.costs)
        if not width:
            return Solved(np.zeros(0), 0.0, 0.0, False)
        lengths = [len(row.columns) for row in rows]
        matrix = sparse.csr_array(
            (
                np.concatenate([row.values for row in rows]) if rows else np.zeros(0),
                (
                    np.repeat(np.arange(len(rows)), lengths),
                    np.concatenate([row.columns for row in rows]).astype(np.int64)
                    if rows
                    else np.zeros(0, dtype=np.int64),
                ),
            ),
            shape=(len(rows), width),
        )
        options: dict[str, float] = {"mip_rel_gap": 0.0}
        if nodes is not None:
            options["node_limit"] = nodes
        if time_limit_s:
            options["time_limit"] = time_limit_s
        told = optimize.milp(
            np.array(self.costs if costs is None else costs),
            integrality=np.zeros(width) if relaxed else np.array(self.whole),
            bounds=optimize.Bounds(np.array(self.low), np.array(self.high)),
            constraints=optimize.LinearConstraint(
                matrix, [row.least for row in rows], [row.most for row in rows]
            ),
            options=options,
        )
        if told.status == _IMPOSSIBLE:
            return None
        cost = INFINITE if told.fun is None else float(told.fun)
        bound = cost if told.mip_dual_bound is None else float(told.mip_dual_bound)
        return Solved(told.x, cost, bound, stopped=told.status != _FOUND)
