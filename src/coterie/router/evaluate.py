"""How good choices are: against the best single expert, chance, and an oracle. Arrays in, numbers
out; nothing here chooses.

The share of the gap closed is (quality - best) / (oracle - best). The area under the cost-quality
frontier is AIQ of RouterBench (arXiv 2403.12031): that of the non-decreasing convex hull, over the
range of costs. The expected calibration error has ten bins of equal width (Guo et al., 2017).
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from coterie.router.embedders import Floats, Integers
from coterie.router.ratings import Ratings

BINS = 10
RESAMPLES = 1000


class Quality(msgspec.Struct, frozen=True):
    """Mean scores, from 0 to 1, over `prompts`; `low` and `high`: of `gain` over the best single
    expert, the 95 % interval of the paired bootstrap.
    """

    prompts: int
    quality: float
    best: float
    best_expert: str
    random: float
    oracle: float
    gain: float
    low: float
    high: float

    @property
    def gap(self) -> float:
        """The share of the way from the best single expert to the oracle."""
        return self.gain / (self.oracle - self.best) if self.oracle > self.best else 0.0


def quality(held: Ratings, chosen: Integers, best: int) -> Quality:
    """What choices (n columns) are worth on prompts that were held back; `best`: the single expert
    that is best on those that were fitted to. Prompts whose chosen or best expert was not measured
    do not count.
    """
    rows = np.arange(len(chosen))
    got, single = held.scores[rows, chosen], held.scores[:, best]
    known = ~np.isnan(got) & ~np.isnan(single)
    gains = (got - single)[known]
    low, high = interval(gains)
    count = max(1, int(known.sum()))
    return Quality(
        prompts=int(known.sum()),
        quality=float(got[known].sum() / count),
        best=float(single[known].sum() / count),
        best_expert=held.experts[best],
        random=float(np.nanmean(held.scores[known])) if known.any() else 0.0,
        oracle=float(np.nanmax(held.scores[known], axis=1).sum() / count) if known.any() else 0.0,
        gain=float(gains.sum() / count),
        low=low,
        high=high,
    )


def interval(differences: Floats) -> tuple[float, float]:
    """The 95 % interval of the mean of paired differences, by the bootstrap."""
    if not len(differences):
        return 0.0, 0.0
    draw = np.random.default_rng(0)
    rows = draw.integers(0, len(differences), (RESAMPLES, len(differences)))
    means = differences[rows].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def calibration(confidence: Floats, right: Floats) -> tuple[float, list[tuple[float, float, int]]]:
    """The expected calibration error, and of each bin that is not empty: mean confidence, share
    that was right, and how many.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found: list[tuple[float, float, int]] = []
    for one in range(BINS):
        inside = bins == one
        if inside.any():
            found.append(
                (float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
            )
    total = max(1, len(confidence))
    return sum(abs(mean - share) * n for mean, share, n in found) / total, found


def auroc(inside: Floats, outside: Floats) -> float:
    """How often a prompt in scope has more confidence than one that is not (0.5: by chance, or
    there are none to compare).
    """
    if not len(inside) or not len(outside):
        return 0.5
    joined = np.concatenate([inside, outside])
    _, rank, counts = np.unique(joined, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle = (ends - (counts - 1) / 2)[rank]
    above = middle[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2
    return float(above / (len(inside) * len(outside)))


class Confusion(NamedTuple):
    """`counts`: of prompts of each true category (row), how many were taken for each (column)."""

    categories: tuple[str, ...]
    counts: Integers


def confusion(true: Sequence[str], taken: Sequence[str]) -> Confusion:
    """Of those whose category is known."""
    names = tuple(sorted({one for one in (*true, *taken) if one}))
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for a, b in zip(true, taken, strict=True):
        if a and b:
            counts[place[a], place[b]] += 1
    return Confusion(names, counts)


class Point(NamedTuple):
    """One setting of a dial, and what it comes to on average."""

    setting: float
    cost: float
    quality: float


def hull(points: Sequence[Point]) -> list[Point]:
    """The non-decreasing convex hull over (cost, quality), the cheapest first."""
    found: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, -one.quality)):
        if found and point.quality <= found[-1].quality:
            continue
        while len(found) > 1 and _turn(found[-2], found[-1], point) >= 0:
            found.pop()
        found.append(point)
    return found


def aiq(points: Sequence[Point], least: float, most: float) -> float:
    """The mean quality of the hull between two costs (AIQ)."""
    if not points or most <= least:
        return 0.0
    line = hull(points)
    at = np.linspace(least, most, 512)
    reached = np.interp(at, [one.cost for one in line], [one.quality for one in line])
    reached[at < line[0].cost] = 0.0  # nothing so cheap was seen
    return float(reached.mean())


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b.cost - a.cost) * (c.quality - a.quality) - (b.quality - a.quality) * (c.cost - a.cost)
