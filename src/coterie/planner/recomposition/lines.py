"""Lines of waiting requests as rows of a program: convex costs of how busy something is."""

from collections.abc import Mapping

from coterie.planner.recomposition.queueing import Piece, pieces
from coterie.planner.recomposition.rows import INFINITE, Rows

LANE = pieces(1.0)
"""The line of those that a device has to load: one at a time."""
LANES = 6
"""Sizes by which that line is told apart."""


def line(
    rows: Rows,
    busy: Mapping[int, float],
    curve: tuple[Piece, ...],
    lines: float = 1.0,
) -> int:
    """The cost of waiting in so many lines alike, where the sum of such terms is how busy they are
    together. It is least where all are as long, and is that. Its column.
    """
    height = rows.column(cost=1.0, high=INFINITE)
    used = _used(rows, busy)
    for piece in curve:
        rows.row({height: 1.0, used: -piece.slope}, least=piece.at_zero * lines)
    return height


def lanes(
    rows: Rows, loading: Mapping[int, Mapping[int, float]], need: Mapping[int, int], lines: float
) -> int:
    """The cost of waiting in the lines of loads of so many devices alike. Its column.

    `loading`: how busy they are, by the column that says whether what loads has room there at all,
    which takes `need` bytes. One line would do for whole numbers. There is one for each size, of
    what takes as much or more, on as many devices as have the room: so the relaxation cannot load
    what is large in half the room of twice as many devices.
    """
    height = rows.column(cost=1.0, high=INFINITE)
    cans = sorted(loading, key=lambda can: (need[can], can))
    steps = min(LANES, len(cans))
    for step in range(steps):
        some = cans[step * len(cans) // steps :]
        used = _used(rows, {column: part for can in some for column, part in loading[can].items()})
        open_ = rows.column(high=lines)
        for can in some:
            rows.row({open_: 1.0, can: -1.0}, least=0.0)
        rows.row({open_: 1.0, **dict.fromkeys(some, -1.0)}, most=0.0)
        for piece in LANE:
            rows.row({height: 1.0, used: -piece.slope, open_: -piece.at_zero}, least=0.0)
    return height


def _used(rows: Rows, busy: Mapping[int, float]) -> int:
    """The column of how busy something is."""
    used = rows.column(high=INFINITE)
    rows.row({**busy, used: -1.0}, 0.0, 0.0)
    return used
