"""`coterie profile check`: all that is wrong with a hardware profile."""

from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.hardware.catalogue import read_file
from coterie.hardware.document import draft


def check(
    file: Annotated[Path, typer.Argument(help="The profile, in YAML or JSON.")],
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with a hardware profile.

    Exit status 1 if anything is. What is in order is not yet right: figures without a source are
    named as well.

    Example: coterie profile check my-machine.yaml
    """
    profile, problems = draft(read_file(file), file.name)
    unsourced = profile.unsourced() if profile is not None and not problems else ()
    if as_json:
        found = [{"path": one.path, "message": one.message} for one in problems]
        print_json(
            {"file": str(file), "ok": not problems, "problems": found, "unsourced": unsourced}
        )
    else:
        for problem in problems:
            typer.echo(f"{file}: {problem}")
        if not problems:
            typer.echo(f"{file}: no problems")
        if unsourced:
            typer.echo(f"  without a source: {', '.join(unsourced)}")
    if problems:
        raise typer.Exit(1)
