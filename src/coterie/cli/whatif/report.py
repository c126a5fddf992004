"""What a sweep came to, for people: a table, what its columns mean, and the answer in sentences."""

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coterie.cli.simulation import Condition, noted
from coterie.cli.status import PIPE_WIDTH
from coterie.cli.whatif import sheet
from coterie.cli.whatif.answers import Answer, lines
from coterie.cli.whatif.explore import Explored
from coterie.cli.whatif.sweeps import Sweep, named, size
from coterie.cli.whatif.trials import Trial

MOST_NOTES = 5  # of single points


def show(
    explored: Explored,
    sweeps: Sequence[Sweep],
    wanted: Sequence[str],
    targets: Sequence[Condition],
    answers: Sequence[Answer],
    notes: Sequence[str],
) -> None:
    """Prints all of it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    names = sheet.shown(explored.trials, wanted, targets)
    columns, rows = sheet.table(explored, sweeps, names, targets)
    table = Table(box=None, pad_edge=False)
    for column in columns:
        is_text = sheet.is_text(column)
        table.add_column(Text(column), justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
    for paragraph in (
        remarks(explored, sweeps),
        [line for answer in answers for line in lines(answer, targets)],
        sheet.legend(names),
        noted(notes),
    ):
        if paragraph:
            typer.echo("\n" + "\n".join(paragraph))


def remarks(explored: Explored, sweeps: Sequence[Sweep]) -> list[str]:
    """How the points were come by, and why some are impossible."""
    found = []
    if explored.along and len(explored.trials) < size(sweeps):
        found.append(
            f"{len(explored.trials)} of {size(sweeps)} points were simulated: {explored.along} was "
            "searched by bisection, for the least that meets the target (--full simulates all)"
        )
    for bend in explored.bends:
        where = f" at {named(bend)}" if bend else ""
        found.append(
            f"more {explored.along} was not always better{where}: all of its values were simulated"
        )
    impossible = [trial for trial in explored.trials if trial.wrong]
    found += [f"{named(one.point)} is impossible: {one.wrong}" for one in impossible[:MOST_NOTES]]
    if len(impossible) > MOST_NOTES:
        found.append(f"{len(impossible) - MOST_NOTES} more points are impossible")
    return found


def notes(trials: Sequence[Trial]) -> list[str]:
    """Those of single points, the first few."""
    points: dict[str, list[Trial]] = {}
    for one in trials:
        for note in one.notes:
            points.setdefault(note, []).append(one)
    found = []
    for note, own in points.items():
        more = f" and {len(own) - 1} more points" if len(own) > 1 else ""
        found.append(f"{named(own[0].point)}{more}: {note}")
    rest = len(found) - MOST_NOTES
    return found if rest <= 0 else [*found[:MOST_NOTES], f"{rest} more notes on single points"]
