"""Planning a deployment from scores and sizes. Pure: arrays and names in, a plan out.

`weigh` makes a table of expected quality of rated prompts, `select` chooses the experts, `frontier`
does so over budgets.
"""

from coterie.planner.evidence import Evidence, fitting_pull, weigh
from coterie.planner.frontier import best_single, frontier, held_out_quality, ladder
from coterie.planner.problem import Candidate, Plan, Problem
from coterie.planner.selection import select

__all__ = [
    "Candidate",
    "Evidence",
    "Plan",
    "Problem",
    "best_single",
    "fitting_pull",
    "frontier",
    "held_out_quality",
    "ladder",
    "select",
    "weigh",
]
