"""What a placement costs: seconds waited in a second, with demand split over replicas at best.

Requests for a resident expert wait in its device's line; those for another wait for its load as
well, in the line of those that the same device has to load. A load on a device without room for it
beside what is resident evicts somebody, who has to come back: it counts twice. What is pinned or
critical is never evicted. What would wait longer than patience goes away, and has waited that long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from coterie.planner.recomposition.layout import Placement, Room
from coterie.planner.recomposition.lines import LANE, line
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import FULL, pieces, steepness, waiting
from coterie.planner.recomposition.rows import Floats, Rows

BACK = 2.0
"""Loads that a load comes to which evicts somebody who comes back."""
WAYS = 16
"""Devices over which the loads of one expert are split at most, where there are many pairs."""


@dataclass(frozen=True)
class Costs:
    """Of a placement. Arrays are of experts, or of devices, in the layout's order.

    `total_s`: seconds waited in a second, which is the number of requests that wait. `misses_s`: of
    it, for loads, by expert; `refused_s`: until a refusal; `queued_s`: in lines, by device.
    `switches`: loads a second, by expert. `refused`: requests a second, by expert. `busy`: how much
    of its capacity each device uses, `loading`: how much of the time it loads. `slopes`: what one
    more request a second for an expert adds to the total; 0 where nobody asks for it.
    """

    total_s: float
    misses_s: Floats
    refused_s: Floats
    queued_s: Floats
    switches: Floats
    refused: Floats
    busy: Floats
    loading: Floats
    slopes: Floats


class _Way(NamedTuple):
    """How a part of an expert's demand is answered: on a device, each miss after a load."""

    expert: int
    device: int
    load_s: float
    column: int


def costs_of(question: Question, placement: Placement) -> Costs:
    """The costs with the split of demand that makes them least."""
    rows, layout = Rows(), question.layout
    found, refusals = [], {}
    room, stay = Room.beside(layout, placement), Room.beside(layout, layout.staying(placement))
    for expert in question.asked:
        ways = list(_ways(question, placement, room, stay, rows, expert))
        refusals[expert] = rows.column(question.rates[expert] * question.options.patience_s)
        rows.row({way.column: 1.0 for way in ways} | {refusals[expert]: 1.0}, 1.0, 1.0)
        found += ways
    here: list[list[_Way]] = [[] for _ in layout.devices]
    for way in found:
        here[way.device].append(way)
    for device, ways in zip(layout.devices, here, strict=True):
        if device.capacity and ways:
            busy = {way.column: _work(question, way.expert) / device.capacity for way in ways}
            line(rows, busy, pieces(device.capacity))
        if ways:
            line(rows, {way.column: _loading(question, way) for way in ways}, LANE)
    solved = rows.solve()
    assert solved is not None, "all demand may be refused"
    assert solved.values is not None
    return _read(question, found, refusals, solved.values)


def most_of(question: Question, expert: int) -> float:
    """The share of an expert's demand that one replica can serve."""
    slots, work = question.layout.experts[expert].slots, _work(question, expert)
    return min(1.0, FULL * slots / work) if slots and work else 1.0


def _ways(
    question: Question,
    placement: Placement,
    room: Room,
    stay: Room,
    rows: Rows,
    expert: int,
) -> Iterator[_Way]:
    layout = question.layout
    pairs = layout.of_expert[expert]
    ways = [(pair, 0.0) for pair in pairs if pair in placement]
    if not ways:
        may = [pair for pair in pairs if layout.may[pair]]
        ways = [(pair, layout.load_s(pair, room.held)) for pair in may if room.takes(pair)]
        if not question.is_wide or not ways:
            evicting = [pair for pair in may if stay.takes(pair)]
            ways += [(pair, BACK * layout.load_s(pair, stay.held)) for pair in evicting]
        if question.is_wide:
            ways = _some(ways, expert)
    for pair, load_s in ways:
        cost = question.rates[expert] * question.waits[expert] * load_s
        column = rows.column(cost, high=most_of(question, expert))
        yield _Way(expert, layout.pairs[pair].device, load_s, column)


def _some(ways: list[tuple[int, float]], expert: int) -> list[tuple[int, float]]:
    """So many of them at most, others for each expert: what is split over hundreds of devices is
    split nearly as well over a few.
    """
    count = min(WAYS, len(ways))
    return [ways[(expert + i * len(ways) // count) % len(ways)] for i in range(count)]


def _work(question: Question, expert: int) -> float:
    return question.rates[expert] * question.works_s[expert]


def _loading(question: Question, way: _Way) -> float:
    return question.rates[way.expert] * question.switches[way.expert] * way.load_s


def _read(question: Question, ways: list[_Way], refusals: dict[int, int], values: Floats) -> Costs:
    experts, devices = len(question.rates), len(question.layout.devices)
    misses, switches, refused, refused_s = (np.zeros(experts) for _ in range(4))
    busy, loading, queued = (np.zeros(devices) for _ in range(3))
    capacities = [device.capacity for device in question.layout.devices]
    for way in ways:
        share, expert, capacity = values[way.column], way.expert, capacities[way.device]
        misses[expert] += share * question.rates[expert] * question.waits[expert] * way.load_s
        if way.load_s:
            switches[expert] += share * question.rates[expert] * question.switches[expert]
        busy[way.device] += share * _work(question, expert) / capacity if capacity else 0.0
        loading[way.device] += share * _loading(question, way)
    for expert, column in refusals.items():
        refused[expert] = values[column] * question.rates[expert]
        refused_s[expert] = refused[expert] * question.options.patience_s
    curves = [pieces(capacity) for capacity in capacities]
    for device, capacity in enumerate(capacities):
        queued[device] = waiting(LANE, loading[device])
        queued[device] += waiting(curves[device], busy[device]) if capacity else 0.0
    return Costs(
        total_s=float(misses.sum() + refused_s.sum() + queued.sum()),
        misses_s=misses,
        refused_s=refused_s,
        queued_s=queued,
        switches=switches,
        refused=refused,
        busy=busy,
        loading=loading,
        slopes=_slopes(question, ways, values, busy, loading),
    )


def _slopes(
    question: Question, ways: list[_Way], values: Floats, busy: Floats, loading: Floats
) -> Floats:
    """One more request goes where it adds least, or away; all others stay where they are. And it
    comes while others wait for a load, or they while it does: so each waits for less.
    """
    found = np.zeros(len(question.rates))
    for expert in question.asked:
        found[expert] = question.options.patience_s
    steep = [steepness(LANE, device) for device in loading]
    slopes = []
    for way in ways:
        expert, capacity = way.expert, question.layout.devices[way.device].capacity
        slope = question.waits[expert] + steep[way.device] * question.switches[expert]
        slope *= way.load_s
        if capacity:
            line = steepness(pieces(capacity), busy[way.device])
            slope += line * question.works_s[expert] / capacity
        slopes.append(slope)
        most = most_of(question, expert)
        if most == 1.0 or values[way.column] < most - _SOME:
            found[expert] = min(found[expert], slope)
    shared = np.zeros(len(question.rates))
    for way, slope in zip(ways, slopes, strict=True):
        expert, price = way.expert, steep[way.device]
        if not (switches := question.switches[expert] * way.load_s):
            continue
        if slope > found[expert]:  # between two pieces, the price of a load is between theirs
            price = max(0.0, price - (slope - found[expert]) / switches)
        fewer, less = _shared(question.switches[expert], question.waits[expert])
        shared[expert] += values[way.column] * (less + price * fewer) * way.load_s
    return found - shared


def _shared(switches: float, waits: float) -> tuple[float, float]:
    """By how much fewer loads a request causes and waits for, for each one more as often as all:
    -r d/dr of 1 / (1 + r L) and of (1 + r L / 2) / (1 + r L), times how many need one.
    """
    if not switches:
        return 0.0, 0.0
    during = 2.0 * (waits / switches - 1.0)
    part = switches * during / (1.0 + during)
    return part, part / 2.0


_SOME = 1e-6
