"""How many wait in line at a utilisation: a convex curve, as straight pieces.

Requests that wait at c servers of utilisation u: u ** sqrt(2 (c + 1)) / (1 - u) (Sakasegawa, "An
approximation formula L_q = alpha rho^beta / (1 - rho)", 1977; exact for one server and exponential
service). By Little's law that is also the seconds waited in a second. Chords between knots lie
above it; from the last knot on the curve goes straight, as steep as it is there: what is
overloaded for good has a line that grows, and over a horizon of an hour about as much.
"""

from bisect import bisect_right
from typing import NamedTuple

KNOTS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
FULL = 0.95
"""What a replica's slots are used at most."""


class Piece(NamedTuple):
    """slope x utilisation + at_zero."""

    slope: float
    at_zero: float


def pieces(servers: float) -> tuple[Piece, ...]:
    """The curve at any utilisation is the highest of the pieces."""
    power = (2.0 * (servers + 1.0)) ** 0.5
    heights = [knot**power / (1.0 - knot) for knot in KNOTS]
    found = []
    for i in range(len(KNOTS) - 1):
        slope = (heights[i + 1] - heights[i]) / (KNOTS[i + 1] - KNOTS[i])
        found.append(Piece(slope, heights[i] - slope * KNOTS[i]))
    last, height = KNOTS[-1], heights[-1]
    slope = height * (power / last + 1.0 / (1.0 - last))
    return (*found, Piece(slope, height - slope * last))


def waiting(curve: tuple[Piece, ...], utilisation: float) -> float:
    piece = curve[_at(utilisation)]
    return piece.slope * utilisation + piece.at_zero


def steepness(curve: tuple[Piece, ...], utilisation: float) -> float:
    """What a little more utilisation adds, as a multiple of it."""
    return curve[_at(utilisation + _LITTLE)].slope


def _at(utilisation: float) -> int:
    return max(0, bisect_right(KNOTS, utilisation) - 1)


_LITTLE = 1e-9
