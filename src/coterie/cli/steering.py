"""Commands that steer a running server: `load`, `unload`, `pin`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from coterie.cli.client import DEFAULT_URL, AsJson, Url, call
from coterie.cli.output import print_json

Expert = Annotated[str, typer.Argument(metavar="EXPERT", help="An expert's name or alias.")]


def load(expert: Expert, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Load an expert now, evicting others if that is what it takes.

    Example: coterie load gemma3-270m
    """
    _steer(url, expert, "load", as_json)


def unload(expert: Expert, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Unload an expert, once its requests are done.

    One that is pinned stays until `coterie pin EXPERT --off`.

    Example: coterie unload gemma3-270m
    """
    _steer(url, expert, "unload", as_json)


def pin(
    expert: Expert,
    off: Annotated[bool, typer.Option("--off", help="Let it be evicted again.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Keep an expert hot: it is loaded now, and never evicted.

    Example: coterie pin smollm2        (and back: coterie pin smollm2 --off)
    """
    _steer(url, expert, "unpin" if off else "pin", as_json)


def _steer(url: str, expert: str, verb: str, as_json: bool) -> None:
    answer: dict[str, Any] = call(url, f"/admin/experts/{quote(expert, safe='')}/{verb}", "POST")
    if as_json:
        print_json(answer)
        return
    pinned = ", pinned" if answer["pinned"] else ""
    typer.echo(f"{answer['name']}: {answer['phase']}{pinned}")
