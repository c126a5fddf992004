"""A report in parts: each a title, a table if there is one, and lines below it."""

from collections.abc import Collection, Sequence

import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coterie.cli.status import PIPE_WIDTH


class Part(Struct, frozen=True):
    """A titled part of a report: a table, if it has columns, and lines below it."""

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()


def show(found: Sequence[Part], text: Collection[str]) -> None:
    """Prints them. Columns are set to the right, but for the first and those of `text`."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    for place, part in enumerate(found):
        typer.echo(("\n" if place else "") + part.title)
        if part.columns:
            table = Table(box=None, pad_edge=False)
            for number, column in enumerate(part.columns):
                is_text = number == 0 or column in text
                table.add_column(
                    Text(column), justify="left" if is_text else "right", overflow="fold"
                )
            for row in part.rows:
                table.add_row(*map(Text, row))
            console.print(table)
        for line in part.lines:
            typer.echo(line)
