"""Axes: round numbers to write beside them, and what falls into which part of them."""

from collections.abc import Iterable
from math import ceil, floor, log10

from coterie.config import format_duration

# Steps that people read times by, in seconds.
_STEPS = (
    *(base * 10.0**power for power in range(-6, 1) for base in (1, 2, 5)),
    *(10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0),
    *(21600.0, 43200.0, 86400.0, 172800.0, 604800.0, 1209600.0, 2592000.0),
)
MOST_TICKS = 9
MOST_BINS = 120
FEW_DECADES = 2.6


def time_step(length_s: float, most: int) -> float:
    """The shortest round time of which at most so many are as long."""
    return next((step for step in _STEPS if length_s <= most * step * (1 + 1e-9)), length_s / most)


def time_ticks(end_s: float) -> list[tuple[float, str]]:
    """Seconds and their labels, from 0 to the end."""
    if end_s <= 0:
        return [(0.0, "0s")]
    step = time_step(end_s, MOST_TICKS)
    count = floor(end_s / step + 1e-9)
    return [(place * step, format_duration(place * step)) for place in range(count + 1)]


def whole_ticks(most: float, count: int = 4) -> list[int]:
    """Round whole numbers from 0 to the first that is `most` or more."""
    size = 10 ** max(0, floor(log10(most / count))) if most > 0 else 1
    step = next(one for one in (size, 2 * size, 5 * size, 10 * size) if one * count >= most * 0.999)
    return [place * step for place in range(max(1, ceil(most / step - 1e-9)) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between the two, with 2 and 5 of each where those are few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    digits = (1, 2, 5) if log10(high / low) < FEW_DECADES else (1,)
    found = [digit * 10.0**power for power in powers for digit in digits]
    return [one for one in found if low <= one <= high]


class Bins:
    """Parts of a time, `step_s` long each."""

    def __init__(self, end_s: float, most: int = MOST_BINS) -> None:
        self.step_s = time_step(end_s, most) if end_s > 0 else 1.0
        self.count = max(1, ceil(end_s / self.step_s - 1e-9))
        self._end_s = end_s

    def of(self, at_s: float) -> int:
        """The part that a moment is in; the last one, where it is later."""
        return min(self.count - 1, max(0, int(at_s / self.step_s)))

    def counted(self, moments_s: Iterable[float]) -> list[int]:
        """How many of them each part has."""
        counts = [0] * self.count
        for at_s in moments_s:
            counts[self.of(at_s)] += 1
        return counts

    def add(self, sums: list[float], from_s: float, to_s: float, value: float) -> None:
        """Adds the value, held from one moment to another, to the mean of each part."""
        first, last = self.of(from_s), self.of(to_s)
        for place in range(first, last + 1):
            begin, end = place * self.step_s, min((place + 1) * self.step_s, self._end_s)
            held_s = min(end, to_s) - max(begin, from_s)
            if held_s > 0:
                sums[place] += value * held_s / (end - begin)
