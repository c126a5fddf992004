"""`coterie simulate`: a recorded past, had again in a model."""

import os
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from msgspec import structs
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from coterie.cli.client import AsJson
from coterie.cli.document import check_policy
from coterie.cli.journals import opened
from coterie.cli.output import print_json
from coterie.config import parse_size
from coterie.controller import read
from coterie.errors import BadRequest, JournalUnusable
from coterie.scheduler import Scheduler, policy
from coterie.scheduler import events as on
from coterie.simulator import Driver, Recorded, Simulated, recorded
from coterie.workloads.report import is_in_time, percentile


def simulate(
    journal: Annotated[
        Path,
        typer.Argument(metavar="JOURNAL", help="A segment, or the folder that holds segments."),
    ],
    policy_name: Annotated[
        list[str] | None,
        typer.Option("--policy", help="Decide by this policy; may be given several times."),
    ] = None,
    hot: Annotated[
        str | None, typer.Option(help="Hot memory of each device, as 1.5GiB. Default: as it was.")
    ] = None,
    speed: Annotated[
        float, typer.Option(help="How dense the requests are: 2 is twice as dense.")
    ] = 1.0,
    cores: Annotated[
        float | None, typer.Option(help="Cores of each node then. Default: this machine's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have a journal's requests again under another policy, with other memory, or faster.

    The requests are those of the journal; what loads, prompts and tokens take is what the scheduler
    had learnt by its end. The first row is what really happened, the second what the model makes of
    the same: how far they differ says how far the others can be trusted.

    Example: coterie simulate ~/.local/state/coterie/quickstart/journal --policy lru --hot 1GiB
    """
    for name in policy_name or ():
        check_policy(name)
    count = float(os.cpu_count() or 1) if cores is None else cores
    hot_bytes = _hot(hot)
    for name, value in (("speed", speed), ("cores", count)):
        if not value > 0:
            raise BadRequest(f"`--{name}` is {value:g}: expected more than 0", name)
    with opened(journal, "reading") as files:
        past = recorded(chain.from_iterable(map(read, files)), policy, count)
    if not past.requests:
        raise JournalUnusable(f"{str(journal)!r} has no request whose end it tells of")
    wanted = policy_name or [past.policy]
    rows = [_row("recorded", past.policy, past, past.happened)]
    changed = hot_bytes is not None or speed != 1.0
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("simulating", total=len(wanted) + 1)
        rows.append(_row("simulated", past.policy, past, _run(past, past.policy, count)))
        progress.advance(task)
        for name in wanted:
            if name != past.policy or changed:
                other = _changed(past, hot_bytes, speed)
                rows.append(_row("what if", name, other, _run(other, name, count)))
            progress.advance(task)
    if as_json:
        print_json(rows)
    else:
        _show(rows)


def _hot(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_size(text)
    except ValueError as error:
        raise BadRequest(f"`--hot` is wrong: {error}", "hot") from error


def _changed(past: Recorded, hot_bytes: int | None, speed: float) -> Recorded:
    return structs.replace(
        past,
        devices=[
            structs.replace(device, hot_bytes=device.hot_bytes if hot_bytes is None else hot_bytes)
            for device in past.devices
        ],
        requests=[structs.replace(request, at=request.at / speed) for request in past.requests],
    )


def _run(past: Recorded, policy_name: str, cores: float) -> Simulated:
    nodes = dict.fromkeys(device.node for device in past.devices)
    core = Scheduler(policy(policy_name), past.limits)
    for tenant in past.tenants:
        core.handle(on.TenantDeclared(1.0, tenant.tenant, tenant.weight))
    return Driver(core, past.devices, dict.fromkeys(nodes, cores), past.experts).run(past.requests)


def _row(how: str, policy_name: str, past: Recorded, found: Simulated) -> dict[str, Any]:
    good = [answer for answer in found.answers if answer.is_good]
    firsts = [answer.first_s for answer in good if answer.first_s is not None]
    bounded = [
        answer.is_good and is_in_time(answer, request.budget)
        for answer, request in zip(found.answers, past.requests, strict=True)
        if request.budget.is_bounded
    ]
    return {
        "how": how,
        "policy": policy_name,
        "requests": len(found.answers),
        "answered": len(good),
        "in_time": sum(bounded) if bounded else None,
        "first_p50_s": percentile(firsts, 50) if firsts else None,
        "first_p95_s": percentile(firsts, 95) if firsts else None,
        "loads": found.loads,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    titles = {"first_p50_s": "p50", "first_p95_s": "p95"}
    shown = [key for key in rows[0] if any(row[key] is not None for row in rows)]
    for key in shown:
        justify: Literal["left", "right"] = "left" if isinstance(rows[0][key], str) else "right"
        table.add_column(titles.get(key, key.replace("_", " ")), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(_spelt(row[key]) for key in shown))
    Console().print(table)
    typer.echo("\np50, p95: of the times to the first token")


def _spelt(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} s" if isinstance(value, float) else str(value)
