"""What requests compute, as planning counts it: in core-seconds of the first device's kind.

Answers that a replica generates at the same time have a part of their work in common. How many are
at the same time follows from how often the expert is asked for and how long an answer takes
(Little, "A proof for the queuing formula L = lambda W", 1961). That is longer the busier machines
are: by 1 / (1 - u) where a machine that is used for u of its time is shared among all (Kleinrock,
"Time-shared systems: a theoretical treatment", 1967). How busy they are follows from the work.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from coterie.cli.plan.bare import USUAL
from coterie.hardware import Figures
from coterie.simulator import Setup
from coterie.workloads.requests import Arrival

ROUNDS = 100
BUSIEST = 0.95
"""Above which answers are not taken to be any slower."""


class _Sums(Struct):
    requests: int = 0
    prompts: float = 0.0
    outputs: float = 0.0


class Taken(Struct, frozen=True):
    """Of an expert's requests, beside others: `work` is core-seconds of one; `slots` is what one
    replica can use in a second, 0: it was not asked, and there is no bound. `answer_s`: from its
    prompt to its last token.
    """

    work: float = 0.0
    slots: float = 0.0
    answer_s: float = 0.0


class Work:
    """Sums over experts' requests on the machines of a set-up, which has a device."""

    def __init__(self, setup: Setup) -> None:
        first = setup.devices[0].device
        self._kind = setup.figures[setup.kinds[first]]
        self._cores = setup.cores[setup.computes[first]]
        self._capacity = sum(capacity(setup, one.device) for one in setup.devices)
        self._slots = {one.expert: one.slots for one in setup.experts}
        self._sums: dict[str, _Sums] = {}

    def add(self, arrival: Arrival) -> float:
        """What a request takes with nobody beside it."""
        prompt, output = _parts(
            self._kind[arrival.expert], arrival.prompt_tokens, arrival.output_tokens
        )
        sums = self._sums.setdefault(arrival.expert, _Sums())
        sums.requests += 1
        sums.prompts += prompt
        sums.outputs += output
        return prompt + output

    def beside(self, rates: Mapping[str, float]) -> dict[str, Taken]:
        """What requests take where so many a second come for each expert."""
        found = {name: Taken() for name in rates}
        busy = 0.0
        for _ in range(ROUNDS):
            slower = 1.0 / (1.0 - min(busy, BUSIEST))
            found = {name: self._taken(name, rate, slower) for name, rate in rates.items()}
            work = sum(rates[name] * one.work for name, one in found.items())
            busy = (busy + work / self._capacity) / 2.0
        return found

    def _taken(self, expert: str, rate: float, slower: float) -> Taken:
        sums, figures = self._sums.get(expert), self._kind[expert]
        if sums is None:
            return Taken()
        prompt, output = sums.prompts / sums.requests, sums.outputs / sums.requests
        alone_s = prompt / min(figures.threads, self._cores)
        alone_s += output / min(figures.output_threads, self._cores)
        if not alone_s:
            return Taken()
        slots, common = float(self._slots[expert]), figures.batch_share
        at_once = min(slots, 1.0 + rate * alone_s * slower)
        work = prompt + output * (common / at_once + 1.0 - common)
        return Taken(work, slots * work / alone_s, alone_s * slower)


def capacity(setup: Setup, device: str) -> float:
    """Core-seconds of the first device's kind that a device does in a second; devices that compute
    on one machine each have their part of it.
    """
    machine = setup.computes[device]
    beside = sum(one == machine for one in setup.computes.values())
    first = setup.figures[setup.kinds[setup.devices[0].device]]
    own = setup.figures[setup.kinds[device]]
    needed = _usual(own.values())
    speed = _usual(first.values()) / needed if needed else 1.0
    return setup.cores[machine] / beside * speed


def _usual(figures: Iterable[Figures]) -> float:
    """What a usual request to each of these takes, in all."""
    prompt, output = round(USUAL.prompt_tokens), round(USUAL.output_tokens)
    return sum(sum(_parts(one, prompt, output)) for one in figures)


def _parts(figures: Figures, prompt_tokens: int, output_tokens: int) -> tuple[float, float]:
    prompt = figures.prompt_work(prompt_tokens, is_first=False)
    return prompt, figures.output_work(output_tokens)
