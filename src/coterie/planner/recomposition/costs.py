"""What a placement costs: seconds waited in a second, with demand split over replicas at best.

Requests for a resident expert wait in its device's line; those for another wait for its load as
well, in the line of those that the same device has to load, or in that of those that wait for room
which others hold while they answer, if that is longer. A load on a device without room for it
beside what is resident evicts somebody, who has to come back: it counts twice, its room is that of
one at a time, and who comes back waits until it is given back. What is pinned or critical is never
evicted. What would wait longer than patience goes away, and has waited that long.
"""

from dataclasses import dataclass

import numpy as np

from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.lines import LANE, line
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import pieces, waiting
from coterie.planner.recomposition.rooms import crowd_line
from coterie.planner.recomposition.rows import Floats, Rows
from coterie.planner.recomposition.slopes import Lines, slopes_of
from coterie.planner.recomposition.ways import Way, Ways, most_of, work_of


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


def costs_of(question: Question, placement: Placement) -> Costs:
    """The costs with the split of demand that makes them least."""
    rows, ways = Rows(), Ways.under(question, placement)
    found: list[Way] = []  # each is the column of its number
    for expert in question.asked:
        for way in ways.of(expert):
            rows.column(way.cost, high=most_of(question, expert))
            found.append(way)
    refusals = {}
    of_expert: dict[int, dict[int, float]] = {expert: {} for expert in question.asked}
    here: list[dict[int, Way]] = [{} for _ in question.layout.devices]
    for column, way in enumerate(found):
        of_expert[way.expert][column] = 1.0
        here[way.device][column] = way
    for expert, columns in of_expert.items():
        refusals[expert] = rows.column(question.rates[expert] * question.options.patience_s)
        rows.row({**columns, refusals[expert]: 1.0}, 1.0, 1.0)
    for device, of in enumerate(here):
        if of:
            _lines(rows, ways, of, device)
    solved = rows.solve()
    assert solved is not None, "all demand may be refused"
    assert solved.values is not None
    return _read(question, found, refusals, solved.values, ways)


def _lines(rows: Rows, under: Ways, ways: dict[int, Way], device: int) -> None:
    """What is waited in the lines of a device."""
    if capacity := under.question.layout.devices[device].capacity:
        busy = {
            column: work_of(under.question, way.expert) / capacity for column, way in ways.items()
        }
        line(rows, busy, pieces(capacity))
    height = line(rows, {column: way.loading for column, way in ways.items()}, LANE)
    wanted = {column: way.wanted for column, way in ways.items() if way.wanted}
    if not wanted:
        return
    free = rows.column(low=under.rooms[device], high=under.rooms[device])
    crowd_line(rows, height, wanted, free)


def _read(
    question: Question,
    ways: list[Way],
    refusals: dict[int, int],
    values: Floats,
    under: Ways,
) -> Costs:
    experts, devices = len(question.rates), len(question.layout.devices)
    misses, switches, refused, refused_s = (np.zeros(experts) for _ in range(4))
    busy, loading, wanted = (np.zeros(devices) for _ in range(3))
    capacities = [device.capacity for device in question.layout.devices]
    for share, way in zip(values, ways, strict=False):
        expert, capacity = way.expert, capacities[way.device]
        misses[expert] += share * way.cost
        if way.load_s:
            switches[expert] += share * question.rates[expert] * question.switches[expert]
        busy[way.device] += share * work_of(question, expert) / capacity if capacity else 0.0
        loading[way.device] += share * way.loading
        wanted[way.device] += share * way.wanted
    for expert, column in refusals.items():
        refused[expert] = values[column] * question.rates[expert]
        refused_s[expert] = refused[expert] * question.options.patience_s
    lines = Lines(busy, loading, wanted, under.rooms)
    queued = np.array([lines.waited(device) for device in range(devices)])
    for device, capacity in enumerate(capacities):
        queued[device] += waiting(pieces(capacity), busy[device]) if capacity else 0.0
    return Costs(
        total_s=float(misses.sum() + refused_s.sum() + queued.sum()),
        misses_s=misses,
        refused_s=refused_s,
        queued_s=queued,
        switches=switches,
        refused=refused,
        busy=busy,
        loading=loading,
        slopes=slopes_of(question, ways, values[: len(ways)].tolist(), lines),
    )
