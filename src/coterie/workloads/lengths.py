"""How many tokens a prompt or an answer has: a distribution, drawn from with a seeded stream.

Whatever is drawn is at least 1 token.
"""

import math
from bisect import bisect
from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from msgspec import Struct


class Lengths(Protocol):
    """A distribution of tokens."""

    def draws(self, draw: Random) -> Callable[[], int]:
        """A function that gives another length at each call."""
        ...


class Fixed(Struct, frozen=True):
    """Always as long."""

    tokens: int

    def __post_init__(self) -> None:
        _above_zero("a length", self.tokens)

    def draws(self, draw: Random) -> Callable[[], int]:
        return lambda: self.tokens


class Lognormal(Struct, frozen=True):
    """Lengths whose logarithm is normal, with deviation `sigma`: half of them below `median`."""

    median: float
    sigma: float

    def __post_init__(self) -> None:
        _above_zero("a median", self.median)
        if not 0 <= self.sigma <= 10:
            raise ValueError(f"a sigma of {self.sigma!r}: expected 0 to 10, as 0.8")

    @classmethod
    def of_mean(cls, mean: float, sigma: float) -> "Lognormal":
        """That of this mean: the mean of a lognormal is its median x exp(sigma ** 2 / 2)."""
        return cls(mean * math.exp(-sigma * sigma / 2), sigma)

    def draws(self, draw: Random) -> Callable[[], int]:
        seconds = self.values(draw)
        return lambda: round(seconds()) or 1

    def values(self, draw: Random) -> Callable[[], float]:
        """The same, not rounded: for what is no tokens, as seconds."""
        gauss, exp, mu, sigma = draw.gauss, math.exp, math.log(self.median), self.sigma
        return lambda: exp(gauss(mu, sigma))


class Quantiles(Struct, frozen=True):
    """`values[i]` is the quantile at `percents[i]` (0 to 100); linear between them, flat beyond."""

    percents: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.percents) != len(self.values) or not self.values:
            raise ValueError("quantiles: expected a value for each of some percents")
        for what, row in (("percents", self.percents), ("values", self.values)):
            if list(row) != sorted(row) or not all(0 <= one < math.inf for one in row):
                raise ValueError(f"quantiles: {what} {list(row)} do not rise, or are below 0")
        if self.percents[-1] > 100:
            raise ValueError(f"quantiles: no percentile {self.percents[-1]!r}: give 0 to 100")

    def draws(self, draw: Random) -> Callable[[], int]:
        percents, values, random = self.percents, self.values, draw.random
        last = len(values) - 1

        def one() -> int:
            percent = random() * 100
            above = bisect(percents, percent)
            if above == 0 or above > last:
                return round(values[min(above, last)]) or 1
            low, begin = values[above - 1], percents[above - 1]
            part = (percent - begin) / (percents[above] - begin)
            return round(low + part * (values[above] - low)) or 1

        return one


class Empirical(Struct, frozen=True):
    """Lengths that were seen, each as likely."""

    tokens: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("lengths that were seen: there are none")

    def draws(self, draw: Random) -> Callable[[], int]:
        seen, random, count = self.tokens, draw.random, len(self.tokens)
        return lambda: seen[int(random() * count)] or 1


def fitted_lognormal(p50: float, p90: float) -> Lognormal:
    """The lognormal through two quantiles: the 90 % point of a normal is at 1.2816 deviations."""
    low = max(1.0, p50)
    return Lognormal(low, min(10.0, math.log(max(p90, low) / low) / 1.2815515655446004))


def capped(lengths: Callable[[], int], most: int) -> Callable[[], int]:
    """The same, none above `most`; 0: no bound."""
    return (lambda: min(lengths(), most)) if most else lengths


def fitted_quantiles(values: Sequence[float], percents: Sequence[float]) -> Quantiles:
    """The quantiles of values that are in order, linear between neighbours."""
    found = []
    for percent in percents:
        place = (len(values) - 1) * percent / 100
        low = int(place)
        high = min(low + 1, len(values) - 1)
        found.append(values[low] + (values[high] - values[low]) * (place - low))
    return Quantiles(tuple(percents), tuple(found))


def _above_zero(what: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{what} of {value!r} tokens: expected more than 0")
