"""A result is a document first; the table is a view of it. Both say what machine it was."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from rich import box
from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]


class Result(Struct, frozen=True):
    """What one benchmark found: rows with the same keys, and remarks on how it was run."""

    benchmark: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)


def machine() -> dict[str, Any]:
    """What it ran on, and how busy that was: figures of a busy machine are provisional."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def show(results: Sequence[Result], as_json: bool) -> None:
    """Prints results as one JSON document, or as tables."""
    if as_json:
        print(json.dumps([to_json(result) for result in results], indent=2))
        return
    # A table in a file is as wide as it must be; in a terminal, as wide as that is.
    console = Console() if Console().is_terminal else Console(width=200)
    for result in results:
        console.print(table(result))
        for note in result.notes:
            console.print(f"  {note}", highlight=False, markup=False)
    console.print("  " + ", ".join(f"{key} {value}" for key, value in machine().items()))


def to_json(result: Result) -> dict[str, Any]:
    """The result as plain values."""
    return {
        "benchmark": result.benchmark,
        "title": result.title,
        "machine": dict(result.machine or machine()),
        "rows": [dict(row) for row in result.rows],
        "notes": list(result.notes),
    }


def table(result: Result) -> Table:
    """One column a key, in the order of the rows; keys that only later rows have come last."""
    columns = list(dict.fromkeys(key for row in result.rows for key in row))
    shown = Table(
        title=f"{result.benchmark}: {result.title}",
        min_width=80,
        box=box.MARKDOWN,
        title_justify="left",
    )
    for column in columns:
        is_text = any(isinstance(row.get(column), str) for row in result.rows)
        shown.add_column(column, justify="left" if is_text else "right")
    for row in result.rows:
        shown.add_row(*(cell(row.get(column)) for column in columns))
    return shown


def cell(value: Any) -> str:
    """A value for people: three significant digits, blank for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:  # NaN: nothing was measured
            return ""
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
