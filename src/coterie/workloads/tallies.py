"""Running figures of a workload in bounded memory: gaps, windows, samples, sessions, a timeline."""

from math import inf, sqrt
from random import Random
from typing import Generic, TypeVar

from coterie.workloads.changes import uniform

T = TypeVar("T")
MOST_SESSIONS = 50_000
MOST_BINS = 120
FIRST_BIN_S = 2.0**-10
THINK_SAMPLE = 20_000
NEARLY = 0.05  # of a window may be missing: a trace ends with a request, not with its time


class Gaps:
    """Between one request and the next."""

    def __init__(self) -> None:
        self.count = 0
        self.begin_s = 0.0
        self._last_s = 0.0
        self._squares = 0.0

    def add(self, at_s: float) -> None:
        if self.count:
            gap_s = at_s - self._last_s
            self._squares += gap_s * gap_s
        else:
            self.begin_s = at_s
        self._last_s = at_s
        self.count += 1

    @property
    def duration_s(self) -> float:
        return self._last_s - self.begin_s

    @property
    def rate(self) -> float | None:
        """One over the mean gap; None: there is none, or it is 0."""
        return (self.count - 1) / self.duration_s if self.duration_s > 0 else None

    @property
    def cv(self) -> float | None:
        """Deviation over mean of the gaps; None of fewer than two."""
        if self.count < 3 or not self.duration_s > 0:
            return None
        mean_s = self.duration_s / (self.count - 1)
        return sqrt(max(0.0, self._squares / (self.count - 1) / mean_s**2 - 1))


class Windows:
    """Requests and distinct experts in each whole window of a length, from the first request on.

    What comes after the last whole window is left out.
    """

    def __init__(self, window_s: float) -> None:
        if not 0 < window_s < inf:
            raise ValueError(f"a window of {window_s!r} s: expected more than 0")
        self.window_s = window_s
        self.count = 0
        self.most = 0
        self.distinct = 0
        self.most_distinct = 0
        self._requests = 0
        self._squares = 0
        self._begin_s = -1.0
        self._end_s = 0.0
        self._last_s = 0.0
        self._now = 0
        self._experts: dict[str, None] = {}

    def add(self, at_s: float, expert: str) -> None:
        if at_s >= self._end_s:
            if self._begin_s < 0:
                self._begin_s = at_s
            else:
                self._close()
                self.count = int((at_s - self._begin_s) / self.window_s)  # also those with nothing
            self._end_s = self._begin_s + (self.count + 1) * self.window_s
        self._last_s = at_s
        self._now += 1
        self._experts[expert] = None

    def close(self) -> None:
        """No more will come: the window at the end counts if it is all but over."""
        if self._last_s >= self._end_s - NEARLY * self.window_s:
            self._close()
            self.count += 1

    @property
    def mean(self) -> float:
        return self._requests / self.count

    @property
    def variance(self) -> float:
        """Of the requests in a window, as of a sample."""
        return (self._squares - self._requests**2 / self.count) / (self.count - 1)

    def _close(self) -> None:
        self.most = max(self.most, self._now)
        self._requests += self._now
        self._squares += self._now**2
        self.distinct += len(self._experts)
        self.most_distinct = max(self.most_distinct, len(self._experts))
        self._now = 0
        self._experts.clear()


class Reservoir(Generic[T]):
    """A uniform sample of what is added, of at most so many (algorithm R, Vitter 1985)."""

    def __init__(self, most: int, draw: Random) -> None:
        self.kept: list[T] = []
        self._most = most
        self._seen = 0
        self._random = draw.random

    def add(self, value: T) -> None:
        self._seen += 1
        if len(self.kept) < self._most:
            self.kept.append(value)
        else:
            place = int(self._random() * self._seen)
            if place < self._most:
                self.kept[place] = value


class Series:
    """Requests of each expert over time, in at most `MOST_BINS` bins: they grow as time does."""

    def __init__(self) -> None:
        self.bin_s = FIRST_BIN_S
        self._begin_s = -1.0
        self._last = 0
        self._bins: dict[str, list[int]] = {}

    def add(self, at_s: float, expert: str) -> None:
        if self._begin_s < 0:
            self._begin_s = at_s
        place = int((at_s - self._begin_s) / self.bin_s)
        while place >= MOST_BINS:
            self._halve()
            place = int((at_s - self._begin_s) / self.bin_s)
        self._last = place
        bins = self._bins.get(expert)
        if bins is None:
            bins = self._bins[expert] = [0] * MOST_BINS
        bins[place] += 1

    def of(self, expert: str) -> tuple[int, ...]:
        return tuple(self._bins[expert][: self._last + 1])

    def total(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*map(self.of, self._bins), strict=True)))

    def _halve(self) -> None:
        self.bin_s *= 2
        self._last //= 2
        for bins in self._bins.values():
            bins[:] = [*map(sum, zip(bins[::2], bins[1::2], strict=True)), *[0] * (MOST_BINS // 2)]


class Sessions:
    """How many sessions there are, and how long: of all, or of those whose hash is small enough.

    Adaptive sampling (Flajolet, 1990): when too many are kept, those with a hash in the upper half
    go, and whoever is met later with such a hash is not kept; so what is kept is a uniform sample
    of sessions, whole, and their number over its share of all hashes estimates that of all.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.think_s: Reservoir[float] = Reservoir(THINK_SAMPLE, Random(0))
        self._below = 1.0
        self._kept: dict[float, list[float]] = {}

    def add(self, session: str, at_s: float) -> None:
        self.requests += 1
        rank = uniform(session, 0)
        if rank >= self._below:
            return
        row = self._kept.get(rank)
        if row is not None:
            row[0] += 1
            self.think_s.add(at_s - row[1])
            row[1] = at_s
            return
        self._kept[rank] = [1, at_s]
        while len(self._kept) > MOST_SESSIONS:
            self._below /= 2
            self._kept = {rank: row for rank, row in self._kept.items() if rank < self._below}

    @property
    def is_estimate(self) -> bool:
        return self._below < 1.0

    @property
    def estimate(self) -> int:
        return round(len(self._kept) / self._below)

    def turns(self) -> list[float]:
        """Requests of each session that is kept."""
        return [row[0] for row in self._kept.values()]
