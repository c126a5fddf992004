"""Memory as rows of a program: what replicas hold, and what room is left for loads.

The room in a place is for one load at a time: for any that can be done, not for all together, even
in a node's host memory, into which several devices load.

Where a device stands for several alike, the columns are sums over these.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from coterie.planner.recomposition.layout import Layout
from coterie.planner.recomposition.rows import Rows


class Memory:
    """Adds columns and rows. `held`: the column that says whether a unit is held, by unit: x of its
    only holder, or p; None: nobody can hold it. `can_load`: the column s, by pair; pairs that take
    the same of a device share theirs. `need`: the bytes that a load takes at most, by column s.

    `counts`: whether a pair's replica counts here at all; a load may evict those that do not.
    """

    def __init__(
        self,
        rows: Rows,
        layout: Layout,
        resident: Sequence[int],
        alike: Sequence[int],
        counts: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._rows = rows
        self._layout = layout
        self._alike = alike
        self._room: dict[int, int] = {}
        self._holders = [tuple(filter(counts, unit.holders)) for unit in layout.units]
        self._counted = {
            unit.place for unit, of in zip(layout.units, self._holders, strict=True) if of
        }
        self.held = [self._unit(unit, resident) for unit in range(len(layout.units))]
        self.need: dict[int, int] = {}
        self.can_load = self._loadable()
        self._places()

    def _unit(self, number: int, resident: Sequence[int]) -> int | None:
        layout, rows = self._layout, self._rows
        holders = [resident[pair] for pair in self._holders[number]]
        if len(holders) < 2:
            return holders[0] if holders else None
        most = max(self._alike[layout.pairs[pair].device] for pair in self._holders[number])
        held = rows.column(high=float(most))
        for x in holders:
            rows.row({held: 1.0, x: -1.0}, least=0.0)
        rows.row({held: 1.0, **dict.fromkeys(holders, -1.0)}, most=0.0)
        return held

    def _loadable(self) -> dict[int, int]:
        layout = self._layout
        alike: dict[tuple[object, ...], int] = {}
        found = {}
        for pair, one in enumerate(layout.pairs):
            if not layout.may[pair]:
                continue
            shared = tuple(u for u in layout.units_of(pair) if {*self._holders[u]} - {pair})
            own: dict[int, int] = defaultdict(int)
            for unit in layout.units_of(pair):
                if unit not in shared:
                    own[layout.units[unit].place] += layout.units[unit].size_bytes
            key = (one.device, shared, tuple(sorted(own.items())))
            if key not in alike:
                alike[key] = self._can(one.device, shared, own)
            found[pair] = alike[key]
        return found

    def _can(self, device: int, shared: tuple[int, ...], own: dict[int, int]) -> int:
        layout, rows, alike = self._layout, self._rows, float(self._alike[device])
        if not shared and self._counted.isdisjoint(own):  # it fits alone, and nobody else counts
            can = rows.column(low=alike, high=alike)
            self.need[can] = sum(own.values())
            return can
        can = rows.column(high=alike, whole=True)
        needs: dict[int, dict[int, int]] = defaultdict(dict)
        for place, size_bytes in sorted(own.items()):
            needs[place][can] = size_bytes
        for unit in shared:
            held = self.held[unit]
            assert held is not None, "somebody else can hold it"
            missing = rows.column(high=alike)
            rows.row({missing: 1.0, can: -1.0, held: 1.0}, least=0.0)
            needs[layout.units[unit].place][missing] = layout.units[unit].size_bytes
        for place, terms in needs.items():
            budget = max(1, layout.places[place].budget_bytes)
            if place not in self._room:
                self._room[place] = rows.column(high=alike)
            scaled = {column: -size / budget for column, size in terms.items()}
            rows.row({self._room[place]: 1.0, **scaled}, least=0.0)
        self.need[can] = sum(size for terms in needs.values() for size in terms.values())
        return can

    def _places(self) -> None:
        """What is held and what is left for loads, against what there is."""
        layout = self._layout
        terms: list[dict[int, float]] = [defaultdict(float) for _ in layout.places]
        for unit, column in zip(layout.units, self.held, strict=True):
            if column is not None:
                budget = max(1, layout.places[unit.place].budget_bytes)
                terms[unit.place][column] += unit.size_bytes / budget
        for place, room in self._room.items():
            terms[place][room] = 1.0
        for place, of in enumerate(terms):
            if of:
                alike = self._alike[place] if place < len(layout.devices) else 1
                self._rows.row(of, most=float(alike))
