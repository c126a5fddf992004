"""Simulations side by side in a terminal, and as a document for machines."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coterie.cli.simulation.figures import FIGURES, NOTHING, number, percent, spelt
from coterie.cli.simulation.variant import Variant
from coterie.cli.status import PIPE_WIDTH
from coterie.config import format_duration
from coterie.simulator.metrics import ExpertMetrics, TenantMetrics, flat

MOST_NOTES = 12
MOST_COLUMNS = 5
"""More variants than these are rows instead, with fewer figures."""
MOST_EXPERTS = 20
BRIEFLY = (
    "answered_share",
    "attainment",
    "goodput",
    "p50_ttft",
    "p95_ttft",
    "p99_ttft",
    "switches_per_hour",
    "moved_bytes_per_hour",
    "peak_hot_share",
)


class Sheet(NamedTuple):
    """A table: its first column is text, the others are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(variants: Sequence[Variant]) -> None:
    """Prints the figures of the whole, of experts and of tenants, and what chases what."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    sheets = [whole(variants), tenants(variants), experts(variants)]
    for place, sheet in enumerate(sheet for sheet in sheets if sheet.rows):
        if place:
            console.print()
        console.print(_table(sheet))
    for line in remarks(variants):
        typer.echo(f"\n{line}")


def noted(notes: Sequence[str]) -> list[str]:
    """Notes as they are shown: no more than are read."""
    more = len(notes) - MOST_NOTES
    rest = [f"{more} more notes are in --json"] if more > 0 else []
    return [f"note: {note}" for note in notes[:MOST_NOTES]] + rest


def document(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """Plain values for JSON: an object for each variant. Times are seconds, sizes bytes, shares
    from 0 to 1; what has no value, or none that is finite, is null.
    """
    return [
        {
            "name": variant.name,
            "policy": variant.setup.policy,
            "figures": _finite(flat(variant.metrics)),
            **_finite(msgspec.to_builtins(variant.metrics)),
        }
        for variant in variants
    ]


def whole(variants: Sequence[Variant]) -> Sheet:
    """A column for each variant, or a row where there are many."""
    found = [flat(variant.metrics) for variant in variants]
    if len(variants) > MOST_COLUMNS:
        shown = [name for name in BRIEFLY if matters(name, found)]
        rows = [
            [variant.name, *(spelt(FIGURES[name].unit, figures[name]) for name in shown)]
            for variant, figures in zip(variants, found, strict=True)
        ]
        return Sheet("", ["variant", *(FIGURES[name].title for name in shown)], rows)
    rows = [
        [figure.title, *(spelt(figure.unit, figures[name]) for figures in found)]
        for name, figure in FIGURES.items()
        if figure.is_shown and matters(name, found)
    ]
    return Sheet("", ["", *(variant.name for variant in variants)], rows)


def tenants(variants: Sequence[Variant]) -> Sheet:
    """A row for each tenant and variant; none where there is but one tenant."""
    rows = [
        _row(one.tenant or "(none)", variant, variants, one)
        for name in _names(variants, "tenants", "tenant")
        for variant in variants
        for one in variant.metrics.tenants
        if one.tenant == name
    ]
    several = len(_names(variants, "tenants", "tenant")) > 1
    return Sheet("", _columns("tenant", variants), rows if several else [])


def experts(variants: Sequence[Variant], most: int = MOST_EXPERTS) -> Sheet:
    """A row for each variant of the experts that most is asked of."""
    names = busiest(variants)[:most]
    by_name = [{one.expert: one for one in variant.metrics.experts} for variant in variants]
    rows = [
        [
            *_row(name, variant, variants, known[name]),
            number(known[name].loads),
            _share(known[name].hot_share),
        ]
        for name in names
        for variant, known in zip(variants, by_name, strict=True)
        if name in known
    ]
    return Sheet("", [*_columns("expert", variants), "loads", "hot"], rows)


def busiest(variants: Sequence[Variant]) -> list[str]:
    """Experts by how much is asked of them in all variants, the most first."""
    asked: dict[str, int] = {}
    for variant in variants:
        for one in variant.metrics.experts:
            asked[one.expert] = asked.get(one.expert, 0) + one.requests
    return sorted(asked, key=lambda name: (-asked[name], name))


def matters(name: str, found: Sequence[dict[str, float | None]]) -> bool:
    """Whether it says anything: what no variant has, or what should be 0 and is, does not."""
    return any(name == "requests" or figures[name] for figures in found) or (
        FIGURES[name].better == "more" and any(figures[name] is not None for figures in found)
    )


def remarks(variants: Sequence[Variant]) -> list[str]:
    """What the tables do not say: who was left out, what went wrong, who chases whom."""
    lines = []
    left_out = len(busiest(variants)) - MOST_EXPERTS
    if left_out > 0:
        lines.append(f"{left_out} more experts, of which less is asked, are not shown")
    for variant in variants:
        found = variant.metrics
        prefix = f"{variant.name}: " if len(variants) > 1 else ""
        if found.problems:
            said = ", ".join(f"{code} {count:,}" for code, count in found.problems.items())
            lines.append(f"{prefix}not answered: {said}")
        if found.chases:
            first, second = found.chases[0].experts
            times = found.chases[0].times
            lines.append(
                f"{prefix}{found.returns:,} loads brought back what had been evicted less than a "
                f"minute before; most often {first} and {second} took each other's place"
                f"{f', {times:,} times' if times > 1 else ''}"
            )
    return lines


def _columns(kind: str, variants: Sequence[Variant]) -> list[str]:
    variant = ["variant"] if len(variants) > 1 else []
    return [kind, *variant, "requests", "answered", "within budget", "ttft p50", "ttft p95"]


def _row(
    name: str, variant: Variant, variants: Sequence[Variant], one: ExpertMetrics | TenantMetrics
) -> list[str]:
    answered = one.answered / one.requests if one.requests else None
    return [
        name,
        *([variant.name] if len(variants) > 1 else []),
        number(one.requests),
        _share(answered),
        _share(one.attainment),
        NOTHING if one.ttft is None else format_duration(one.ttft.p50),
        NOTHING if one.ttft is None else format_duration(one.ttft.p95),
    ]


def _names(variants: Sequence[Variant], rows: str, key: str) -> list[str]:
    return sorted(
        {getattr(one, key) for variant in variants for one in getattr(variant.metrics, rows)}
    )


def _share(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in sheet.columns:
        is_text = column in ("", "expert", "tenant", "variant")
        table.add_column(Text(column), justify="left" if is_text else "right", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    return table


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value
