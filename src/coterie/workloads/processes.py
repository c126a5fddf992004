"""When requests come: processes with a rate, each from its own stationary state.

A process that repeats gaps begins in the middle of one (the equilibrium renewal process), so that
`expected` is exact however short the time: begun with an arrival, a process with a coefficient of
variation c would have (c ** 2 - 1) / 2 requests too many. (Cox, Renewal Theory, 1962, chapter 2.)
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Protocol

from msgspec import Struct


class Process(Protocol):
    """Moments at which requests come."""

    def times(self, draw: Random) -> Iterator[float]:
        """Seconds from the start, in order, without an end unless no more can come."""
        ...

    def expected(self, until_s: float) -> float:
        """How many come in the first `until_s` seconds, on average."""
        ...


class Constant(Struct, frozen=True):
    """At an even distance, `rate` a second, the first at once."""

    rate: float

    def __post_init__(self) -> None:
        _above_zero("rate", self.rate)

    def times(self, draw: Random) -> Iterator[float]:
        number, rate = 0, self.rate
        while True:
            yield number / rate
            number += 1

    def expected(self, until_s: float) -> float:
        return self.rate * until_s


class Poisson(Struct, frozen=True):
    """Independent of each other, `rate` a second."""

    rate: float

    def __post_init__(self) -> None:
        _above_zero("rate", self.rate)

    def times(self, draw: Random) -> Iterator[float]:
        at_s, rate, gap = 0.0, self.rate, draw.expovariate
        while True:
            at_s += gap(rate)
            yield at_s

    def expected(self, until_s: float) -> float:
        return self.rate * until_s


class Gamma(Struct, frozen=True):
    """Gaps of a gamma distribution: `cv` is their deviation over their mean, above 1 in bursts."""

    rate: float
    cv: float

    def __post_init__(self) -> None:
        _above_zero("rate", self.rate)
        _between("cv", self.cv, 0.001, 1000.0)

    def times(self, draw: Random) -> Iterator[float]:
        shape = self.cv**-2
        scale, gap = 1 / (self.rate * shape), draw.gammavariate
        at_s = draw.random() * gap(shape + 1, scale)  # a gap met at random is longer: size-biased
        while True:
            yield at_s
            at_s += gap(shape, scale)

    def expected(self, until_s: float) -> float:
        return self.rate * until_s


class Weibull(Struct, frozen=True):
    """Gaps of a Weibull distribution, with a longer tail than a gamma's of the same `cv`."""

    rate: float
    cv: float

    def __post_init__(self) -> None:
        _above_zero("rate", self.rate)
        _between("cv", self.cv, 0.01, 1000.0)

    @property
    def shape(self) -> float:
        """The shape whose coefficient of variation is `cv`."""
        low, high = math.log(0.05), math.log(200.0)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if weibull_cv(math.exp(middle)) > self.cv else (low, middle)
        return math.exp(low)

    def times(self, draw: Random) -> Iterator[float]:
        shape = self.shape
        scale, gap = 1 / (self.rate * math.gamma(1 + 1 / shape)), draw.weibullvariate
        # Size-biased as above: (gap / scale) ** shape is then a gamma of 1 + 1 / shape.
        at_s = draw.random() * scale * draw.gammavariate(1 + 1 / shape, 1.0) ** (1 / shape)
        while True:
            yield at_s
            at_s += gap(scale, shape)

    def expected(self, until_s: float) -> float:
        return self.rate * until_s


class OnOff(Struct, frozen=True):
    """Poisson at `on_rate` for about `on_s` seconds, at `off_rate` for about `off_s`, in turn.

    Both durations are exponential: a Markov-modulated Poisson process of two states.
    """

    on_rate: float
    on_s: float
    off_s: float
    off_rate: float = 0.0

    def __post_init__(self) -> None:
        _above_zero("on_rate", self.on_rate)
        _above_zero("on_s", self.on_s)
        _above_zero("off_s", self.off_s)
        _between("off_rate", self.off_rate, 0.0, math.inf)

    @classmethod
    def of_rate(cls, rate: float, on_s: float, off_s: float) -> "OnOff":
        """Silent when off, and with this rate over all."""
        return cls(rate * (on_s + off_s) / on_s, on_s, off_s)

    def times(self, draw: Random) -> Iterator[float]:
        gap = draw.expovariate
        is_on = draw.random() * (self.on_s + self.off_s) < self.on_s
        at_s = end_s = 0.0
        while True:
            rate = self.on_rate if is_on else self.off_rate
            end_s += gap(1 / (self.on_s if is_on else self.off_s))
            while rate:
                at_s += gap(rate)
                if at_s >= end_s:
                    break
                yield at_s
            at_s, is_on = end_s, not is_on

    def expected(self, until_s: float) -> float:
        at_once = self.on_rate * self.on_s + self.off_rate * self.off_s
        return at_once / (self.on_s + self.off_s) * until_s


class Diurnal(Struct, frozen=True):
    """Poisson with a rate that swings as a cosine: `rate` x (1 ± `swing`), most at `peak_s`."""

    rate: float
    swing: float = 0.8
    period_s: float = 86400.0
    peak_s: float = 50400.0

    def __post_init__(self) -> None:
        _above_zero("rate", self.rate)
        _between("swing", self.swing, 0.0, 1.0)
        _above_zero("period_s", self.period_s)
        _between("peak_s", self.peak_s, 0.0, math.inf)

    def times(self, draw: Random) -> Iterator[float]:
        """By thinning: at the highest rate, each kept as the rate of its moment is a part of it."""
        at_s, swing, most = 0.0, self.swing, self.rate * (1 + self.swing)
        pace, peak_s = 2 * math.pi / self.period_s, self.peak_s
        gap, random, cos = draw.expovariate, draw.random, math.cos
        while True:
            at_s += gap(most)
            if random() * (1 + swing) <= 1 + swing * cos((at_s - peak_s) * pace):
                yield at_s

    def expected(self, until_s: float) -> float:
        pace = 2 * math.pi / self.period_s
        swung = math.sin((until_s - self.peak_s) * pace) + math.sin(self.peak_s * pace)
        return self.rate * (until_s + self.swing * swung / pace)


class Stepped(Struct, frozen=True):
    """Poisson at rates that hold from a moment on: (seconds, rate), the first from 0.

    `period_s`: then the steps begin again; 0: the last holds.
    """

    steps: tuple[tuple[float, float], ...]
    period_s: float = 0.0

    def __post_init__(self) -> None:
        begins = [begin_s for begin_s, _ in self.steps]
        if not begins or begins[0] != 0 or begins != sorted(dict.fromkeys(begins)):
            raise ValueError(f"steps at {begins} s: expected to rise from 0, as (0, 2), (60, 8)")
        for _, rate in self.steps:
            _between("a step's rate", rate, 0.0, math.inf)
        if not any(rate for _, rate in self.steps):
            raise ValueError("steps that are all 0 send nothing: give one a rate above 0")
        if self.period_s and not begins[-1] < self.period_s < math.inf:
            raise ValueError(f"a period of {self.period_s!r} s ends before its last step begins")

    def times(self, draw: Random) -> Iterator[float]:
        gap = draw.expovariate
        for begin_s, end_s, rate in self._spans():
            at_s = begin_s + gap(rate) if rate else end_s
            while at_s < end_s:
                yield at_s
                at_s += gap(rate)

    def expected(self, until_s: float) -> float:
        total = 0.0
        for begin_s, end_s, rate in self._spans():
            if begin_s >= until_s:
                break
            total += rate * (min(end_s, until_s) - begin_s)
        return total

    def _spans(self) -> Iterator[tuple[float, float, float]]:
        last_s = self.period_s or math.inf
        ends = [*(begin_s for begin_s, _ in self.steps[1:]), last_s]
        base_s = 0.0
        while True:
            for (begin_s, rate), end_s in zip(self.steps, ends, strict=True):
                yield base_s + begin_s, base_s + end_s, rate
            if not self.period_s:
                return
            base_s += self.period_s


def weibull_cv(shape: float) -> float:
    """The coefficient of variation of a Weibull distribution: it falls as the shape grows."""
    ratio = math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape)
    return math.sqrt(math.expm1(ratio))


def _above_zero(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"`{name}` is {value!r}: expected a number above 0")


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most or value == math.inf:
        raise ValueError(f"`{name}` is {value!r}: expected {least:g} to {most:g}")
