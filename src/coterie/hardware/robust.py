"""Straight lines through what was observed where some of it is of something else: prompts that were
known already, answers that a client read slowly.

A start that half of the observations cannot move (Theil, 1950; Sen, 1968: the median of the slopes
between pairs), and then least squares over those that lie near, again and again. Far is what lies
further off, as a logarithm of seconds, than three standard deviations by the median.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import inf, log, sqrt
from statistics import median, quantiles

from msgspec import Struct

from coterie.hardware.least_squares import Line, Points, line, proportion

MOST_PAIRED = 200
LEAST_FAR = 0.02
DEVIATION = 1.4826  # of a normal distribution, in medians of absolute deviations
ROUNDS = 20
MEDIAN_ERROR = 1.2533  # of a median of normal values, in standard errors of their mean


class Robust(Struct, frozen=True):
    """A line, how many observations it rests on, and how many were left out."""

    line: Line
    count: int
    left_out: int


def robust_line(points: Points) -> Robust:
    """As `least_squares.line`, but for what lies far off. Raises ValueError as it does."""
    return _near(points, _paired(points), line)


def robust_proportion(points: Points) -> Robust:
    """As `least_squares.proportion`, but for what lies far off. Raises ValueError as it does."""
    slopes = [seconds / x for x, seconds in points if x > 0]
    if not slopes:
        raise ValueError("expected observations of more than nothing")
    return _near(points, Line(0.0, median(slopes), 0.0, 0.0), _through_nothing)


def middle(values: Sequence[float]) -> tuple[float, float]:
    """The median, and its standard error: by the distance of the quartiles, or of the median of
    what lies apart from it, whichever is more. Raises StatisticsError where there is no value.
    """
    found = median(values)
    if len(values) < 2:
        return found, 0.0
    first, _, third = quantiles(values, n=4, method="inclusive")
    apart = DEVIATION * median(abs(value - found) for value in values)
    spread = max(apart, DEVIATION / 2 * (third - first))
    return found, MEDIAN_ERROR * spread / sqrt(len(values))


def _through_nothing(points: Points) -> Line:
    slope, error = proportion(points)
    return Line(0.0, slope, 0.0, error)


def _paired(points: Points) -> Line:
    """By the slopes between pairs; level where no two differ."""
    chosen = sorted(points)[:: max(1, len(points) // MOST_PAIRED)]
    pairs = combinations(chosen, 2)
    slopes = [(y - y0) / (x - x0) for (x0, y0), (x, y) in pairs if x > x0]
    slope = max(0.0, median(slopes)) if slopes else 0.0
    return Line(median(y - slope * x for x, y in chosen) if chosen else 0.0, slope, 0.0, 0.0)


def _near(points: Points, found: Line, fit: Callable[[Points], Line]) -> Robust:
    near: list[tuple[float, float]] = list(points)
    for _ in range(ROUNDS):
        off = [abs(_off(found, x, seconds)) for x, seconds in points]
        far = max(LEAST_FAR, 3 * DEVIATION * median(off)) if off else 0.0
        kept = [point for point, by in zip(points, off, strict=True) if by <= far]
        same, near = kept == near, kept
        found = fit(near)
        if same:
            break
    return Robust(found, len(near), len(points) - len(near))


def _off(found: Line, x: float, seconds: float) -> float:
    expected = found.intercept + found.slope * x
    if seconds <= 0.0:
        return 0.0  # which the fit itself refuses
    return log(seconds / expected) if expected > 0.0 else inf
