"""Arrivals made to measure: the same seed gives the same workload, on every machine."""

import itertools
import random
from collections.abc import Iterator

from msgspec import Struct

from coterie.workloads.requests import Arrival


class Shape(Struct, frozen=True):
    """What each request looks like; experts are drawn evenly."""

    experts: tuple[str, ...]
    prompt_tokens: int
    output_tokens: int


def poisson(shape: Shape, rate: float, duration_s: float, seed: int = 0) -> list[Arrival]:
    """Independent arrivals, `rate` a second on average."""
    _positive(rate)
    draw = random.Random(seed)
    arrivals = []
    at_s = draw.expovariate(rate)
    while at_s < duration_s:
        arrivals.append(_one(shape, at_s, draw))
        at_s += draw.expovariate(rate)
    return arrivals


def constant(shape: Shape, rate: float, duration_s: float, seed: int = 0) -> list[Arrival]:
    """Arrivals at an even distance, `rate` a second, the first at once."""
    _positive(rate)
    draw = random.Random(seed)
    return [_one(shape, index / rate, draw) for index in range(int(rate * duration_s))]


def endless(shape: Shape, seed: int = 0) -> Iterator[Arrival]:
    """Requests without times, for a closed loop: a connection takes the next when answered."""
    draw = random.Random(seed)
    return (_one(shape, 0.0, draw) for _ in itertools.count())


def _one(shape: Shape, at_s: float, draw: random.Random) -> Arrival:
    return Arrival(at_s, draw.choice(shape.experts), shape.prompt_tokens, shape.output_tokens)


def _positive(rate: float) -> None:
    if rate <= 0:
        raise ValueError(f"a rate of {rate!r} sends nothing: give requests a second, above 0")
