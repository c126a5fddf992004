"""What a placement comes to, and whether it keeps every bound: exactly, in whole bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.config import format_size
from coterie.errors import PlanImpossible
from coterie.planner.recomposition.costs import Costs, costs_of
from coterie.planner.recomposition.layout import Layout, Placement, Room
from coterie.planner.recomposition.program import NODES
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.state import ExpertState


@dataclass(frozen=True)
class Decision:
    """A placement, its costs, and `objective`: them and the price of coming there, in seconds
    waited in a second. `bound`: no placement has less.
    """

    placement: Placement
    costs: Costs
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        return max(0.0, self.objective - self.bound)


def judged(question: Question, placement: Placement, bound: float = 0.0) -> Decision:
    """What a placement comes to."""
    costs = costs_of(question, placement)
    _, load_s = question.layout.moved(placement)
    return Decision(placement, costs, costs.total_s + question.load_price * load_s, bound)


def holds(question: Question, placement: Placement) -> bool:
    """Whether a placement keeps every bound, in whole bytes."""
    budget = question.options.budget_bytes
    moved_bytes, _ = question.layout.moved(placement)
    return (budget is None or moved_bytes <= budget) and next(
        faults(question, placement), None
    ) is None


def faults(question: Question, placement: Placement) -> Iterator[str]:
    """What is wrong with a placement, whatever it takes to come there."""
    layout = question.layout
    for pair in sorted(placement):
        if not layout.may[pair]:
            yield f"{layout.name(pair)!r} may not be there"
    room, stay = Room.beside(layout, placement), Room.beside(layout, layout.staying(placement))
    for place, left in zip(layout.places, room.free, strict=True):
        if left < 0:
            yield f"{place.name!r} holds {format_size(-left)} more than it has"
    for expert, pairs in zip(layout.experts, layout.of_expert, strict=True):
        may = [pair for pair in pairs if layout.may[pair]]
        replicas = [pair for pair in pairs if pair in placement]
        if fault := _fault(layout, expert, may, replicas):
            yield fault
        if may and not replicas and not any(stay.takes(pair) for pair in may):
            yield f"there is no room to load {expert.name!r} beside what is pinned or critical"


def _fault(layout: Layout, expert: ExpertState, may: list[int], replicas: list[int]) -> str | None:
    if len(replicas) > expert.replicas_max:
        return f"{expert.name!r} has {len(replicas)} replicas and may have {expert.replicas_max}"
    if expert.pinned and not replicas:
        return f"{expert.name!r} is pinned and nowhere resident"
    if expert.pinned and any(p in layout.current and p not in replicas for p in may):
        return f"{expert.name!r} is pinned and would be unloaded"
    nodes = {layout.devices[layout.pairs[pair].device].node for pair in replicas}
    if expert.critical and len(nodes) < NODES:
        return f"{expert.name!r} is critical and on {len(nodes)} of {NODES} nodes"
    return None


def check_possible(question: Question) -> None:
    """Raises PlanImpossible for what no placement can keep, whatever is asked."""
    layout = question.layout
    for expert, pairs in zip(layout.experts, layout.of_expert, strict=True):
        may = [pair for pair in pairs if layout.may[pair]]
        nodes = {layout.devices[layout.pairs[pair].device].node for pair in may}
        if expert.pinned and not may:
            raise PlanImpossible(
                f"expert {expert.name!r} is pinned and fits no device that it may be on: give a "
                "device more memory, or unpin it"
            )
        if expert.critical and (len(nodes) < NODES or expert.replicas_max < NODES):
            raise PlanImpossible(
                f"expert {expert.name!r} is critical, which takes replicas on {NODES} nodes; it "
                f"fits on {len(nodes)} and may have {expert.replicas_max}"
            )
