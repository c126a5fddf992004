"""Devices filled with what is worth most for its bytes, beside the room that each keeps."""

from collections.abc import Sequence
from itertools import chain

from coterie.planner.recomposition.figures import Figures
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.program import NODES
from coterie.planner.recomposition.queueing import FULL, waiting
from coterie.planner.recomposition.rows import INFINITE


class Filling:
    """What is held, what is free, and how busy devices are, while they are filled.

    `rooms`: bytes that each device keeps free. `price`: see `Figures.worth`.
    """

    def __init__(self, figures: Figures, rooms: Sequence[int], price: float) -> None:
        layout = figures.layout
        self._figures = figures
        self._layout = layout
        self._rooms = rooms
        self._held: set[int] = set()
        self._free = [place.budget_bytes for place in layout.places]
        self._budget = figures.question.options.budget_bytes
        self._chosen: set[int] = set()
        self._replicas: list[list[int]] = [[] for _ in layout.experts]
        self._busy = [0.0] * len(layout.devices)
        self._worth = [figures.worth(pair, price) for pair in range(len(layout.pairs))]

    def placement(self) -> Placement:
        sizes, layout = self._figures.size_bytes, self._layout
        experts = range(len(layout.experts))
        must = [e for e in experts if layout.experts[e].pinned or layout.experts[e].critical]
        for expert in sorted(must, key=lambda e: (-sizes[e], e)):
            self._place_required(expert)
        densities = [self._density(expert) for expert in experts]
        order = sorted(experts, key=lambda e: (-densities[e], e))
        for _ in range(2):  # what the first leaves is less to keep room for
            left = max((sizes[e] for e in experts if not self._replicas[e]), default=0)
            kept = self._keep(left)
            for expert in order:
                self._place(expert)
            for place, taken in enumerate(kept):
                self._free[place] += taken
        left = max((sizes[e] for e in experts if not self._replicas[e]), default=0)
        self._keep(left)
        self._add_replicas()
        return frozenset(self._chosen)

    def _keep(self, most: int) -> list[int]:
        """Takes the rooms, none larger than needed for as many as it is for, out of what is free;
        says how much.
        """
        largest = max(1, self._figures.sizes[-1])
        kept = [
            min(room, most * max(1, room // largest), max(0, free))
            for room, free in zip(self._rooms, self._free, strict=False)
        ]
        for place, taken in enumerate(kept):
            self._free[place] -= taken
        return kept

    def _place_required(self, expert: int) -> None:
        layout = self._layout
        one, pairs = layout.experts[expert], layout.of_expert[expert]
        if one.pinned:
            for pair in pairs:
                if pair in layout.current and self._can(pair):
                    self._add(pair)
        nodes = {self._node(pair) for pair in self._replicas[expert]}
        while len(nodes) < (NODES if one.critical else 1):
            found = [pair for pair in pairs if self._can(pair) and self._node(pair) not in nodes]
            if not found:
                return
            self._add(min(found, key=self._order))
            nodes.add(self._node(self._replicas[expert][-1]))

    def _place(self, expert: int) -> None:
        """The replicas that an expert needs, where the first is worth it."""
        if self._replicas[expert]:
            return
        pairs = self._layout.of_expert[expert]
        most = self._layout.experts[expert].replicas_max
        while len(self._replicas[expert]) < most:
            found = [pair for pair in pairs if self._worth[pair] >= 0.0 and self._can(pair)]
            if not found:
                return
            self._add(min(found, key=self._order))
            if self._serves(expert) >= self._figures.works[expert]:
                return

    def _serves(self, expert: int) -> float:
        """Seconds of service in a second that an expert's replicas can give."""
        slots = self._layout.experts[expert].slots or INFINITE
        devices = [self._layout.pairs[pair].device for pair in self._replicas[expert]]
        capacities = [self._layout.devices[device].capacity or INFINITE for device in devices]
        return sum(FULL * min(slots, capacity) for capacity in capacities)

    def _order(self, pair: int) -> tuple[float, int, int]:
        """Where a replica goes first: where it makes others wait least, or is already; then where
        it fits most closely.
        """
        layout, figures = self._layout, self._figures
        expert, device = layout.pairs[pair]
        cost = -self._relief(device, figures.works[expert])
        if pair not in layout.current:
            cost += figures.question.load_price * figures.load_s[pair]
        return (cost, self._free[device], pair)

    def _add_replicas(self) -> None:
        """Further replicas, as long as one saves more waiting in lines than it costs; each time of
        the expert whose first device is busiest.
        """
        layout = self._layout
        while True:
            best, most = -1, 0.0
            for expert, replicas in enumerate(self._replicas):
                if replicas and self._gain(expert, replicas) > most:
                    for pair in layout.of_expert[expert]:
                        if self._can(pair) and (saved := self._saved(pair)) > most:
                            best, most = pair, saved
            if best < 0:
                return
            self._add(best)

    def _gain(self, expert: int, replicas: list[int]) -> float:
        """More than one further replica of an expert can save."""
        if len(replicas) >= self._layout.experts[expert].replicas_max:
            return 0.0
        work = self._figures.works[expert]
        part = work / (len(replicas) + 1) - work / len(replicas)
        relief = sum(self._relief(self._layout.pairs[pair].device, part) for pair in replicas)
        return relief + self._kept(expert, len(replicas))

    def _kept(self, expert: int, count: int) -> float:
        """Waiting of requests that so many replicas refuse, and one more does not."""
        question, work = self._figures.question, self._figures.works[expert]
        slots = self._layout.experts[expert].slots
        if not slots or not work:
            return 0.0
        before, after = (max(0.0, work - FULL * slots * n) for n in (count, count + 1))
        return (before - after) / work * question.rates[expert] * question.options.patience_s

    def _saved(self, pair: int) -> float:
        """Waiting that one more replica saves, when all of the expert's take equal parts."""
        layout, figures = self._layout, self._figures
        expert, device = layout.pairs[pair]
        before, work = self._replicas[expert], figures.works[expert]
        saved = self._kept(expert, len(before))
        if pair not in layout.current:
            saved -= figures.question.load_price * figures.load_s[pair]
        count = len(before)
        parts = [(layout.pairs[one].device, work / (count + 1) - work / count) for one in before]
        for where, more in chain(parts, [(device, work / (count + 1))]):
            saved += self._relief(where, more)
        return saved

    def _relief(self, device: int, more: float) -> float:
        """Waiting that so much more work in a second saves: below 0, as a rule."""
        capacity = self._layout.devices[device].capacity
        if not capacity or not more:
            return 0.0
        curve, busy = self._figures.curves[device], self._busy[device]
        return waiting(curve, busy) - waiting(curve, busy + more / capacity)

    def _can(self, pair: int) -> bool:
        layout = self._layout
        return (
            self._figures.own_bytes[pair] <= self._free[layout.pairs[pair].device]
            and layout.may[pair]
            and pair not in self._chosen
            and layout.can_join(pair, self._held, self._free)
            and (self._budget is None or self._copied(pair) <= self._budget)
        )

    def _add(self, pair: int) -> None:
        layout = self._layout
        if self._budget is not None:
            self._budget -= self._copied(pair)
        for unit in layout.units_of(pair):
            if unit not in self._held:
                self._held.add(unit)
                self._free[layout.units[unit].place] -= layout.units[unit].size_bytes
        self._chosen.add(pair)
        expert, device = layout.pairs[pair]
        before, work = self._replicas[expert], self._figures.works[expert]
        for one in before:
            self._occupy(layout.pairs[one].device, work / (len(before) + 1) - work / len(before))
        before.append(pair)
        self._occupy(device, work / len(before))

    def _occupy(self, device: int, work: float) -> None:
        if capacity := self._layout.devices[device].capacity:
            self._busy[device] += work / capacity

    def _copied(self, pair: int) -> int:
        return self._layout.copied(pair, self._figures.there | self._held)

    def _node(self, pair: int) -> str:
        return self._layout.devices[self._layout.pairs[pair].device].node

    def _density(self, expert: int) -> float:
        pairs = self._layout.of_expert[expert]
        worth = max((self._worth[pair] for pair in pairs), default=0.0)
        return worth / max(1, self._figures.size_bytes[expert])
