"""What more memory buys: the best plan at each budget, and how it does on prompts it has not seen.

More memory never gives a plan of less value: what fits a budget fits every larger one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from coterie.errors import PlanImpossible
from coterie.planner.evidence import UNNAMED, Floats, dealt, weigh
from coterie.planner.problem import Plan, Problem
from coterie.planner.selection import select

STEPS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4)


def ladder(problem: Problem) -> tuple[int, ...]:
    """Budgets from an eighth of the memory to four times as much, from where the smallest expert
    fits to where all do.
    """
    sizes, memory = problem.sizes, problem.memory_bytes
    steps = {min(int(memory * step), sum(sizes)) for step in STEPS} | {memory}
    return tuple(sorted(step for step in steps if step >= min(sizes, default=0)))


def frontier(problem: Problem, budgets: Iterable[int]) -> Iterator[tuple[int, Plan | None]]:
    """Each budget, ascending, with its best plan, or None where nothing fits."""
    best: Plan | None = None
    for budget in sorted(set(budgets)):
        try:
            found: Plan | None = select(replace(problem, memory_bytes=budget))
        except PlanImpossible:
            found = None
        if best is not None and (found is None or found.value < best.value):
            found = replace(best, gap=found.gap if found else best.gap)
        best = found
        yield budget, found


def best_single(problem: Problem, budget: int) -> Plan | None:
    """The best single expert within a budget; None: none fits."""
    try:
        return select(replace(problem, memory_bytes=budget, must=(), most=1))
    except PlanImpossible:
        return None


def held_out_quality(
    problem: Problem, scores: Floats, labels: Sequence[str], pull: float
) -> float | None:
    """The mean score of plans made without the prompts they are scored on, whose category is told.

    `scores`: n x m, columns in the order of the candidates. None where there is too little to hold
    any out.
    """
    total, count = 0.0, 0
    names = [one.name for one in problem.candidates]
    for fitted, held in dealt(scores, labels):
        table = weigh(scores[fitted], [labels[i] for i in fitted], pull)
        plan = select(
            replace(
                problem,
                categories=table.categories,
                weights=table.weights,
                quality=table.quality,
            )
        )
        columns = [
            names.index(plan.mapping.get(labels[i] or UNNAMED, plan.generalist)) for i in held
        ]
        found = scores[held, columns]
        total += float(np.nansum(found))
        count += int((~np.isnan(found)).sum())
    return total / count if count else None
