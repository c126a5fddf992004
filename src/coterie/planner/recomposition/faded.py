"""Arrivals that fade: a rate and its slope from three sums, however many arrivals there were.

Each arrival counts exp(-age / memory). Of a Poisson process whose log-rate is linear in time, the
score equations so weighted are: with W the sum of weights and A their mean age, the slope b makes A
the mean age under exp(-(1/memory + b) age) over the time that was watched, and the rate now is W
over the integral of that. The integrals are weighted by a profile of the hours where there is one.
The variance of the sums is the index of dispersion times the sum of squared weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1
from typing import NamedTuple

from msgspec import Struct

SLOPE = 0.5
"""Standard deviation of slopes, times the memory, before anything is seen: a prior, so that three
requests in a row are no trend."""
STEEPEST = 4.0
"""Slopes are looked for up to so many times 1 / memory."""
_HALVINGS = 40
_NOTHING = 1e-100
"""Weights that are too small to be squared: after a week of silence, say."""


class Span(NamedTuple):
    """Ages `newest_s` to `oldest_s`, and how dense requests were then by the hour (1: average)."""

    newest_s: float
    oldest_s: float
    factor: float = 1.0


class Faded(Struct):
    """Sums over arrivals, as of `at_s`. `weight`: of weights; `aged`: of weights times ages;
    `squared`: of squared weights; `work_s`: of weights times seconds of service.
    """

    at_s: float = 0.0
    weight: float = 0.0
    aged: float = 0.0
    squared: float = 0.0
    work_s: float = 0.0

    def observe(self, at_s: float, work_s: float, memory_s: float) -> None:
        """One arrival, not before `at_s`."""
        self.fade(at_s, memory_s)
        self.weight += 1.0
        self.squared += 1.0
        self.work_s += work_s

    def fade(self, at_s: float, memory_s: float) -> None:
        passed_s = max(0.0, at_s - self.at_s)
        left = exp(-passed_s / memory_s)
        self.aged = (self.aged + passed_s * self.weight) * left
        self.weight *= left
        self.squared *= left * left
        self.work_s *= left
        self.at_s = max(at_s, self.at_s)


@dataclass(frozen=True)
class Level:
    """Arrivals a second now, and how the logarithm of that changes a second.

    `variance`: of the logarithm of the rate at the mean age `age_s` of what was watched, with
    which the slope's `slope_variance` is not correlated.
    """

    rate: float = 0.0
    slope: float = 0.0
    age_s: float = 0.0
    variance: float = 0.0
    slope_variance: float = 0.0


def level(
    sums: Faded, spans: Sequence[Span], memory_s: float, dispersion: float, usual_rate: float
) -> Level:
    """The sums must be as of now, which is age 0 of the spans.

    One arrival at the `usual_rate` counts as seen besides: who asks once an hour is not forgotten
    within one. No rate where nobody ever asked, or no time was watched.
    """
    prior = (SLOPE / memory_s) ** 2
    flat = _moments(spans, 1.0 / memory_s)
    if flat.total <= 0 or usual_rate <= 0:
        return Level(slope_variance=prior)
    slope, trusted = 0.0, 0.0
    if sums.weight > _NOTHING:
        found = _slope(sums.aged / sums.weight, spans, memory_s)
        spread = _moments(spans, 1.0 / memory_s + found).spread
        # The squares of few arrivals tell little: by chance they sum to half of the weights.
        of_data = dispersion * max(sums.squared / sums.weight**2, 0.5 / sums.weight)
        trusted = prior * spread / (prior * spread + of_data)
        slope = found * trusted
    best = _moments(spans, 1.0 / memory_s + slope)
    arrivals = sums.weight + 1.0
    return Level(
        rate=arrivals / (best.total + 1.0 / usual_rate),
        slope=slope,
        age_s=best.age_s,
        variance=dispersion * (sums.squared + 1.0) / arrivals**2,
        slope_variance=prior * (1.0 - trusted),
    )


class _Moments(NamedTuple):
    """Of the ages watched, weighted: their integral, mean and variance."""

    total: float
    age_s: float
    spread: float


def _slope(age_s: float, spans: Sequence[Span], memory_s: float) -> float:
    """The slope that makes the mean age what it was seen to be, within bounds."""
    low, high = -STEEPEST / memory_s, STEEPEST / memory_s
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _moments(spans, 1.0 / memory_s + middle).age_s > age_s:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _moments(spans: Sequence[Span], decay: float) -> _Moments:
    total = first = second = 0.0
    for span in spans:
        zero, one, two = _integrals(span.newest_s, span.oldest_s, decay)
        total += span.factor * zero
        first += span.factor * one
        second += span.factor * two
    if total <= 0:
        return _Moments(0.0, 0.0, 0.0)
    age_s = first / total
    return _Moments(total, age_s, max(0.0, second / total - age_s * age_s))


def _integrals(a: float, b: float, decay: float) -> tuple[float, float, float]:
    """Of exp(-decay s), times 1, s and s squared, over s from a to b."""
    width = b - a
    if width <= 0:
        return 0.0, 0.0, 0.0
    here = exp(-decay * a)
    reach = decay * width
    if abs(reach) < 1e-4:  # where the closed forms lose their digits
        zero = width * (1 - reach / 2)
        one = width**2 * (0.5 - reach / 3)
        two = width**3 * (1 / 3 - reach / 4)
    else:
        end = exp(-reach)
        zero = -expm1(-reach) / decay
        one = (zero - width * end) / decay
        two = (2 * one - width**2 * end) / decay
    return here * zero, here * (one + a * zero), here * (two + 2 * a * one + a * a * zero)
