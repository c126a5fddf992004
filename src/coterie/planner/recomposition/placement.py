"""The placement of least cost within all bounds.

Where pairs of an expert and a device are few, it is found by HiGHS, and checked: what HiGHS finds
within its tolerances is judged anew in whole bytes, and cut off where it does not hold. Where the
search is given up, placements near the best so far are searched (Fischetti and Lodi, "Local
branching", 2003). Where pairs are many, it is packed by rule, and a relaxation bounds what any
other could gain.

Of placements whose costs differ by no more than `TIE` of the scale, a second program takes one of
fewest changes, and of such one of the first names, as far as a short search finds them: nothing
hangs on the order in which experts or devices were listed.
"""

from dataclasses import replace

from msgspec import structs

from coterie.config import format_size
from coterie.errors import PlanImpossible
from coterie.planner.recomposition.judging import Decision, check_possible, holds, judged
from coterie.planner.recomposition.packing import packed
from coterie.planner.recomposition.program import Program
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.relaxation import bound_of
from coterie.planner.recomposition.rows import Solved

TIE = 1e-7
NEAR = 6
"""Replicas in which a placement that is near another differs."""
TIDY = 20
"""So much fewer nodes than for the least cost are looked at for the fewest changes."""
ROUNDS = 8
"""Searches nearby at most, each of a tenth of the nodes."""
_SCALED = 1e4
"""HiGHS stops at an absolute gap of 1e-6 and forgives rows as much: costs are so much larger."""
_CUTS = 50


def decide(question: Question) -> Decision:
    """Raises PlanImpossible, saying what to change, where no placement keeps the bounds; or where
    none was found within the bounds of the search.
    """
    check_possible(question)
    start = _start(question)
    if question.is_wide:
        if start is None:
            raise PlanImpossible(
                "no placement was found that leaves room to load each expert beside what is pinned "
                "or critical: give devices more memory, or pin fewer"
            )
        return replace(start, bound=min(start.objective, bound_of(question)))
    best = _search(question, start)
    if best is None:
        raise PlanImpossible(_why_not(question))
    if best.gap > 2 * TIE * question.scale:
        return _improved(question, best)
    return _tidied(question, best)


def _start(question: Question) -> Decision | None:
    """What is there, or what is packed, whichever is better."""
    found = packed(question)
    current = question.layout.current
    if not holds(question, current):
        return found
    stays = judged(question, current)
    return found if found is not None and found.objective < stays.objective else stays


def _search(question: Question, best: Decision | None) -> Decision | None:
    """The best that really keeps all bounds, with the least that any may cost."""
    program = Program(question)
    if best is not None:
        _no_dearer(question, program, best.objective)
    for _ in range(_CUTS):
        found = _solved(question, program, question.options.nodes)
        if found is None:  # all that cost less are cut off
            return best and replace(best, bound=best.objective)
        placement = program.placement(found.values) if found.values is not None else None
        if placement is not None and holds(question, placement):
            here = judged(question, placement)
            if best is None or here.objective < best.objective:
                best = here
        if best is not None:
            best = replace(best, bound=min(best.objective, found.bound))
            if found.stopped or best.gap <= TIE * question.scale:
                return best
        if placement is None:
            return best
        program.cut(placement)
    return best


def _improved(question: Question, best: Decision) -> Decision:
    """The best within a few steps, each of a few replicas."""
    for _ in range(ROUNDS):
        program = Program(question)
        program.near(best.placement, NEAR)
        _no_dearer(question, program, best.objective)
        found = _solved(question, program, max(1, question.options.nodes // 10))
        if found is None or found.values is None:
            break
        placement = program.placement(found.values)
        if not holds(question, placement):
            break
        here = judged(question, placement, best.bound)
        if here.objective >= best.objective - TIE * question.scale:
            break
        best = here
    return best


def _tidied(question: Question, best: Decision) -> Decision:
    """Of the placements that cost as much, one of fewest changes, and of these of first names.

    Where devices are alike, very many cost as much: of those that were found when the search is
    given up, that one.
    """
    program = Program(question)
    _no_dearer(question, program, best.objective)
    changes = program.changes()
    for _ in range(_CUTS):
        found = program.rows.solve(changes, max(1, question.options.nodes // TIDY))
        if found is None or found.values is None:
            break
        placement = program.placement(found.values)
        if holds(question, placement):
            here = judged(question, placement, best.bound)
            if here.objective <= best.objective + 2 * TIE * question.scale:
                fewer = _changed(program, changes, here) < _changed(program, changes, best)
                return here if fewer or not found.stopped else best
        if found.stopped:
            break
        program.cut(placement)
    return best


def _changed(program: Program, changes: list[float], decision: Decision) -> float:
    return sum(changes[program.resident[pair]] for pair in sorted(decision.placement))


def _solved(question: Question, program: Program, nodes: int) -> Solved | None:
    scale = _SCALED / question.scale
    costs = [cost * scale for cost in program.rows.costs]
    found = program.rows.solve(costs, nodes, question.options.time_limit_s)
    return found and found._replace(cost=found.cost / scale, bound=found.bound / scale)


def _no_dearer(question: Question, program: Program, objective: float) -> None:
    """Only placements that cost no more, but for `TIE`."""
    terms = {i: cost / question.scale for i, cost in enumerate(program.rows.costs) if cost}
    program.rows.row(terms, most=objective / question.scale + TIE)


def _why_not(question: Question) -> str:
    """Which bound it is that cannot be kept."""
    layout, budget = question.layout, question.options.budget_bytes
    free = replace(question, options=structs.replace(question.options, budget_bytes=None))
    if budget is not None and Program(free).rows.solve() is not None:
        return (
            f"{format_size(budget)} may be moved, which is too little to load what is pinned or "
            "critical: raise it"
        )
    if Program(free, roomy=False).rows.solve() is not None:
        rest = [one for one in layout.experts if not one.pinned]
        largest = max(rest, key=lambda one: (one.footprint.hot_bytes, one.name))
        return (
            f"{largest.name!r} takes {format_size(largest.footprint.hot_bytes)}, and no placement "
            "leaves room to load each expert beside what is pinned or critical: give a device more "
            "memory, or unpin one"
        )
    return (
        "what is pinned or critical does not fit on the devices together: give them more memory, "
        "or unpin one"
    )
