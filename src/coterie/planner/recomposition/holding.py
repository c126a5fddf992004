"""Room that is held while who was loaded there answers, as rows of the program."""

from collections import defaultdict
from collections.abc import Mapping

from coterie.planner.recomposition.memory import Memory
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.rooms import crowd_line
from coterie.planner.recomposition.rows import Rows
from coterie.planner.recomposition.ways import MEANWHILE


class Holding:
    """Collects who wants room on which device, and writes the lines there."""

    def __init__(self, question: Question, rows: Rows) -> None:
        self._question = question
        self._rows = rows
        count = len(question.layout.devices)
        self._wanted: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
        self._beside: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
        self._least = [1.0] * count

    def add(self, pair: int, share: int, loads: Mapping[int, float], *, evicts: bool) -> None:
        """The column of the share that is loaded there, and seconds of loads in a second, by
        column.
        """
        question, one = self._question, self._question.layout.pairs[pair]
        hold_s = question.holds_s[one.expert]
        if not hold_s:
            return
        held = question.rates[one.expert] * question.switches[one.expert] * hold_s
        weight = question.sizes.weight(pair)
        terms = {column: weight * load_s for column, load_s in loads.items()}
        terms[share] = terms.get(share, 0.0) + weight * held
        for into in (self._wanted, self._beside)[: 1 if evicts else 2]:
            for column, part in terms.items():
                into[one.device][column] += part
        self._least[one.device] = min(self._least[one.device], weight)
        self._rows.costs[share] += evicts * held * MEANWHILE

    def lines(self, device: int, height: int, memory: Memory, alike: int) -> None:
        """Waiting for room is no shorter than the line of loads, which `height` is, on so many
        devices alike. Where there is room for less than one, one is evicted.
        """
        sizes, layout, rows = self._question.sizes, self._question.layout, self._rows
        if not sizes.mean_bytes[device]:
            return
        hot = sizes.rooms(device, alike * layout.devices[device].hot_bytes)
        free = rows.column(high=alike + hot)
        roomy = rows.column(high=float(alike), whole=True)
        left: dict[int, float] = defaultdict(float)
        for unit, column in zip(layout.units, memory.held, strict=True):
            if unit.place == device and column is not None:
                left[column] += sizes.rooms(device, unit.size_bytes)
        rows.row({free: 1.0, roomy: 1.0, **left}, most=hot + alike)
        rows.row({free: 1.0, roomy: -hot}, most=float(alike))
        crowd_line(rows, height, self._wanted[device], free)
        self._tighten(device, height, memory, alike, left, hot, free)

    def _tighten(
        self,
        device: int,
        height: int,
        memory: Memory,
        alike: int,
        left: Mapping[int, float],
        hot: float,
        free: int,
    ) -> None:
        """Who evicts nobody waits for room that there is: of whole devices this says nothing new.
        But the relaxation would load into parts of devices, with the room of all of them.
        """
        layout, rows = self._question.layout, self._rows
        cans = {can for pair, can in memory.can_load.items() if layout.pairs[pair].device == device}
        open_ = rows.column(high=float(alike))
        rows.row({open_: 1.0, **dict.fromkeys(sorted(cans), -1.0)}, most=0.0)
        there = rows.column(high=alike + hot)
        rows.row({there: 1.0, free: -1.0}, most=0.0)
        rows.row({there: 1.0, open_: -max(1.0, hot / alike)}, most=0.0)
        rows.row({there: 1.0, open_: self._least[device] - 1.0, **left}, most=hot)
        crowd_line(rows, height, self._beside[device], there)
