"""Who is asked when: moments from a process, experts by their popularity, with shifts and crowds.

Times and experts are drawn from streams of their own, so that one more crowd, or other lengths,
leave the rest of a workload as it was.
"""

import math
from bisect import bisect
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import pairwise
from random import Random

from msgspec import Struct

from coterie.workloads.popularity import EVEN, Popularity, chooser, shares
from coterie.workloads.processes import Process


class Crowd(Struct, frozen=True):
    """A flash crowd: for `length_s` seconds from `begin_s` on, an expert is asked `factor` times as
    often. Those who come in addition are independent of each other (Poisson).
    """

    expert: str
    begin_s: float
    length_s: float
    factor: float

    def __post_init__(self) -> None:
        if not (0 <= self.begin_s < math.inf and 0 < self.length_s < math.inf):
            raise ValueError(
                f"a crowd of {self.length_s!r} s from {self.begin_s!r} s on: expected a time from "
                "0 and a length above 0"
            )
        if not 1 <= self.factor < math.inf:
            raise ValueError(f"a crowd of {self.factor!r} times as many: expected 1 or more")

    @property
    def end_s(self) -> float:
        return self.begin_s + self.length_s


class Demand(Struct, frozen=True):
    """What is asked for. `experts` in the order of their popularity.

    `shifts`: the moments at which that order is turned around, so that who was asked most is asked
    least from then on, and the other way round at the next.
    """

    experts: tuple[str, ...]
    process: Process
    popularity: Popularity = EVEN
    shifts: tuple[float, ...] = ()
    crowds: tuple[Crowd, ...] = ()

    def __post_init__(self) -> None:
        shares(self.popularity, len(self.experts))
        if len(dict.fromkeys(self.experts)) != len(self.experts):
            raise ValueError(f"experts {list(self.experts)}: expected each once")
        if list(self.shifts) != sorted(self.shifts) or not all(
            0 <= one < math.inf for one in self.shifts
        ):
            raise ValueError(f"shifts at {list(self.shifts)} s: expected to rise from 0")
        for crowd in self.crowds:
            if crowd.expert not in self.experts:
                known = ", ".join(map(repr, self.experts[:8]))
                raise ValueError(f"a crowd for {crowd.expert!r}, which is none of {known}")

    def expected(self, until_s: float) -> float:
        """How many requests come in the first `until_s` seconds, on average."""
        extra = sum(
            rate * (end_s - begin_s)
            for crowd in self.crowds
            for begin_s, end_s, rate in _spans(self, crowd, until_s)
        )
        return self.process.expected(until_s) + extra


def asked(demand: Demand, end_s: float, seed: int = 0) -> Iterator[tuple[float, str]]:
    """Each moment before `end_s` at which an expert is asked, and which, in order."""
    streams = [_base(demand, end_s, seed)]
    streams += [
        _crowded(demand, crowd, end_s, Random(f"{seed}:crowd {number}"))
        for number, crowd in enumerate(demand.crowds)
    ]
    return merge(*streams) if len(streams) > 1 else streams[0]


def choice(demand: Demand) -> Callable[[float, float], str]:
    """The expert that a number from 0 to below 1 falls to, at a moment."""
    usual = chooser(demand.experts, demand.popularity)
    if not demand.shifts:
        return lambda at_s, number: usual(number)
    turned = chooser(demand.experts[::-1], demand.popularity)
    shifts = demand.shifts
    return lambda at_s, number: (turned if bisect(shifts, at_s) & 1 else usual)(number)


def _base(demand: Demand, end_s: float, seed: int) -> Iterator[tuple[float, str]]:
    choose, number = choice(demand), Random(f"{seed}:experts").random
    for at_s in demand.process.times(Random(f"{seed}:times")):
        if at_s >= end_s:
            return
        yield at_s, choose(at_s, number())


def _crowded(
    demand: Demand, crowd: Crowd, end_s: float, draw: Random
) -> Iterator[tuple[float, str]]:
    for begin_s, until_s, rate in _spans(demand, crowd, end_s):
        at_s = begin_s + draw.expovariate(rate) if rate else until_s
        while at_s < until_s:
            yield at_s, crowd.expert
            at_s += draw.expovariate(rate)


def _spans(demand: Demand, crowd: Crowd, end_s: float) -> Iterator[tuple[float, float, float]]:
    """Parts of a crowd's time with the rate of who comes in addition: popularity holds in each."""
    last_s = min(crowd.end_s, end_s)
    edges = [crowd.begin_s, *(s for s in demand.shifts if crowd.begin_s < s < last_s), last_s]
    place = demand.experts.index(crowd.expert)
    parts = shares(demand.popularity, len(demand.experts))
    for begin_s, until_s in pairwise(edges):
        if begin_s < until_s:
            share = parts[-1 - place if bisect(demand.shifts, begin_s) & 1 else place]
            usual = demand.process.expected(until_s) - demand.process.expected(begin_s)
            yield begin_s, until_s, (crowd.factor - 1) * share * usual / (until_s - begin_s)
