"""`coterie profile show`: one machine, each figure with where it is from."""

from typing import Annotated

import typer

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.profile.tables import console, shown, table
from coterie.errors import BadRequest
from coterie.hardware import catalogue
from coterie.hardware.document import as_yaml, decode

UNKNOWN_AT_0 = ("cores", "power_w")


def show(
    name: Annotated[str, typer.Argument(help="A profile's name, or the path of a file.")],
    as_yaml_: Annotated[
        bool, typer.Option("--yaml", help="Print the document: a beginning for your own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a hardware profile: each figure, and where it is from.

    Example: coterie profile show dgx-h100

    Example: coterie profile show dgx-h100 --yaml > mine.yaml
    """
    if as_yaml_ and as_json:
        raise BadRequest("`--yaml` and `--json` are two ways to print it: give one of them")
    data, called = catalogue.source(name)
    profile = decode(data, called)
    if as_json:
        print_json(profile)
        return
    if as_yaml_:
        is_yaml = not called.endswith(".json")
        typer.echo((data if is_yaml else as_yaml(profile)).decode(), nl=False)
        return
    typer.echo(f"{profile.name}: {profile.about}\n" if profile.about else f"{profile.name}\n")
    listed = table("figure", "value", "+-", "source")
    for path, value in profile.figures().items():
        if not value and path.startswith(UNKNOWN_AT_0):
            continue
        part = profile.uncertainty.get(path)
        listed.add_row(
            path,
            shown(path, value),
            "" if part is None else f"{part * 100:.2g} %",
            profile.source_of(path) or "-",
        )
    console().print(listed)
