"""`coterie trace` alone: says what it can do."""

from typing import Annotated

import typer

from coterie.cli.commands import COMMANDS
from coterie.errors import CommandError


def trace(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="One of the commands below.")
    ] = None,
) -> None:
    """Read, describe, cut, scale and make workloads.

    Example: coterie trace describe requests.csv.gz
    """
    below = {
        name: command.summary for name, command in COMMANDS.items() if name.startswith("trace ")
    }
    if words:
        known = ", ".join(name.removeprefix("trace ") for name in below)
        raise CommandError(f"no command `coterie trace {words[0]}`: there are {known}")
    width = max(map(len, below), default=0)
    for name, summary in below.items():
        typer.echo(f"coterie {name:{width}}  {summary}")
    typer.echo("\n`coterie trace COMMAND --help` has the options of each.")
