"""A workload made into another, request by request: nothing is held but the one at hand."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from random import Random

from msgspec import structs

from coterie.workloads.popularity import Popularity, chooser
from coterie.workloads.requests import Arrival


def faster(arrivals: Iterable[Arrival], speed: float) -> Iterator[Arrival]:
    """The same, `speed` times as dense. Raises ValueError."""
    if not 0 < speed < math.inf:
        raise ValueError(f"a speed of {speed!r} never gets anywhere: give a number above 0")
    return (structs.replace(arrival, at_s=arrival.at_s / speed) for arrival in arrivals)


def longer(arrivals: Iterable[Arrival], factor: float) -> Iterator[Arrival]:
    """The same with `factor` times as many tokens in and out, but at least one where there was one.
    Raises ValueError.
    """
    if not 0 < factor < math.inf:
        raise ValueError(f"{factor!r} times as many tokens: give a number above 0")

    def times(tokens: int) -> int:
        return max(1, round(tokens * factor)) if tokens else 0

    return (
        structs.replace(
            arrival,
            prompt_tokens=times(arrival.prompt_tokens),
            output_tokens=times(arrival.output_tokens),
        )
        for arrival in arrivals
    )


def between(arrivals: Iterable[Arrival], begin_s: float, end_s: float) -> Iterator[Arrival]:
    """Those from `begin_s` to before `end_s`, with times from `begin_s` on. They are in order."""
    for arrival in arrivals:
        if arrival.at_s >= end_s:
            return
        if arrival.at_s >= begin_s:
            yield structs.replace(arrival, at_s=arrival.at_s - begin_s) if begin_s else arrival


def renamed(arrivals: Iterable[Arrival], names: Mapping[str, str]) -> Iterator[Arrival]:
    """The same, asking the experts that `names` has in place of theirs."""
    for arrival in arrivals:
        name = names.get(arrival.expert)
        yield arrival if name is None else structs.replace(arrival, expert=name)


def given_out(
    arrivals: Iterable[Arrival], experts: Sequence[str], popularity: Popularity, seed: int = 0
) -> Iterator[Arrival]:
    """The same, each asking an expert that is drawn; requests of one session ask the same one.

    Raises ValueError without experts.
    """
    choose = chooser(experts, popularity)
    number = Random(f"{seed}:experts").random
    return (
        structs.replace(
            arrival, expert=choose(uniform(arrival.session, seed) if arrival.session else number())
        )
        for arrival in arrivals
    )


def uniform(name: str, seed: int) -> float:
    """A number from 0 to below 1 that belongs to a name, under every hash seed."""
    digest = blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2**-53


def numbered(count: int, stem: str = "expert") -> tuple[str, ...]:
    """Names for so many experts: `expert-00`, `expert-01`, …"""
    width = max(2, len(str(count - 1)))
    return tuple(f"{stem}-{number:0{width}}" for number in range(count))


def told(
    arrivals: Iterable[Arrival], tell: Callable[[int], object], every: int = 8192
) -> Iterator[Arrival]:
    """The same; `tell` hears how many have passed, now and then and in the end."""
    count = 0
    for count, arrival in enumerate(arrivals, 1):
        if not count % every:
            tell(count)
        yield arrival
    tell(count)
