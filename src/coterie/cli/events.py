"""`coterie events`: the journal of a running server, as it is written."""

import time
from typing import Annotated, Any

import msgspec
import typer

from coterie.cli.client import DEFAULT_URL, AsJson, Url, lines


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    seconds: Annotated[
        float, typer.Option(min=0.0, help="Without --follow: how long to listen.")
    ] = 5.0,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show events and actions as they happen.

    Indented lines are the actions that an event led to. What happened before is in the journal on
    the server's disk, for `coterie replay`.

    Example: coterie events --follow
    """
    try:
        for line in lines(url, "/admin/events", None if follow else seconds):
            typer.echo(line.decode() if as_json else _readable(line))
    except KeyboardInterrupt:
        return


def _readable(line: bytes) -> str:
    entry = msgspec.json.decode(line)
    kind, at = entry.pop("type"), entry.pop("at", None)
    said = " ".join(f"{key}={_short(value)}" for key, value in entry.items() if value or value == 0)
    return f"{_clock(at) if at is not None else '->':>12}  {kind:<15} {said}".rstrip()


def _clock(at: float) -> str:
    """The time of day here, to the millisecond."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at % 1 * 1000):03}"


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
