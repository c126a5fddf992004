"""`coterie route`: whom a prompt would go to, and why; by a running server, or by the document."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from coterie.cli.client import DEFAULT_URL, AsJson, Url, call
from coterie.cli.document import load
from coterie.cli.output import print_json
from coterie.cli.status import PIPE_WIDTH
from coterie.config import Composition
from coterie.config.route import Route
from coterie.errors import BadRequest, CommandError
from coterie.router.decision import Decision
from coterie.router.opening import open_router
from coterie.router.prompt import read_prompt
from coterie.router.router import Request


def route(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The prompt; `-` reads it.")],
    route: Annotated[
        str, typer.Option(help="The route's name; it may be left out where there is one.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="Decide by this composition, without a server: nothing is resident."),
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Say which expert a prompt would go to, and why.

    Nothing is asked of an expert, and nothing is remembered. A prompt that is the name of one of
    the commands below `route` comes after `--`.

    Example: coterie route "Write a poem about rain" --route auto
    """
    text = _read(text)
    if file is not None:
        decision = msgspec.to_builtins(_offline(file, route, text))
    else:
        asked = {"text": text} | ({"model": route} if route else {})
        decision = call(url, "/admin/route", "POST", asked)
    if as_json:
        print_json(decision)
    else:
        _print(decision)


def _read(text: str) -> str:
    """The prompt. Raises BadRequest where it is no text."""
    try:
        if text == "-":
            return typer.get_binary_stream("stdin").read().decode()
        return os.fsencode(text).decode()
    except UnicodeError as error:
        raise BadRequest("the prompt is not UTF-8: expected text") from error


def _offline(file: Path, name: str, text: str) -> Decision:
    """By the document alone. Raises CommandError where it has no such route."""
    composition = load(file)
    chosen = _named(composition, name)
    router = open_router(chosen, composition, file.resolve().parent)
    prompt = read_prompt({"messages": [{"role": "user", "content": text}]})
    return router.decide(Request(prompt, budget=chosen.budget), (), time.time(), looking=True)


def _named(composition: Composition, name: str) -> Route:
    routes = composition.routes
    for one in routes:
        if one.name == name or (not name and len(routes) == 1):
            return one
    known = ", ".join(repr(one.name) for one in routes) or "none"
    asked = f"no route {name!r}" if name else "which route is meant? give --route"
    raise CommandError(f"{asked}: there are {known}")


def _print(decision: dict[str, Any]) -> None:
    category = decision["category"] or "(none)"
    typer.echo(f"{decision['route']} → {decision['expert']}")
    typer.echo(f"category: {category}, confidence {decision['confidence']:.2f}")
    typer.echo(f"reason:   {decision['reason']}")
    if not decision["considered"]:
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("expert", overflow="fold")
    for name in ("quality", "cost", "seconds", "resident", "utility"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("excluded", overflow="fold")
    ranked = sorted(decision["considered"], key=lambda one: -one["utility"])
    for one in sorted(ranked, key=lambda one: bool(one["excluded"])):
        table.add_row(
            one["expert"],
            f"{one['quality']:.3f}",
            f"{one['cost']:.2f}",
            f"{one['seconds']:.2f}",
            "yes" if one["resident"] else "no",
            f"{one['utility']:.3f}",
            one["excluded"],
        )
    console.print()
    console.print(table)
