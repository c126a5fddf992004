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

    Tenants are shown where there are several, and how latency budgets were kept where any were.

    Example: coterie status --url http://127.0.0.1:9000
    """
    experts = call(url, "/admin/experts")["experts"]
    devices = call(url, "/admin/devices")["devices"]
    tenants = call(url, "/admin/tenants")["tenants"]
    if as_json:
        print_json({"experts": experts, "devices": devices, "tenants": tenants})
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    console.print(_experts(experts, time.time()))
    console.print()
    console.print(_devices(devices))
    if len(tenants) > 1:
        console.print()
        console.print(_tenants(tenants))
    promised = [one for one in (*experts, *tenants) if _count(one["kept"])]
    if promised:
        console.print()
        console.print(_budgets(promised))
    for device in devices:
        if circles := device["thrash"]:
            names = ", ".join(circles["experts"])
            typer.echo(
                f"{device['device']}: {circles['returns']} loads of the last minute brought back "
                f"what had just been evicted; {_bytes(circles['more_bytes'])} more would hold all "
                f"of {names}"
            )
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


def _tenants(tenants: list[dict[str, Any]]) -> Table:
    table = _table("tenant")
    for name in ("weight", "spent", "waiting"):
        table.add_column(name, justify="right", no_wrap=True)
    for tenant in tenants:
        table.add_row(
            tenant["name"] or "(no key)",
            f"{tenant['weight']:g}",
            f"{tenant['spent_s']:,.1f} s",
            str(tenant["waiting"]),
        )
    return table


def _budgets(promised: list[dict[str, Any]]) -> Table:
    """How the latency budgets of experts and tenants were kept."""
    table = _table("budgets of")
    for name in ("kept", "late", "refused", "failed", "by fallbacks", "within p90"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in promised:
        kept = one["kept"]
        predicted = kept["predicted"]
        table.add_row(
            one["name"] or "(no key)",
            f"{kept['met']} of {_count(kept)}",
            str(kept["missed"]),
            str(kept["refused"]),
            str(kept["failed"]),
            str(kept["degraded"]),
            f"{kept['within_p90'] / predicted:.0%}" if predicted else "-",
        )
    return table


def _count(kept: dict[str, int]) -> int:
    """Requests that had a budget."""
    return kept["met"] + kept["missed"] + kept["refused"] + kept["failed"]


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
