"""What every filling of devices needs to know of a question: computed once."""

from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import pieces

SEVERAL = (2, 3, 4, 6, 8, 12, 16)
"""Of the largest experts, for which a device may keep room."""
_NOTHING = 1e-12
"""What is worth nothing is not loaded."""


class Figures:
    """`load_s`: of each pair, where nothing of it is held; `own_bytes`: what only it can hold of a
    device's memory. `size_bytes`: of each expert, where it takes most; `sizes`: those of experts
    that may have to be loaded, ascending. `works`: seconds of service in a second, by expert.
    `keepers`: devices in the order in which they are to keep room for loads.
    """

    def __init__(self, question: Question) -> None:
        layout = question.layout
        self.question = question
        self.layout = layout
        self.there = layout.held(layout.current)
        nothing: set[int] = set()
        self.load_s = [layout.load_s(pair, nothing) for pair in range(len(layout.pairs))]
        copied = [layout.copied(pair, nothing) for pair in range(len(layout.pairs))]
        self.own_bytes = [self._own(pair) for pair in range(len(layout.pairs))]
        self.size_bytes = [
            max((copied[pair] for pair in pairs), default=0) for pairs in layout.of_expert
        ]
        loaded = {
            size
            for size, one, pairs in zip(
                self.size_bytes, layout.experts, layout.of_expert, strict=True
            )
            if not one.pinned and question.is_placed(pairs)
        }
        self.sizes = sorted(loaded) or [0]
        self.works = [
            rate * work_s for rate, work_s in zip(question.rates, question.works_s, strict=True)
        ]
        self.curves = [pieces(device.capacity) for device in layout.devices]
        self.keepers = self._keepers()

    def _own(self, pair: int) -> int:
        layout = self.layout
        units = [layout.units[unit] for unit in layout.units_of(pair) if layout.is_hot(unit)]
        return sum(unit.size_bytes for unit in units if len(unit.holders) == 1)

    def levels(self, count: int) -> tuple[int, ...]:
        """So many of the sizes at most, the largest among them."""
        steps = min(count, len(self.sizes))
        picked = {self.sizes[(i + 1) * len(self.sizes) // steps - 1] for i in range(steps)}
        return tuple(sorted(picked))

    def several(self, device: int) -> tuple[int, ...]:
        """Room for more than one of the largest, where who is loaded holds it while it answers."""
        if not self.question.sizes.mean_bytes[device]:
            return ()
        hot_bytes = self.layout.devices[device].hot_bytes
        sizes = (self.sizes[-1] * count for count in SEVERAL)
        return tuple(size for size in sizes if size <= hot_bytes)

    def worth(self, pair: int, price: float) -> float:
        """Seconds waited in a second that a replica saves where there is none, less what it takes
        to load it; `price` is what a second of loading makes others wait.
        """
        question, expert = self.question, self.layout.pairs[pair].expert
        each = question.waits[expert] + price * question.switches[expert]
        worth = question.rates[expert] * each * self.load_s[pair]
        if pair in self.layout.current:
            return worth
        return worth - question.load_price * self.load_s[pair] - _NOTHING

    def _keepers(self) -> list[int]:
        """Whose way in is quickest, then whose residents are worth least."""
        devices, worth = self.layout.devices, [0.0] * len(self.layout.devices)
        for pair in sorted(self.layout.current):
            worth[self.layout.pairs[pair].device] += self.worth(pair, 1.0)
        return sorted(
            range(len(devices)), key=lambda d: (-devices[d].load_bytes_per_s, worth[d], d)
        )
