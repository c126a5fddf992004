"""A placement by rule: some devices keep room for loads, and all are filled with what is worth most
for its bytes.

What a replica is worth is what its expert's requests would wait for loads without it, and what
those loads would make others wait, which hangs on how much is loaded at all. How much room each
device keeps is searched for: first as much as the largest expert takes on some of them, then device
by device.
"""

from collections.abc import Iterator

from coterie.planner.recomposition.costs import Costs
from coterie.planner.recomposition.figures import Figures
from coterie.planner.recomposition.filling import Filling
from coterie.planner.recomposition.judging import Decision, holds, judged
from coterie.planner.recomposition.lines import LANE
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import steepness

ROUNDS = 3
WORSE = 4
"""So many numbers of devices in a row that are worse than the best end the search for it."""
TRIES = 200
"""Of a device's room, where there are few pairs; of more pairs, fewer."""
LEVELS = 6


def packed(question: Question) -> Decision | None:
    """The best that was found; None: none that keeps all bounds."""
    search = _Search(question)
    worse = 0
    for count in _counts(len(question.layout.devices)):
        rounds = 0
        while rounds < ROUNDS and search.tries(search.first(count)):
            rounds += 1
        worse = 0 if rounds or search.best is None else worse + 1
        if worse == WORSE:
            break
    search.settle()
    return search.best


def _counts(devices: int) -> Iterator[int]:
    """Of devices that keep room: each small number, then steps of a third."""
    count = 0
    while count <= devices:
        yield count
        count = max(count + 1, count * 4 // 3)


class _Search:
    """`best`: so far, with `rooms`, the bytes that each device kept for it."""

    def __init__(self, question: Question) -> None:
        self.best: Decision | None = None
        self.rooms: tuple[int, ...] = ()
        self._question = question
        self._figures = Figures(question)
        self._price = 1.0
        self._left = max(20, min(TRIES, 400_000 // max(1, len(question.layout.pairs))))

    def first(self, count: int) -> tuple[int, ...]:
        """Room for the largest expert on so many devices."""
        figures = self._figures
        keepers = figures.keepers[:count]
        return tuple(
            figures.sizes[-1] if device in keepers else 0
            for device in range(len(self._question.layout.devices))
        )

    def tries(self, rooms: tuple[int, ...]) -> bool:
        """Fills the devices; whether that keeps all bounds and is better than all before."""
        placement = Filling(self._figures, rooms, self._price).placement()
        if not holds(self._question, placement):
            return False
        here = judged(self._question, placement)
        self._price = _price(here.costs, rooms)
        if self.best is not None and here.objective >= self.best.objective:
            return False
        self.best, self.rooms = here, rooms
        return True

    def settle(self) -> None:
        """Changes the room of one device at a time, for as long as that helps."""
        improved = self.best is not None
        while improved and self._left > 0:
            improved = False
            for device in self._figures.keepers:
                for size in (0, *self._figures.levels(LEVELS), *self._figures.several(device)):
                    if size == self.rooms[device] or self._left <= 0:
                        continue
                    self._left -= 1
                    assert self.best is not None
                    self._price = _price(self.best.costs, self.rooms)
                    rooms = (*self.rooms[:device], size, *self.rooms[device + 1 :])
                    improved = self.tries(rooms) or improved


def _price(costs: Costs, rooms: tuple[int, ...]) -> float:
    """Seconds waited in line for one more second of loading."""
    lanes = sum(1 for room in rooms if room)
    return steepness(LANE, float(costs.loading.sum()) / max(1, lanes))
