"""A workload as the sum of its clients: each with times, bursts and lengths of its own.

Production traffic is few clients that send most of it, and whose rates move by themselves: one
process for all has neither their bursts nor their shifts. (ServeGen: Xiang et al., 2025.)
"""

from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from random import Random
from typing import Literal

from msgspec import Struct

from coterie.workloads.lengths import Lengths
from coterie.workloads.processes import Process
from coterie.workloads.requests import Arrival


class Window(Struct, frozen=True):
    """What a client does for `length_s` seconds from `begin_s` on."""

    begin_s: float
    length_s: float
    process: Process
    prompt: Lengths
    output: Lengths


class Client(Struct, frozen=True):
    """Somebody who sends requests, as a tenant of this name; its windows are in order and apart."""

    name: str
    windows: tuple[Window, ...]
    expert: str = ""


class Counted(Struct, frozen=True):
    """Exactly `count` moments in `length_s` seconds: gaps of a distribution, stretched to fill it.

    Where a rate is a count that was measured, this keeps it, however bursty the client is; a
    process of that rate would keep it on average alone. `shape` is the distribution's own.
    """

    count: int
    length_s: float
    family: Literal["gamma", "weibull"]
    shape: float

    def __post_init__(self) -> None:
        if self.count < 0 or not self.length_s > 0 or not self.shape > 0:
            raise ValueError(
                f"{self.count!r} requests in {self.length_s!r} s with shape {self.shape!r}: "
                "expected 0 or more, above 0, above 0"
            )

    def times(self, draw: Random) -> Iterator[float]:
        shape = self.shape
        if self.family == "gamma":
            gap = draw.gammavariate
            gaps = array("d", (gap(shape, 1.0) for _ in range(self.count + 1)))
        else:
            tail = draw.weibullvariate
            gaps = array("d", (tail(1.0, shape) for _ in range(self.count + 1)))
        total = sum(gaps)
        stretch = self.length_s / total if total else 0.0
        last_s = self.length_s * (1 - 1e-9)  # rounding may carry a sum to the end, or beyond
        at_s = 0.0
        for gap_s in gaps[:-1]:
            at_s += gap_s * stretch
            yield min(at_s, last_s)

    def expected(self, until_s: float) -> float:
        return self.count * min(1.0, until_s / self.length_s)


def mixture(
    clients: Iterable[Client], begin_s: float, end_s: float, seed: int = 0
) -> Iterator[Arrival]:
    """What all clients send from `begin_s` to before `end_s`, in order; times count from 0 as the
    windows' do. What a window holds does not depend on the others, nor on the times asked for.
    """
    streams = [_sent(number, client, begin_s, end_s, seed) for number, client in enumerate(clients)]
    return (arrival for _, _, arrival in merge(*streams))


def _sent(
    number: int, client: Client, begin_s: float, end_s: float, seed: int
) -> Iterator[tuple[float, int, Arrival]]:
    """A client's requests behind what they are merged by: no two clients have one number."""
    name, expert = client.name, client.expert
    for window in client.windows:
        last_s = window.begin_s + window.length_s
        if window.begin_s >= end_s or last_s <= begin_s:
            continue
        draw = Random(f"{seed}:{name}:{window.begin_s:g}")
        prompts, outputs = window.prompt.draws(draw), window.output.draws(draw)
        for since_s in window.process.times(Random(f"{seed}:{name}:{window.begin_s:g}:times")):
            at_s = window.begin_s + since_s
            if at_s >= min(last_s, end_s):
                break
            arrival = Arrival(at_s, expert, prompts(), outputs(), tenant=name)
            if at_s >= begin_s:
                yield at_s, number, arrival
