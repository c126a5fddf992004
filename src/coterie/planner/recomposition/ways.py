"""How an expert's demand can be answered under a placement: where it is, or after a load."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from coterie.planner.recomposition.layout import Placement, Room
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import FULL

BACK = 2.0
"""Loads that a load comes to which evicts somebody who comes back."""
MEANWHILE = 0.5
"""Of the time that the other then answers, for which they wait."""
WAYS = 16
"""Devices over which the loads of one expert are split at most, where there are many pairs."""


class Way(NamedTuple):
    """How a part of an expert's demand is answered: on a device, after a load of `load_s`.

    If all of it is: `cost`, seconds waited for loads in a second; `loading`, seconds of loads;
    `wanted`, for how many experts room is wanted at a time. `evicts`: that room is somebody's who
    has to come back.
    """

    expert: int
    device: int
    load_s: float
    cost: float
    loading: float
    wanted: float
    evicts: bool


@dataclass(frozen=True)
class Ways:
    """Under a placement. `rooms`: for how many experts of its mean size each device has room, or
    makes it: for one.
    """

    question: Question
    placement: Placement
    rooms: tuple[float, ...]
    _room: Room
    _stay: Room

    @classmethod
    def under(cls, question: Question, placement: Placement) -> "Ways":
        layout, sizes = question.layout, question.sizes
        room = Room.beside(layout, placement)
        stay = Room.beside(layout, layout.staying(placement))
        rooms = tuple(
            max(1.0, sizes.rooms(device, room.free[device]))
            for device in range(len(layout.devices))
        )
        return cls(question, placement, rooms, room, stay)

    def of(self, expert: int) -> Iterator[Way]:
        question, layout = self.question, self.question.layout
        pairs = layout.of_expert[expert]
        there = [pair for pair in pairs if pair in self.placement]
        for pair in there:
            yield Way(expert, layout.pairs[pair].device, 0.0, 0.0, 0.0, 0.0, evicts=False)
        if there:
            return
        room, stay = self._room, self._stay
        may = [pair for pair in pairs if layout.may[pair]]
        found = [(pair, layout.load_s(pair, room.held), False) for pair in may if room.takes(pair)]
        if not question.is_wide or not found:
            evicting = [pair for pair in may if stay.takes(pair)]
            found += [(pair, BACK * layout.load_s(pair, stay.held), True) for pair in evicting]
        if question.is_wide:
            found = _some(found, expert)
        often, hold_s = question.rates[expert] * question.switches[expert], question.holds_s[expert]
        for pair, load_s, evicts in found:
            cost = question.rates[expert] * question.waits[expert] * load_s
            cost += evicts * often * hold_s * MEANWHILE
            wanted = question.sizes.weight(pair) * often * (load_s + hold_s) if hold_s else 0.0
            device = layout.pairs[pair].device
            yield Way(expert, device, load_s, cost, often * load_s, wanted, evicts)


def most_of(question: Question, expert: int) -> float:
    """The share of an expert's demand that one replica can serve."""
    slots, work = question.layout.experts[expert].slots, work_of(question, expert)
    return min(1.0, FULL * slots / work) if slots and work else 1.0


def _some(ways: list[tuple[int, float, bool]], expert: int) -> list[tuple[int, float, bool]]:
    """So many of them at most, others for each expert: what is split over hundreds of devices is
    split nearly as well over a few.
    """
    count = min(WAYS, len(ways))
    return [ways[(expert + i * len(ways) // count) % len(ways)] for i in range(count)]


def work_of(question: Question, expert: int) -> float:
    return question.rates[expert] * question.works_s[expert]
