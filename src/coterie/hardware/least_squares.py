"""Straight lines through what was observed, by weighted least squares in closed form.

Errors are taken as parts of what is observed, so each observation is weighted by 1 / seconds.
(Draper and Smith, "Applied regression analysis", chapters 1 and 2.)
"""

from collections.abc import Sequence
from math import fsum, inf, sqrt

from msgspec import Struct

Points = Sequence[tuple[float, float]]
"""(x, seconds), with more than 0 seconds each."""


class Line(Struct, frozen=True):
    """`seconds = intercept + slope * x`, and the standard errors of both."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float


def line(points: Points) -> Line:
    """The line with the least sum of squared relative errors, of those that begin at 0 seconds or
    later and do not fall. Where there is one x alone, all of it is intercept. Raises ValueError
    where there is no point, or one without seconds.
    """
    _check(points)
    weights = [1.0 / seconds**2 for _, seconds in points]
    total = fsum(weights)
    x_mean = fsum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    y_mean = fsum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = fsum(w * (x - x_mean) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    slope = 0.0
    if spread > 1e-18 * total * x_mean**2:
        slope = fsum(w * (x - x_mean) * y for w, (x, y) in zip(weights, points, strict=True))
        slope /= spread
    if slope <= 0.0:
        return Line(y_mean, 0.0, _scatter(points, y_mean, 0.0, 1) / sqrt(total), 0.0)
    intercept = y_mean - slope * x_mean
    if intercept < 0.0:
        slope, error = proportion(points)
        return Line(0.0, slope, 0.0, error)
    scatter = _scatter(points, intercept, slope, 2)
    return Line(
        intercept,
        slope,
        scatter * sqrt(1.0 / total + x_mean**2 / spread),
        scatter / sqrt(spread),
    )


def proportion(points: Points) -> tuple[float, float]:
    """Seconds for each unit of x, and the standard error: the line through nothing at 0. Raises
    ValueError as `line` does.
    """
    _check(points)
    squares = fsum((x / y) ** 2 for x, y in points)
    if not squares:
        raise ValueError("expected observations of more than nothing")
    slope = fsum(x / y for x, y in points) / squares
    return slope, _scatter(points, 0.0, slope, 1) / sqrt(squares)


def _scatter(points: Points, intercept: float, slope: float, fitted: int) -> float:
    """The standard deviation of relative errors about the line; 0: too few to tell."""
    squares = fsum(((y - intercept - slope * x) / y) ** 2 for x, y in points)
    return sqrt(squares / (len(points) - fitted)) if len(points) > fitted else 0.0


def _check(points: Points) -> None:
    if not points:
        raise ValueError("expected observations, and there are none")
    for x, seconds in points:
        if not (0 <= x < inf and 0 < seconds < inf):
            raise ValueError(
                f"expected more than 0 seconds for 0 or more, not {seconds!r} for {x!r}"
            )
