"""The best placement as a mixed-integer linear program.

Its variables, for pairs of an expert e and a device d:

    x  e is resident on d (0 or 1)            y  share of e's demand answered there
    s  e can be loaded on d beside them       z  share of e's demand that is loaded there
       (0 or 1, one for all experts alike)    v  share that is loaded and evicts somebody
    t  e can be loaded on d beside those      q  share of e's demand that is refused
       that are pinned or critical
    p  a unit of bytes is held (where more than one pair can hold it)
    m  share of e's demand that has to copy a unit that is not held, or may be evicted
    w  replicas of e on d that are new

Least is: seconds waited for loads, in lines, and until refusals, in a second; and `load_price` for
each second of loading that it takes to come from the current placement to this one.

A device may stand for several alike: then the variables are sums over these, and what is found is
a bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from coterie.planner.recomposition.holding import Holding
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.lines import lanes, line
from coterie.planner.recomposition.memory import Memory
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import pieces
from coterie.planner.recomposition.rows import INFINITE, Rows
from coterie.planner.recomposition.ways import BACK, most_of

NODES = 2
"""Nodes that a critical expert is to be on."""


class Program:
    """`resident`: the column of each pair's x. `roomy`: whether each expert that is not resident
    must have room to be loaded. `alike`: how many devices each stands for, None: itself; `there`:
    how many replicas each pair stands for now.
    """

    def __init__(
        self,
        question: Question,
        roomy: bool = True,
        alike: Sequence[int] | None = None,
        there: Sequence[int] | None = None,
    ) -> None:
        layout = question.layout
        self.question = question
        self.rows = Rows()
        self._merged = alike is not None
        self._alike = alike or [1] * len(layout.devices)
        self._there = there or [int(pair in layout.current) for pair in range(len(layout.pairs))]
        self.resident = [self._resident(pair) for pair in range(len(layout.pairs))]
        self._memory = Memory(self.rows, layout, self.resident, self._alike)
        self._staying = Memory(
            self.rows, layout, self.resident, self._alike, counts=layout.must_stay
        )
        for expert in range(len(layout.experts)):
            self._somewhere(expert, roomy)
        self._moves()
        self._demand()

    def placement(self, values: Iterable[float]) -> Placement:
        found = list(values)
        return frozenset(pair for pair, x in enumerate(self.resident) if found[x] > 0.5)

    def cut(self, placement: Placement) -> None:
        """Any placement but this one."""
        self.rows.row(self._apart_from(placement), least=1.0 - len(placement))

    def near(self, placement: Placement, most: int) -> None:
        """Only placements that differ from this one in so many replicas at most."""
        self.rows.row(self._apart_from(placement), most=float(most - len(placement)))

    def changes(self) -> list[float]:
        """Costs of the columns by which a placement of few changes is preferred, and of such the
        one of the first names.
        """
        current, count = self.question.layout.current, len(self.resident)
        costs = [0.0] * len(self.rows.costs)
        for pair, x in enumerate(self.resident):
            costs[x] = -1.0 if pair in current else 1.0 + 0.5 * (pair + 1) / count**2
        return costs

    def _apart_from(self, placement: Placement) -> dict[int, float]:
        return {x: -1.0 if pair in placement else 1.0 for pair, x in enumerate(self.resident)}

    def _resident(self, pair: int) -> int:
        layout = self.question.layout
        one, may = layout.pairs[pair], layout.may[pair]
        stays = may and layout.experts[one.expert].pinned
        low, high = float(self._there[pair] * stays), float(self._alike[one.device] * may)
        return self.rows.column(low=low, high=high, whole=True)

    def _somewhere(self, number: int, roomy: bool) -> None:
        """An expert is resident or can be loaded; as often, and where, as was asked."""
        layout, can_load = self.question.layout, self._staying.can_load
        expert, pairs = layout.experts[number], layout.of_expert[number]
        if not self.question.is_placed(pairs):
            return
        replicas = {self.resident[pair]: 1.0 for pair in pairs}
        if expert.pinned:
            self.rows.row(replicas, least=1.0)
        elif roomy:
            can = {can_load[pair]: 1.0 for pair in pairs if pair in can_load}
            self.rows.row({**replicas, **can}, least=1.0)
        if expert.replicas_max < sum(self.rows.high[x] for x in replicas):
            self.rows.row(replicas, most=float(expert.replicas_max))
        if expert.critical:
            self._apart(pairs)

    def _apart(self, pairs: tuple[int, ...]) -> None:
        """Replicas on two nodes; of devices that stand for several, two replicas."""
        layout = self.question.layout
        terms: dict[int, float] = {}
        for node in sorted({device.node for device in layout.devices}):
            here = [p for p in pairs if layout.devices[layout.pairs[p].device].node == node]
            there = self.rows.column(high=INFINITE if self._merged else 1.0)
            self.rows.row({**{self.resident[p]: 1.0 for p in here}, there: -1.0}, least=0.0)
            terms[there] = 1.0
        self.rows.row(terms, least=float(NODES))

    def _moves(self) -> None:
        """What it takes to come there, in bytes and in seconds."""
        question, layout, costs = self.question, self.question.layout, self.rows.costs
        held = layout.held(layout.current)
        new = [self._new(pair) for pair in range(len(layout.pairs))]
        copied: dict[int, float] = defaultdict(float)
        for number, unit in enumerate(layout.units):
            if not layout.is_hot(number):
                continue
            if len(unit.holders) == 1:
                column = new[unit.holders[0]]
            else:
                column = None if number in held or self._merged else self._memory.held[number]
            if column is not None:
                copied[column] += unit.size_bytes
                load_s = unit.size_bytes / layout.devices[unit.place].load_bytes_per_s
                costs[column] += question.load_price * load_s
        for column, one in zip(new, layout.pairs, strict=True):
            if column is not None:
                costs[column] += question.load_price * layout.experts[one.expert].start_s
        budget = question.options.budget_bytes
        if budget is not None and copied:
            scale = max(1, budget)
            scaled = {column: size / scale for column, size in copied.items()}
            self.rows.row(scaled, most=budget / scale)

    def _new(self, pair: int) -> int | None:
        """The column of a pair's new replicas: x, or w; None: there can be none."""
        there, most = self._there[pair], self.rows.high[self.resident[pair]]
        if not there:
            return self.resident[pair]
        if there >= most:
            return None
        new = self.rows.column(high=most)
        self.rows.row({new: 1.0, self.resident[pair]: -1.0}, least=-float(there))
        return new

    def _demand(self) -> None:
        question, layout = self.question, self.question.layout
        need = {**self._memory.need, **self._staying.need}
        holding = Holding(question, self.rows)
        busy: dict[int, dict[int, float]] = defaultdict(dict)
        loading: dict[int, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        for expert in question.asked:
            rate, most = question.rates[expert], most_of(question, expert)
            shares = {self.rows.column(rate * question.options.patience_s): 1.0}
            loaded: dict[int, float] = {}
            pairs = [pair for pair in layout.of_expert[expert] if layout.may[pair]]
            for pair in pairs:
                device = layout.pairs[pair].device
                y = self.rows.column()
                shares[y] = 1.0
                self.rows.row({self.resident[pair]: most, y: -1.0}, least=0.0)
                columns = [y]
                for memory, times in ((self._memory, 1.0), (self._staying, BACK)):
                    z, can = self.rows.column(), memory.can_load[pair]
                    shares[z] = loaded[z] = 1.0
                    self.rows.row({can: most, z: -1.0}, least=0.0)
                    columns.append(z)
                    loads: dict[int, float] = {}
                    for column, load_s in self._load(pair, z, memory).items():
                        self.rows.costs[column] += rate * question.waits[expert] * times * load_s
                        loads[column] = rate * question.switches[expert] * times * load_s
                    loading[device][can] |= loads
                    holding.add(pair, z, loads, evicts=memory is self._staying)
                if capacity := layout.devices[device].capacity:
                    work = rate * question.works_s[expert] / capacity
                    busy[device] |= dict.fromkeys(columns, work)
            for pair in pairs:
                part = 1.0 / self._alike[layout.pairs[pair].device]
                self.rows.row({**loaded, self.resident[pair]: part}, most=1.0)
            self.rows.row(shares, 1.0, 1.0)
        for device, terms in sorted(busy.items()):
            curve = pieces(layout.devices[device].capacity)
            line(self.rows, terms, curve, float(self._alike[device]))
        for device, of in sorted(loading.items()):
            height = lanes(self.rows, of, need, float(self._alike[device]))
            holding.lines(device, height, self._memory, self._alike[device])

    def _load(self, pair: int, z: int, memory: Memory) -> dict[int, float]:
        """Seconds of a load by column: what is private is always copied, what is shared if nobody
        holds it who counts.
        """
        layout = self.question.layout
        one = layout.pairs[pair]
        rate = layout.devices[one.device].load_bytes_per_s
        terms = {z: layout.experts[one.expert].start_s}
        for unit in layout.units_of(pair):
            if not layout.is_hot(unit):
                continue
            load_s = layout.units[unit].size_bytes / rate
            held = memory.held[unit]
            if held is None or held == self.resident[pair]:
                terms[z] += load_s
                continue
            copied = self.rows.column()
            self.rows.row({copied: 1.0, z: -1.0, held: 1.0}, least=0.0)
            terms[copied] = load_s
        return terms
