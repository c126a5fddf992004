"""`coterie explain`: why something waits, was evicted, or is where it is."""

from typing import Annotated
from urllib.parse import quote

import typer

from coterie.cli.client import DEFAULT_URL, AsJson, Url, call
from coterie.cli.output import print_json


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST_OR_EXPERT",
            help="An expert's name, or a request's id: its answer's x-coterie-request header.",
        ),
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say why an expert or a request is where it is, and what would change that.

    Example: coterie explain gemma3-270m
    """
    answer = call(url, f"/admin/explain/{quote(subject, safe='')}")
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{answer['kind']} {answer['subject']}: {answer['state']}")
    for line in answer["lines"]:
        typer.echo(f"  {line}")
