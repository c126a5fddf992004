"""What one more request a second for an expert adds to all waiting, as long as others stay where
they are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coterie.planner.recomposition.lines import LANE
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import pieces, steepness, waiting
from coterie.planner.recomposition.rooms import crowded, crowding
from coterie.planner.recomposition.rows import Floats
from coterie.planner.recomposition.ways import Way, most_of


class Lines(NamedTuple):
    """How long they are, by device: `busy` of its capacity, `loading`, and how much room is
    `wanted` of `rooms`.
    """

    busy: Floats
    loading: Floats
    wanted: Floats
    rooms: Sequence[float]

    def waited(self, device: int) -> float:
        """Seconds waited in a second for loads, or for room if that is longer."""
        return max(self._heights(device))

    def price(self, question: Question, way: Way) -> float:
        """What a request more adds to that line, where loads are as many more."""
        device = way.device
        lane, crowd = self._heights(device)
        of_lane = steepness(LANE, self.loading[device]) * way.loading
        of_crowd = crowding(self.wanted[device], self.rooms[device]) * way.wanted
        if abs(lane - crowd) <= _SOME:  # whichever grows more will be longer
            added = max(of_lane, of_crowd)
        else:
            added = of_lane if lane > crowd else of_crowd
        return added / question.rates[way.expert]

    def _heights(self, device: int) -> tuple[float, float]:
        crowd = crowded(self.wanted[device], self.rooms[device])
        return waiting(LANE, self.loading[device]), crowd


def slopes_of(
    question: Question, ways: Sequence[Way], shares: Sequence[float], lines: Lines
) -> Floats:
    """By expert. One more request goes where it adds least, or away. And it comes while others wait
    for a load or are answered after one, or they while it is: so each waits for less.
    """
    found = np.zeros(len(question.rates))
    for expert in question.asked:
        found[expert] = question.options.patience_s
    slopes, prices = [], [lines.price(question, way) for way in ways]
    for way, share, price in zip(ways, shares, prices, strict=True):
        expert, capacity = way.expert, question.layout.devices[way.device].capacity
        slope = way.cost / question.rates[expert] + price
        if capacity:
            line = steepness(pieces(capacity), lines.busy[way.device])
            slope += line * question.works_s[expert] / capacity
        slopes.append(slope)
        most = most_of(question, expert)
        if most == 1.0 or share < most - _SOME:
            found[expert] = min(found[expert], slope)
    shared = np.zeros(len(question.rates))
    for way, share, slope, price in zip(ways, shares, slopes, prices, strict=True):
        expert = way.expert
        if slope > found[expert]:  # between two pieces, the price of a line is between theirs
            price = max(0.0, price - (slope - found[expert]))
        fewer, less = _shared(question, expert)
        # All but what is waited for loads changes with how many loads there are.
        loads_s = question.waits[expert] * way.load_s
        price += way.cost / question.rates[expert] - loads_s
        shared[expert] += share * (less * way.load_s + price * fewer)
    return found - shared


def _shared(question: Question, expert: int) -> tuple[float, float]:
    """By what share of them loads become fewer for each request more as often as all, and by how
    many loads less each waits: with a = 1 + r (L + A), -r d/dr of 1 / a, times a, and of
    (1 + r L / 2) / a, times how many need one.
    """
    switches, waits = question.switches[expert], question.waits[expert]
    if not switches:
        return 0.0, 0.0
    half = waits / switches - 1.0
    held = question.rates[expert] * question.holds_s[expert]
    served = 1.0 + 2.0 * half + held
    return (2.0 * half + held) / served, switches * (half + held) / served


_SOME = 1e-6
