"""`coterie bench`: the load generator for people; every request it makes is a real one."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from coterie.cli.client import DEFAULT_URL, Url
from coterie.config import parse_duration
from coterie.errors import BadRequest, CoterieError
from coterie.types import Budget
from coterie.workloads.arrivals import Shape, endless, poisson
from coterie.workloads.loadgen import Target, closed_loop, connected, open_loop
from coterie.workloads.report import Answer, Summary, rows, summarise
from coterie.workloads.requests import Arrival, at_speed, before, with_tokens
from coterie.workloads.traces import read_trace


def bench(
    url: Url = DEFAULT_URL,
    expert: Annotated[
        list[str] | None,
        typer.Option(help="Ask this expert; may be given several times. Default: all."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second, arriving at random (open loop).")
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(min=1, help="Clients that each ask again once answered. Default: 1."),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Replay a CSV or JSON-lines trace of arrivals instead.")
    ] = None,
    speed: Annotated[float, typer.Option(help="The trace's speed: 2 is twice as dense.")] = 1.0,
    duration: Annotated[
        str | None,
        typer.Option(help="How long to send, as 30s or 2m. Default: 30s, or the whole trace."),
    ] = None,
    prompt_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="Tokens in. Default: 64, or as the trace says (then: at most)."),
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens out. Default: 16, or as the trace says.")
    ] = None,
    stream: Annotated[
        bool, typer.Option(help="Ask for streams; times to the first token need them.")
    ] = True,
    api: Annotated[str, typer.Option(help="chat or completions.")] = "chat",
    api_key: Annotated[
        str,
        typer.Option(envvar="COTERIE_API_KEY", help="Sent as a bearer token.", show_default=False),
    ] = "",
    ttft: Annotated[
        str | None, typer.Option(help="Latency budget of each request, to the first token: 2s.")
    ] = None,
    e2e: Annotated[str | None, typer.Option(help="The same to the end of its answer.")] = None,
    priority: Annotated[
        str | None, typer.Option(help="interactive, standard or batch. Default: the server's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other prompts and arrivals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Load a running server and show how fast it answers.

    Example: coterie bench --rate 2 --duration 1m --prompt-tokens 200

    Example: coterie bench --trace requests.csv.gz --speed 0.5 --ttft 2s --e2e 10s
    """
    errors = Console(stderr=True)
    try:
        _check(api, rate, connections, trace)
        target = Target(
            url=url.rstrip("/"),
            api="completions" if api == "completions" else "chat",
            stream=stream,
            headers=_headers(api_key, ttft, e2e, priority),
            seed=seed,
        )
        seconds = None if duration is None else _seconds("--duration", duration)
        within = Budget(
            ttft=_seconds("--ttft", ttft) if ttft else 0.0,
            e2e=_seconds("--e2e", e2e) if e2e else 0.0,
        )
        listed = asyncio.run(_experts(target))  # also where names are given: is anybody there?
        names = tuple(expert or ()) or listed
        if trace is not None:
            arrivals: Sequence[Arrival] | Iterator[Arrival] = _replayed(
                trace, speed, seconds, prompt_tokens, output_tokens
            )
        else:
            shape = Shape(names, prompt_tokens or 64, output_tokens or 16)
            seconds = 30.0 if seconds is None else seconds
            arrivals = endless(shape, seed) if rate is None else poisson(shape, rate, seconds, seed)
        run = _run(errors, target, arrivals, connections or 1, seconds, within)
        summary = asyncio.run(run)
    except (CoterieError, ValueError) as error:
        errors.print(f"[red]{type(error).__name__}[/red]: {error}", highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(summary), indent=2))
    else:
        Console().print(_table(summary))
    if not summary.answered:
        raise typer.Exit(1)


def _check(api: str, rate: float | None, connections: int | None, trace: Path | None) -> None:
    if api not in ("chat", "completions"):
        raise BadRequest(f"--api is {api!r}, expected chat or completions")
    given = [
        name
        for name, value in (("--rate", rate), ("--connections", connections), ("--trace", trace))
        if value is not None
    ]
    if len(given) > 1:
        raise BadRequest(f"{' and '.join(given)} are different ways to load: give one of them")


def _seconds(option: str, text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadRequest(f"{option}: {error}") from error
    if not seconds:
        raise BadRequest(f"{option} is 0, expected a time like 30s or 2m")
    return seconds


def _headers(
    api_key: str, ttft: str | None, e2e: str | None, priority: str | None
) -> dict[str, str]:
    said = {
        "Authorization": f"Bearer {api_key}" if api_key else None,
        "x-coterie-ttft": ttft,
        "x-coterie-e2e": e2e,
        "x-coterie-priority": priority,
    }
    return {name: value for name, value in said.items() if value}


def _replayed(
    trace: Path,
    speed: float,
    seconds: float | None,
    prompt_tokens: int | None,
    output_tokens: int | None,
) -> list[Arrival]:
    arrivals = at_speed(read_trace(trace), speed)
    if seconds is not None:
        arrivals = before(arrivals, seconds)
    return with_tokens(arrivals, most_prompt_tokens=prompt_tokens, output_tokens=output_tokens)


async def _experts(target: Target) -> tuple[str, ...]:
    """The experts that the server lists."""
    try:
        async with (
            connected() as session,
            session.get(target.url + "/v1/models", headers=target.headers) as answer,
        ):
            listed: dict[str, Any] = msgspec.json.decode(await answer.read(), type=dict[str, Any])
    except (aiohttp.ClientError, OSError, msgspec.DecodeError) as error:
        raise BadRequest(
            f"nothing to load at {target.url!r} ({error}): "
            "start it with `coterie up FILE`, or give --url"
        ) from error
    names = tuple(model["id"] for model in listed.get("data", ()))
    if not names:
        raise BadRequest(f"{target.url!r} lists no expert: name one with --expert")
    return names


async def _run(
    console: Console,
    target: Target,
    arrivals: Sequence[Arrival] | Iterator[Arrival],
    connections: int,
    seconds: float | None,
    within: Budget,
) -> Summary:
    total = len(arrivals) if isinstance(arrivals, Sequence) else None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[failed]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("answered", total=total, failed="")
        failed = 0

        def progress(answer: Answer) -> None:
            nonlocal failed
            failed += not answer.is_good
            bar.update(task, advance=1, failed=f"{failed} failed" if failed else "")

        begun = time.perf_counter()
        async with connected() as session:
            if isinstance(arrivals, Sequence):
                answers = await open_loop(session, target, arrivals, progress=progress)
            else:
                answers = await closed_loop(
                    session,
                    target,
                    arrivals,
                    connections=connections,
                    duration_s=seconds,
                    progress=progress,
                )
    return summarise(answers, time.perf_counter() - begun, within)


def _table(summary: Summary) -> Table:
    table = Table(show_header=False, box=None)
    for name, value in rows(summary):
        table.add_row(name, value)
    return table
