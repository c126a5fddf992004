"""Who waits for room on a device: whoever was loaded for a request holds it until all is answered.

An expert that holds its room for s seconds, and is asked for r times a second, wants it for
x = r s / (1 + r s) of the time: those who come meanwhile are answered too. Let u be the sum of x,
over how many experts the room takes at once, c. An expert waits in line once, however many requests
wait for it, so the line is that of a finite source. Where room is always wanted, each of n experts
gets it once in a round (Takagi, "Queuing analysis of polling models", 1988), which takes n s / c,
and a request waits for half a round. By Little's law n r n s / (2 c) requests wait: that is
c (1 + r s)^2 / (2 r s) u^2, and no less than 2 c u^2. Where room is seldom wanted, hardly anybody
waits. In between, 2 c u^4 / (1 + u^2) is near what the simulator says of rounds of 2 to 12 experts
and Poisson arrivals. In longer rounds, and in bursts, requests wait for longer. Chords between
knots lie above the curve, and from the last knot on it goes straight, as steep as it is there.

Room, and what is held of it, count in bytes: c is what residents leave, over a mean size.
"""

from collections.abc import Mapping, Sequence

from coterie.planner.recomposition.layout import Layout
from coterie.planner.recomposition.queueing import Piece
from coterie.planner.recomposition.rows import INFINITE, Rows

KNOTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)


def crowd(u: float) -> float:
    """Requests that wait for each room's worth, exactly."""
    return 2.0 * u**4 / (1.0 + u * u)


def _pieces() -> tuple[Piece, ...]:
    heights = [crowd(knot) for knot in KNOTS]
    found = []
    for i in range(len(KNOTS) - 1):
        slope = (heights[i + 1] - heights[i]) / (KNOTS[i + 1] - KNOTS[i])
        found.append(Piece(slope, heights[i] - slope * KNOTS[i]))
    last = KNOTS[-1]
    slope = 4.0 * last**3 * (2.0 + last * last) / (1.0 + last * last) ** 2
    return (*found, Piece(slope, heights[-1] - slope * last))


CROWD = _pieces()
"""The curve for a room of one expert; for c of them it is the highest of slope x wanted + c x
at_zero.
"""


def crowded(wanted: float, rooms: float) -> float:
    """Requests that wait where room for so many experts is wanted by so many, at a time."""
    return max(piece.slope * wanted + piece.at_zero * rooms for piece in CROWD)


def crowding(wanted: float, rooms: float) -> float:
    """What a little more that is wanted adds, as a multiple of it."""
    little = wanted + _LITTLE
    best = max(CROWD, key=lambda one: (one.slope * little + one.at_zero * rooms, one.slope))
    return best.slope


class Sizes:
    """Of experts that hold room, on each device. `holds`: whether an expert does; `mean_bytes`: by
    device, 0: nobody would there.
    """

    def __init__(self, layout: Layout, holds: Sequence[bool]) -> None:
        self._layout = layout
        self._bytes = [0] * len(layout.pairs)
        here: list[list[int]] = [[] for _ in layout.devices]
        for pair, one in enumerate(layout.pairs):
            if layout.may[pair] and holds[one.expert]:
                self._bytes[pair] = self._own(pair)
                here[one.device].append(self._bytes[pair])
        self.mean_bytes = [sum(of) / len(of) if of else 0.0 for of in here]

    def weight(self, pair: int) -> float:
        """Its bytes over the mean."""
        mean_bytes = self.mean_bytes[self._layout.pairs[pair].device]
        return self._bytes[pair] / mean_bytes if mean_bytes else 0.0

    def rooms(self, device: int, free_bytes: int) -> float:
        """How many experts of mean size so much takes."""
        mean_bytes = self.mean_bytes[device]
        return max(0, free_bytes) / mean_bytes if mean_bytes else 0.0

    def _own(self, pair: int) -> int:
        """What only it holds of the device; if it shares all, what it takes alone."""
        layout = self._layout
        units = [unit for unit in layout.units_of(pair) if layout.is_hot(unit)]
        sizes = [layout.units[unit].size_bytes for unit in units]
        own = [
            size
            for unit, size in zip(units, sizes, strict=True)
            if len(layout.units[unit].holders) == 1
        ]
        return max(1, sum(own) or sum(sizes))


def crowd_line(rows: Rows, height: int, wanted: Mapping[int, float], rooms: int) -> None:
    """No less than `height` wait where the sum of `wanted` is wanted of `rooms`, a column."""
    used = rows.column(high=INFINITE)
    rows.row({**wanted, used: -1.0}, 0.0, 0.0)
    for piece in CROWD:
        rows.row({height: 1.0, used: -piece.slope, rooms: -piece.at_zero}, least=0.0)


_LITTLE = 1e-9
