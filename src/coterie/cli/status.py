"""`coterie status`: what is where, as a table."""

import time
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from coterie.cli.client import DEFAULT_URL, AsJson, Url, call
from coterie.cli.output import print_json

PIPE_WIDTH = 1000
"""A pipe has no edge to fold at."""


def status(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show each expert and each device of a running server.

    Example: coterie status --url http://127.0.0.1:9000
    """
    experts = call(url, "/admin/experts")["experts"]
    devices = call(url, "/admin/devices")["devices"]
    if as_json:
        print_json({"experts": experts, "devices": devices})
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    console.print(_experts(experts, time.time()))
    console.print()
    console.print(_devices(devices))
    for expert in experts:
        if expert["reason"]:
            typer.echo(f"{expert['name']}: {expert['reason']}")


def _experts(experts: list[dict[str, Any]], now: float) -> Table:
    table = _table("expert", "phase", "tier")
    for name in ("estimated", "measured", "queue", "running", "loads", "last used"):
        table.add_column(name, justify="right", no_wrap=True)
    for expert in experts:
        table.add_row(
            expert["name"] + (" (pinned)" if expert["pinned"] else ""),
            expert["phase"],
            expert["tier"],
            _bytes(expert["estimated_bytes"]),
            _bytes(expert["measured_bytes"]),
            str(expert["waiting"]),
            f"{expert['running']}/{expert['slots']}",
            str(expert["loads"]),
            _since(expert["last_used_at"], now),
        )
    return table


def _table(first: str, *names: str) -> Table:
    """Columns close together; where the terminal is narrow, the first one folds."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def _devices(devices: list[dict[str, Any]]) -> Table:
    table = _table("device")
    for name in ("used", "of", "replicas", "loading"):
        table.add_column(name, justify="right", no_wrap=True)
    for device in devices:
        table.add_row(
            device["device"],
            _bytes(device["used_bytes"]),
            _bytes(device["hot_bytes"]),
            str(len(device["replicas"])),
            str(device["loading"]),
        )
    return table


def _bytes(count: int) -> str:
    if count < 10 * 2**30:
        return f"{count / 2**20:,.0f} MiB" if count else "-"
    return f"{count / 2**30:,.1f} GiB"


def _since(at: float, now: float) -> str:
    """How long ago, in the largest unit of which there is more than one."""
    if not at:
        return "never"
    seconds = max(0.0, now - at)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
