"""What is reported: lines, tables and a picture, printed or as a page that is whole by itself.

The page has no scripts and refers to nothing outside; whatever comes from prompts and files is
escaped.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coterie.cli.status import PIPE_WIDTH

TEXT = ("category", "taken for", "expert", "experts", "goes to", "best single expert", "keeps")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 2em }
th, td { padding: .15em .9em .15em 0; text-align: right; vertical-align: top }
th { border-bottom: 1px solid #999; font-weight: 600 }
th.text, td.text { text-align: left }
svg { height: auto; max-width: 100% }
dt { color: #666; float: left; width: 14em }
dd { margin-left: 14em }
"""

Line = tuple[str, str]


class Sheet(NamedTuple):
    """A table; columns of `TEXT` are set to the left."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(lines: Sequence[Line], sheets: Sequence[Sheet]) -> None:
    """Tables, and a line for each figure."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    for sheet in sheets:
        table = Table(box=None, pad_edge=False)
        for column in sheet.columns:
            table.add_column(column, justify="left" if column in TEXT else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        typer.echo()
    width = max(len(name) for name, _ in lines)
    for name, said in lines:
        typer.echo(f"{name:{width}}  {said}")


def page(title: str, lines: Sequence[Line], sheets: Sequence[Sheet], svg: str) -> bytes:
    """The same as HTML, with the picture in it."""
    said = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines)
    tables = "\n".join(map(_table, sheets))
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n<h1>{escape(title)}</h1>\n"
        f"<dl>\n{said}\n</dl>\n{svg}\n{tables}\n</html>\n"
    )
    return text.encode()


def percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _table(sheet: Sheet) -> str:
    kinds = [' class="text"' if column in TEXT else "" for column in sheet.columns]
    head = "".join(
        f"<th{kind}>{escape(column)}</th>"
        for kind, column in zip(kinds, sheet.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in sheet.rows
    )
    return f"<h2>{escape(sheet.title)}</h2>\n<table>\n<tr>{head}</tr>\n{rows}\n</table>"
