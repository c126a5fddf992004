"""What a request takes with nobody beside it: a bound that no policy and no memory can better."""

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

from coterie.scheduler import events as on
from coterie.simulator import FREE, Place, Setup
from coterie.simulator.rides import prompt_tokens
from coterie.types import NO_BUDGET, Budget

USUAL_PROMPT = 512
USUAL_OUTPUT = 128
"""Tokens of a request, where no workload says how many."""


class Typical(Struct, frozen=True):
    """An expert's requests: the medians of their tokens, and the tightest budget of any of them.
    `requests`: how many there are; 0: nothing is known of them.
    """

    prompt_tokens: float = USUAL_PROMPT
    output_tokens: float = USUAL_OUTPUT
    budget: Budget = NO_BUDGET
    requests: int = 0


USUAL = Typical()


class Bare(Struct, frozen=True):
    """Seconds, on the device where it is quickest: of a load from host memory, of one from disk, to
    the first token of a hot replica, and to the last.
    """

    expert: str
    device: str
    load_s: float
    cold_load_s: float
    first_s: float
    last_s: float


def typical(requests: Sequence[on.Arrived]) -> dict[str, Typical]:
    """By expert, of those that are asked for."""
    by_expert: dict[str, list[on.Arrived]] = {}
    for request in requests:
        by_expert.setdefault(request.expert, []).append(request)
    return {
        expert: Typical(
            prompt_tokens=median(map(prompt_tokens, own)),
            output_tokens=median(request.output_tokens for request in own),
            budget=_tightest([request.budget for request in own]),
            requests=len(own),
        )
        for expert, own in by_expert.items()
    }


class Undisturbed:
    """What requests and loads take on the machines of a set-up. Devices that are alike are looked
    at once.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        nodes = {device.device: device.node for device in setup.devices}
        places = {place.node: place for place in setup.places}
        self._places = {device: places.get(node, Place(node)) for device, node in nodes.items()}
        self._devices = {one.expert: one.devices for one in setup.experts}
        self._all = self._unlike(nodes)

    def takes(self, expert: str, usual: Typical = USUAL, device: str = "") -> Bare | None:
        """On a device, or else where it is quickest of those that it may be on; None: on none."""
        own = self._devices[expert]
        devices = self._unlike(one for one in own if one in self._places) if own else self._all
        found = [self._bare(expert, one, usual) for one in ([device] if device else devices)]
        return min(found, key=lambda one: one.load_s + one.first_s, default=None)

    def _unlike(self, devices: Iterable[str]) -> list[str]:
        """One of each sort."""
        setup = self._setup
        found: dict[tuple[str, float, float, float], str] = {}
        for device in devices:
            place, cores = self._places[device], setup.cores[setup.computes[device]]
            lane = min(place.link, setup.lanes.get(device, FREE))
            found.setdefault((setup.kinds[device], lane, place.disk, cores), device)
        return list(found.values())

    def _bare(self, expert: str, device: str, usual: Typical) -> Bare:
        figures = self._setup.figures_on(expert, device)
        place, cores = self._places[device], self._setup.cores[self._setup.computes[device]]
        size = figures.load_bytes
        besides_s = figures.load_wait_s + figures.load_work / min(1.0, cores)
        lane = min(place.link, self._setup.lanes.get(device, FREE))
        link_s = size / lane if lane != FREE else 0.0
        disk_s = size / place.disk if place.disk != FREE else 0.0
        work = figures.prompt_work(usual.prompt_tokens, is_first=True)
        first_s = work / min(figures.threads, cores)
        return Bare(
            expert=expert,
            device=device,
            load_s=besides_s + link_s,
            cold_load_s=besides_s + max(link_s, disk_s),
            first_s=first_s,
            last_s=first_s
            + figures.output_work(round(usual.output_tokens)) / min(figures.output_threads, cores),
        )


def _tightest(budgets: Sequence[Budget]) -> Budget:
    def least(name: str) -> float:
        return min((value for one in budgets if (value := getattr(one, name))), default=0.0)

    return Budget(least("ttft"), least("tpot"), least("e2e"))
