"""Who is where, and what is free, while steps are taken from one placement to another."""

from collections.abc import Sequence

from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.question import Question


class Board:
    """Changed by each load and unload. `there`: pairs that hold a replica; `holders`: how many hold
    a unit, of those that are held; `replicas`: of each expert; `free`: bytes, by place.
    """

    def __init__(self, question: Question, target: Placement) -> None:
        layout = question.layout
        self.question = question
        self.layout = layout
        self.target = target
        self.there: set[int] = set()
        self.holders: dict[int, int] = {}
        self.replicas = [0] * len(layout.experts)
        self.free = [place.budget_bytes for place in layout.places]
        for pair in sorted(layout.current):
            self.load(pair)

    def copy(self) -> "Board":
        other = Board.__new__(Board)
        other.question, other.layout, other.target = self.question, self.layout, self.target
        other.there, other.holders = set(self.there), dict(self.holders)
        other.replicas, other.free = list(self.replicas), list(self.free)
        return other

    def load(self, pair: int) -> int:
        """The bytes that are copied."""
        copied = self.layout.copied(pair, self.holders)
        self.there.add(pair)
        self.replicas[self.layout.pairs[pair].expert] += 1
        for unit in self.layout.units_of(pair):
            if unit not in self.holders:
                self.free[self.layout.units[unit].place] -= self.layout.units[unit].size_bytes
            self.holders[unit] = self.holders.get(unit, 0) + 1
        return copied

    def unload(self, pair: int) -> int:
        """The bytes of the device that are freed."""
        freed = 0
        self.there.remove(pair)
        self.replicas[self.layout.pairs[pair].expert] -= 1
        for unit in self.layout.units_of(pair):
            self.holders[unit] -= 1
            if not self.holders[unit]:
                del self.holders[unit]
                place, size_bytes, _ = self.layout.units[unit]
                self.free[place] += size_bytes
                freed += size_bytes * self.layout.is_hot(unit)
        return freed

    def missing(self) -> list[int]:
        """Replicas that are still to be loaded."""
        return sorted(self.target - self.there)

    def lacks(self, pair: int) -> list[int]:
        """The places where there is too little room for a replica."""
        return self.layout.lacks(pair, self.holders, self.free)

    def leaving(self, places: Sequence[int]) -> list[int]:
        """Replicas that are to go and hold something in one of these places."""
        units = self.layout.units
        return [
            pair
            for pair in sorted(self.there - self.target)
            if any(units[unit].place in places for unit in self.layout.units_of(pair))
        ]

    def is_last(self, pair: int) -> bool:
        """Whether an expert that is asked for, and stays resident, would be nowhere without it."""
        expert = self.layout.pairs[pair].expert
        return (
            self.replicas[expert] == 1
            and self.question.rates[expert] > 0
            and any(other in self.target for other in self.layout.of_expert[expert])
        )

    def make_room(self, pair: int) -> list[int] | None:
        """What can be unloaded so that a replica fits, and is the only one more than its expert may
        have; first who is missed least. None: too little.

        It is unloaded here.
        """
        gone: list[int] = []
        while (places := self.lacks(pair)) or self._are_many(pair):
            leaving = self.leaving(places) if places else self._leaving_of(pair)
            found = [one for one in leaving if not self.is_last(one)]
            if not found:
                for one in reversed(gone):
                    self.load(one)
                return None
            gone.append(min(found, key=self._missed))
            self.unload(gone[-1])
        return gone

    def _are_many(self, pair: int) -> bool:
        """Whether an expert has more replicas than it may have, before one more is loaded."""
        expert = self.layout.pairs[pair].expert
        return self.replicas[expert] > self.layout.experts[expert].replicas_max

    def _leaving_of(self, pair: int) -> list[int]:
        """Replicas of the same expert that are to go."""
        expert = self.layout.pairs[pair].expert
        return [one for one in self.layout.of_expert[expert] if one in self.there - self.target]

    def _missed(self, pair: int) -> tuple[bool, float, int]:
        """Replicas of experts that are resident elsewhere go first, then those asked for least."""
        expert = self.layout.pairs[pair].expert
        return self.replicas[expert] == 1, self.question.rates[expert], pair
