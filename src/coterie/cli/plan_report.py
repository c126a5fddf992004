"""A plan for people and for machines: who was chosen, for what, and what more memory would buy."""

from typing import Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from coterie.config import format_duration, format_size
from coterie.planner import Evidence, Plan, Problem

Curve = list[tuple[int, float | None, float | None]]


class Point(NamedTuple):
    """A budget in bytes, its best plan and its best single expert; None: nothing fits."""

    budget: int
    plan: Plan | None
    single: Plan | None


class Outcome(NamedTuple):
    """All that `coterie compose` found. `held_out`: the mean score of answers to prompts that a
    plan did not see, whose category is told.
    """

    problem: Problem
    evidence: Evidence
    pull: float
    plan: Plan
    single: Plan | None
    held_out: float | None
    points: list[Point]

    @property
    def curve(self) -> Curve:
        """Budgets with the quality of plan and single expert."""
        return [
            (
                one.budget,
                one.plan.quality if one.plan else None,
                one.single.quality if one.single else None,
            )
            for one in self.points
        ]

    @property
    def remark(self) -> str:
        """What a document says of where it comes from."""
        return (
            "Written by `coterie compose`: "
            f"expected quality {_percent(self.plan.quality)}, "
            f"{format_size(self.plan.size_bytes)} of {format_size(self.problem.memory_bytes)}."
        )


def as_document(outcome: Outcome) -> dict[str, Any]:
    """Plain values. Sizes are bytes, qualities from 0 to 1."""
    plan, problem = outcome.plan, outcome.problem
    return {
        "memory_bytes": problem.memory_bytes,
        "hot_bytes": problem.hot_bytes or None,
        **_plan(plan),
        "held_out_quality": outcome.held_out,
        "best_single": _brief(outcome.single),
        "residents": plan.residents,
        "generalist": plan.generalist,
        "value": plan.value,
        "waiting_s": plan.waiting_s,
        "switches_per_request": plan.switches,
        "gap": plan.gap,
        "pull": outcome.pull,
        "categories": [
            {"category": category, "share": share, "expert": expert, "quality": quality}
            for category, share, expert, quality in _map(outcome)
        ],
        "frontier": [
            {
                "memory_bytes": one.budget,
                "plan": _plan(one.plan) if one.plan else None,
                "best_single": _brief(one.single),
            }
            for one in outcome.points
        ],
    }


def show(outcome: Outcome) -> None:
    """Tables, and a line for each figure."""
    console = Console()
    for table in (_experts(outcome), _categories(outcome), _frontier(outcome)):
        console.print(table)
        typer.echo()
    for line in _lines(outcome):
        typer.echo(line)


def _lines(outcome: Outcome) -> list[str]:
    plan, problem = outcome.plan, outcome.problem
    seen = "" if outcome.held_out is None else f" ({_percent(outcome.held_out)} where held out)"
    lines = [
        f"expected quality  {_percent(plan.quality)}{seen}",
        f"memory            {format_size(plan.size_bytes)} of {format_size(problem.memory_bytes)}",
        f"gap to the best   {f'at most {_percent(plan.gap)}' if plan.gap else 'none'}",
        f"generalist        {plan.generalist}",
    ]
    if outcome.single is not None:
        single = f"{_percent(outcome.single.quality)}, {outcome.single.generalist}"
        lines.insert(1, f"best single       {single}")
    if plan.active_parameters is not None:
        lines.append(f"active parameters {_billions(plan.active_parameters)} on average")
    if problem.hot_bytes:
        lines.append(f"resident          {', '.join(plan.residents) or 'none for good'}")
        lines.append(f"switches          at most {plan.switches:.2f} a request")
    if plan.waiting_s:
        lines.append(f"waiting           {format_duration(plan.waiting_s)} a request")
    return lines


def _experts(outcome: Outcome) -> Table:
    table = _table("expert", "memory", "active", "requests")
    by_name = {one.name: one for one in outcome.problem.candidates}
    for name in outcome.plan.experts:
        one = by_name[name]
        share = sum(part for _, part, expert, _ in _map(outcome) if expert == name)
        active = _billions(one.active_parameters) if one.active_parameters else "-"
        table.add_row(name, format_size(one.size_bytes), active, _percent(share))
    return table


def _categories(outcome: Outcome) -> Table:
    table = _table("category", "requests", "quality", "expert")
    for category, share, expert, quality in _map(outcome):
        table.add_row(category, _percent(share), _percent(quality), expert)
    return table


def _frontier(outcome: Outcome) -> Table:
    table = _table("memory", "quality", "best single", "active", "experts")
    for budget, plan, single in outcome.points:
        active = plan.active_parameters if plan else None
        table.add_row(
            format_size(budget),
            _percent(plan.quality) if plan else "-",
            _percent(single.quality) if single else "-",
            "-" if active is None else _billions(active),
            ", ".join(plan.experts) if plan else "nothing fits",
        )
    return table


def _map(outcome: Outcome) -> list[tuple[str, float, str, float]]:
    """Each category with its share of the prompts, its expert, and the quality expected of that."""
    names = [one.name for one in outcome.problem.candidates]
    evidence = outcome.evidence
    return [
        (
            category,
            float(evidence.weights[i]),
            expert,
            float(evidence.quality[i, names.index(expert)]),
        )
        for i, (category, expert) in enumerate(outcome.plan.mapping.items())
    ]


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "experts": plan.experts,
        "size_bytes": plan.size_bytes,
        "quality": plan.quality,
        "active_parameters": plan.active_parameters,
    }


def _brief(single: Plan | None) -> dict[str, Any] | None:
    return None if single is None else {"expert": single.generalist, "quality": single.quality}


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_text = column in ("expert", "experts", "category")
        table.add_column(column, justify="left" if is_text else "right")
    return table


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _billions(parameters: float) -> str:
    return f"{parameters / 1e9:.1f}B"
