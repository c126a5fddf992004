"""How much more arrivals vary than by chance, each expert's alone and all of them together.

Arrivals are counted in bins and compared with what was expected when the bin began. The index of
dispersion is the squared distance over what it would be of a Poisson process, whose expectation was
itself estimated. What distances of different experts have in common is a factor on all rates. Bins
of two lengths tell how both change with the length: bursts and drifts make counts over an hour vary
more than those over minutes would let expect.
"""

from collections.abc import Callable, Iterable, Sequence
from math import exp, log
from typing import NamedTuple

from msgspec import Struct

BINS = (1 / 6, 1.0)
"""Lengths of bins, in memories of the rates."""
STEADY = 16.0
"""Memories of the rates for which it is remembered how much they vary."""
PULL = 2.0
"""Arrivals expected that count as seen, and varied as by chance."""
COMMON_PULL = 100.0
"""Likewise for the common factor: pairs of arrivals expected, without any."""
STEEPEST = 2.0
"""The power of the length with which an index may grow."""


class Expected(NamedTuple):
    """Arrivals of a bin, by expert, and how wrong that is, in units of chance; 0: nobody knows."""

    arrivals: dict[str, float]
    error: float


class Variation:
    """What was seen from `start_s` on, of rates whose arrivals count for `memory_s`. `expected`:
    what a bin of some length that begins at some time is expected to hold.
    """

    def __init__(
        self, start_s: float, memory_s: float, expected: Callable[[float, float], Expected]
    ) -> None:
        self._expected = expected
        self._lengths_s = [memory_s * part for part in BINS]
        self._bins = [_Bins(start_s, length_s, memory_s * STEADY) for length_s in self._lengths_s]

    def pass_to(self, at_s: float) -> None:
        """Compares the bins that are over by then."""
        for bins in self._bins:
            bins.close(at_s, self._expected)

    def count(self, expert: str) -> None:
        for bins in self._bins:
            bins.count(expert)

    def index(self, expert: str, scale_s: float) -> float:
        """The index of dispersion of counts over such a time; 1: as by chance."""
        short, long = (bins.index(expert) for bins in self._bins)
        return max(1.0, _scaled(short, long, self._lengths_s, scale_s, 0.0, STEEPEST))

    def common_variance(self, scale_s: float) -> float:
        """Of the factor that rates share, relative, over such a time."""
        short, long = (bins.common_variance for bins in self._bins)
        if not short or not long:
            return long * min(1.0, self._lengths_s[1] / scale_s)
        return _scaled(short, long, self._lengths_s, scale_s, -1.0, 0.0)


def _scaled(
    short: float,
    long: float,
    lengths_s: Sequence[float],
    scale_s: float,
    least: float,
    most: float,
) -> float:
    """What is so much over the two lengths, over another; it changes with a power of the length."""
    low_s, high_s = lengths_s
    power = min(most, max(least, log(long / short) / log(high_s / low_s)))
    return short * exp(power * log(scale_s / low_s))


class _Bins:
    """Counts in bins of `bin_s` from `start_s` on; distances are remembered for `memory_s`."""

    def __init__(self, start_s: float, bin_s: float, memory_s: float) -> None:
        self._bin_s = bin_s
        self._start_s = start_s
        self._left = exp(-bin_s / memory_s)
        self._most = int(memory_s / bin_s)
        self._open = 0
        self._counts: dict[str, int] = {}
        self._expected = Expected({}, 0.0)
        self._spreads: dict[str, _Spread] = {}
        self._common = _Common()

    def count(self, expert: str) -> None:
        self._counts[expert] = self._counts.get(expert, 0) + 1

    def close(self, at_s: float, expected: Callable[[float, float], Expected]) -> None:
        """Ends the bins that are over by `at_s`; `expected` is asked at the beginning of each."""
        newest = int((at_s - self._start_s) // self._bin_s)
        last = min(newest, self._open + self._most)
        while self._open < newest:
            if self._expected.error:
                self._compare()
            self._open = self._open + 1 if self._open < last else newest
            self._counts.clear()
            self._expected = expected(self._bin_s, self._start_s + self._open * self._bin_s)

    def index(self, expert: str) -> float:
        """Variance over mean. 1 or more: rates that seem steadier than chance are not believed."""
        found = self._spreads.get(expert)
        return found.index if found else 1.0

    @property
    def common_variance(self) -> float:
        """Of the factor that rates share, relative, over one bin."""
        return self._common.variance

    def _compare(self) -> None:
        distances = []
        for expert, expected in self._expected.arrivals.items():
            spread = self._spreads.setdefault(expert, _Spread())
            distance = self._counts.get(expert, 0) - expected
            distances.append((distance, expected))
            spread.observe(distance, expected * (1.0 + self._expected.error), self._left)
        self._common.observe(distances, self._left)


class _Spread(Struct):
    """Fading sums of squared distances, and of what they would be by chance."""

    squares: float = 0.0
    chance: float = 0.0

    def observe(self, distance: float, chance: float, left: float) -> None:
        self.squares = self.squares * left + distance * distance
        self.chance = self.chance * left + chance

    @property
    def index(self) -> float:
        return max(1.0, (self.squares + PULL) / (self.chance + PULL))


class _Common(Struct):
    """Fading sums over pairs of different experts, of products of distances and of expectations."""

    products: float = 0.0
    pairs: float = 0.0

    def observe(self, distances: Iterable[tuple[float, float]], left: float) -> None:
        apart = apart_squares = expected = expected_squares = 0.0
        for distance, of in distances:
            apart += distance
            apart_squares += distance * distance
            expected += of
            expected_squares += of * of
        self.products = self.products * left + apart * apart - apart_squares
        self.pairs = self.pairs * left + expected * expected - expected_squares

    @property
    def variance(self) -> float:
        return max(0.0, self.products) / (self.pairs + COMMON_PULL)
