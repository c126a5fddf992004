"""How often each expert is asked: a weight for each, in the order in which experts are named."""

import math
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

from msgspec import Struct


class Popularity(Protocol):
    """What a workload wants of its experts."""

    def weights(self, count: int) -> Sequence[float]:
        """A weight from 0 up for each of so many experts. Raises ValueError."""
        ...


class Even(Struct, frozen=True):
    """All alike."""

    def weights(self, count: int) -> Sequence[float]:
        return (1.0,) * count


class Zipf(Struct, frozen=True):
    """The first is asked most: the n-th as 1 / n ** s. At s = 0 all are alike."""

    s: float

    def __post_init__(self) -> None:
        if not 0 <= self.s <= 20:
            raise ValueError(f"a Zipf exponent of {self.s!r}: expected 0 to 20, as 1.1")

    def weights(self, count: int) -> Sequence[float]:
        return [rank**-self.s for rank in range(1, count + 1)]


class Weighted(Struct, frozen=True):
    """A weight for each expert, in any unit."""

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(0 <= share < math.inf for share in self.shares) or not sum(self.shares) > 0:
            raise ValueError(f"weights of {list(self.shares)}: expected numbers above 0, or 0")

    def weights(self, count: int) -> Sequence[float]:
        if len(self.shares) != count:
            raise ValueError(f"{len(self.shares)} weights for {count} experts: give one for each")
        return self.shares


EVEN = Even()


def shares(popularity: Popularity, count: int) -> list[float]:
    """The weights of so many experts as parts of 1. Raises ValueError."""
    if count < 1:
        raise ValueError("no experts to choose from: name one")
    weights = popularity.weights(count)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def chooser(experts: Sequence[str], popularity: Popularity) -> Callable[[float], str]:
    """The expert that a number from 0 to below 1 falls to. Raises ValueError."""
    edges = list(accumulate(shares(popularity, len(experts))))
    last = len(experts) - 1

    def choose(number: float) -> str:
        return experts[min(bisect(edges, number), last)]

    return choose


def fitted_zipf(counts: Sequence[int]) -> float:
    """The exponent under which counts like these are likeliest, their ranks taken as given.

    The likelihood is greatest where the expected logarithm of the rank is the observed one; that
    expectation falls as the exponent grows, so bisection finds it.
    """
    ranked = sorted(counts, reverse=True)
    total = sum(ranked)
    if len(ranked) < 2 or not total:
        return 0.0
    logs = [math.log(rank) for rank in range(1, len(ranked) + 1)]
    observed = sum(count * log for count, log in zip(ranked, logs, strict=True)) / total
    low, high = 0.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        weights = [math.exp(-middle * log) for log in logs]
        expected = sum(w * log for w, log in zip(weights, logs, strict=True)) / sum(weights)
        low, high = (middle, high) if expected > observed else (low, middle)
    return low
