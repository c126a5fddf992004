"""A part of a workload, drawn in one pass, that holds whole sessions if it is asked to.

Requests without a session are sessions of their own.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from operator import attrgetter
from random import Random

from coterie.workloads.changes import uniform
from coterie.workloads.requests import Arrival


def fraction(
    arrivals: Iterable[Arrival], share: float, *, by_session: bool = False, seed: int = 0
) -> Iterator[Arrival]:
    """About this share of the requests, or of the sessions. Raises ValueError."""
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share!r}: expected above 0 and at most 1")
    number = _numbers(by_session, seed)
    return (arrival for arrival in arrivals if number(arrival) < share)


def count(
    arrivals: Iterable[Arrival], most: int, *, by_session: bool = False, seed: int = 0
) -> list[Arrival]:
    """So many requests, or all requests of so many sessions, in order of time; as many as there are
    where those are fewer. Each is as likely as any other. Raises ValueError.
    """
    if most < 1:
        raise ValueError(f"a sample of {most!r}: expected 1 or more")
    number = _numbers(by_session, seed)
    kept: dict[float, list[Arrival]] = {}
    largest: list[float] = []
    for arrival in arrivals:
        rank = number(arrival)
        if rank in kept:
            kept[rank].append(arrival)
        elif len(kept) < most or rank < -largest[0]:
            kept[rank] = [arrival]
            heappush(largest, -rank)
            if len(kept) > most:
                del kept[-heappop(largest)]  # a session that is left out never comes back
    return sorted((one for group in kept.values() for one in group), key=attrgetter("at_s"))


def _numbers(by_session: bool, seed: int) -> Callable[[Arrival], float]:
    """From 0 to below 1: the same for all requests of a session, another for each other."""
    draw = Random(f"{seed}:sample").random
    if not by_session:
        return lambda arrival: draw()
    return lambda arrival: uniform(arrival.session, seed) if arrival.session else draw()
