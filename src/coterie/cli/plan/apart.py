"""Experts that can never be hot at the same time, and those that leave room for nobody beside them.

Of the largest experts alone, in which whatever does not fit is found: pairs are as many as the
square of what they are chosen from.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from coterie.cli.plan.hosted import distinct
from coterie.simulator import Setup
from coterie.types import Part

MOST_EXPERTS = 200  # of which pairs are looked at
MOST_PAIRS = 20  # that are told of


class Apart(Struct, frozen=True):
    """Two experts that are never on one device together: they need `needed_bytes`, and the largest
    that both may be on has `most_bytes` (0: there is none). `takes_turns`: they cannot be hot at
    the same time at all. `requests`: of the one that less is asked of; None: it is not known.
    """

    experts: tuple[str, str]
    needed_bytes: int
    most_bytes: int
    takes_turns: bool
    requests: int | None = None


class Alone(Struct, frozen=True):
    """An expert beside which no other one fits, on any device that it may be on. `free_bytes` is
    the most that is left beside it, and the smallest other one needs `least_bytes` more than it
    shares.
    """

    expert: str
    free_bytes: int
    least_bytes: int


class Found(Struct, frozen=True):
    """`pairs` are the first of `count`, those that matter most first: they are asked for most, or
    else they lack least. `is_all`: all experts were looked at.
    """

    pairs: tuple[Apart, ...]
    count: int
    alone: tuple[Alone, ...]
    is_all: bool


def apart(setup: Setup, requests: Mapping[str, int] | None = None) -> Found:
    """Who cannot be beside whom. `requests`: how many ask each expert, where that is known."""
    needs = {one.expert: setup.anywhere(one.expert).parts for one in setup.experts}
    bytes_of = {name: distinct(parts) for name, parts in needs.items()}
    rooms = _rooms(setup, bytes_of)
    placed = sorted(
        (name for name in needs if rooms[name]), key=lambda name: (-bytes_of[name], name)
    )
    ranked = placed[:MOST_EXPERTS]
    pairs = of_pairs(setup, combinations(ranked, 2), requests)
    return Found(
        pairs=tuple(pairs[:MOST_PAIRS]),
        count=len(pairs),
        alone=tuple(_alone(placed, ranked, needs, rooms)),
        is_all=len(placed) <= MOST_EXPERTS,
    )


def of_pairs(
    setup: Setup,
    pairs: Iterable[tuple[str, str]],
    requests: Mapping[str, int] | None = None,
) -> list[Apart]:
    """Those of the pairs that are never on one device together, the worst first. An expert that
    fits nowhere is in none.
    """
    needs = {one.expert: setup.anywhere(one.expert).parts for one in setup.experts}
    rooms = _rooms(setup, {name: distinct(parts) for name, parts in needs.items()})
    found = []
    for first, second in pairs:
        here, there = rooms[first], rooms[second]
        needed = distinct((*needs[first], *needs[second]))
        most = _most(here, there)
        if not here or not there or needed <= most:
            continue
        least = None if requests is None else min(requests.get(one, 0) for one in (first, second))
        found.append(
            Apart(
                experts=(min(first, second), max(first, second)),
                needed_bytes=needed,
                most_bytes=most,
                takes_turns=len(here) == 1 and here.keys() == there.keys(),
                requests=least,
            )
        )
    return sorted(found, key=lambda one: (not one.takes_turns, *_rank(one)))


def _rooms(setup: Setup, bytes_of: Mapping[str, int]) -> dict[str, Mapping[str, int]]:
    """For each expert the devices that it may be on and fits, the largest first."""
    ordered = sorted(setup.devices, key=lambda one: (-one.hot_bytes, one.device))
    sizes = [-one.hot_bytes for one in ordered]
    known: dict[tuple[tuple[str, ...], int], Mapping[str, int]] = {}
    found = {}
    for one in setup.experts:
        key = one.devices, bisect_right(sizes, -bytes_of[one.expert])
        if key not in known:
            known[key] = {
                device.device: device.hot_bytes
                for device in ordered[: key[1]]
                if not one.devices or device.device in one.devices
            }
        found[one.expert] = known[key]
    return found


def _most(here: Mapping[str, int], there: Mapping[str, int]) -> int:
    """The largest device of both; devices are in order, the largest first."""
    return next((size for device, size in here.items() if device in there), 0)


def _rank(pair: Apart) -> tuple[int, int, tuple[str, str]]:
    return -(pair.requests or 0), pair.needed_bytes - pair.most_bytes, pair.experts


def _alone(
    placed: Sequence[str],
    ranked: Sequence[str],
    needs: Mapping[str, tuple[Part, ...]],
    rooms: Mapping[str, Mapping[str, int]],
) -> Iterator[Alone]:
    """Those of `ranked` beside which none of the others fits anywhere."""
    for name in ranked if len(placed) > 1 else ():
        own, here = distinct(needs[name]), rooms[name]
        least = 0
        for other in reversed(placed):
            if other == name:
                continue
            both = distinct((*needs[name], *needs[other]))
            if both <= _most(here, rooms[other]):
                break
            least = min(least or both - own, both - own)
        else:
            yield Alone(name, max(here.values()) - own, least)
