"""The options that commands which simulate have in common, and what they come to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.simulation.workload import Mapping
from coterie.config import parse_size
from coterie.errors import BadRequest
from coterie.scheduler import policy_problem

Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        help="What the machines can do: a profile's name or file, or NODE=NAME for one node; may "
        "be given several times. Default: CPUs with the cores of this machine.",
    ),
]
Models = Annotated[
    list[Path] | None,
    typer.Option(
        help="A JSON list with `params_b` of experts whose weights are not here; may be given "
        "several times."
    ),
]
State = Annotated[
    Path | None, typer.Option(help="Where fetched weights are; as `coterie up` is told.")
]
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", help="Decide by this policy; may be given several times."),
]
Hot = Annotated[
    str | None, typer.Option(help="Hot memory of each device, as 64GiB. Default: as it is said.")
]
TraceOption = Annotated[
    Path | None,
    typer.Option("--trace", help="Requests: a trace, a gateway's log of them, or a journal."),
]
Rate = Annotated[
    float | None, typer.Option(help="Make requests instead, so many a second on average.")
]
Cv = Annotated[
    float,
    typer.Option(help="Deviation over mean of the gaps between made requests; above 1: bursts."),
]
Duration = Annotated[
    str, typer.Option(help="Requests for so long, as 1h. Default: the whole trace, or 10m.")
]
Speed = Annotated[float, typer.Option(help="How dense the requests are: 2 is twice as dense.")]
PopularityOption = Annotated[
    str,
    typer.Option(
        "--popularity",
        help="How often experts are asked, where requests are made or a trace names none: even, "
        "zipf:1.1 (the first asked most), weights:3,1,1.",
    ),
]
PromptTokens = Annotated[
    str,
    typer.Option(
        help="Tokens in of made requests: 200, lognormal:MEDIAN,SIGMA, quantiles:50=120,99=4000, "
        "or trace:FILE."
    ),
]
OutputTokens = Annotated[str, typer.Option(help="The same of their answers.")]
MapOption = Annotated[
    Mapping,
    typer.Option(
        "--map",
        help="Whom the trace's experts are: by-name, or by-rank (the most asked is the first that "
        "is declared, and so on, in turn).",
    ),
]
Rename = Annotated[
    list[str] | None,
    typer.Option(help="MODEL=EXPERT: who is asked in place of MODEL; may be given several times."),
]
Sort = Annotated[
    bool, typer.Option("--sort", help="Put the trace in order; else disorder is an error.")
]
Ttft = Annotated[str, typer.Option(help="Latency budget of each request, to the first token: 2s.")]
E2e = Annotated[str, typer.Option(help="The same to the end of its answer.")]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        help="node:NAME@120s+60s (lost for a minute), disk:NAME@60s+30sx0.1 or "
        "link:NAME@60s+30sx0.25 (so much of its speed); may be given several times.",
    ),
]
Crashes = Annotated[
    float, typer.Option("--crashes-per-hour", help="How often each hot replica crashes.")
]
LoadFails = Annotated[float, typer.Option(help="The chance that a load fails, as 0.05.")]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        help="Exit status 1 if this holds, as 'p95_ttft > 2s' or 'attainment < 99%'; may be given "
        "several times."
    ),
]
Report = Annotated[Path | None, typer.Option(help="Write a page with plots to this file, .html.")]
Parquet = Annotated[
    Path | None,
    typer.Option(help="Write requests, residences and queue into this folder, as Parquet."),
]
Seed = Annotated[int, typer.Option(help="Another seed, other requests and crashes.")]


@contextmanager
def usage() -> Iterator[None]:
    """Options that make no sense are told in a line, with exit status 2: 1 says that a condition
    holds, or that a file is wrong.
    """
    try:
        yield
    except BadRequest as error:
        typer.echo(f"coterie: {error}", err=True)
        raise typer.Exit(2) from error


def hot_of(text: str | None) -> int | None:
    """Bytes. Raises BadRequest."""
    if text is None:
        return None
    try:
        size = parse_size(text)
    except ValueError as error:
        raise BadRequest(f"`--hot` is wrong: {error}", "hot") from error
    if not size:
        raise BadRequest("`--hot` is 0: expected more, no expert fits in no memory", "hot")
    return size


def check_policies(names: list[str]) -> None:
    """Raises BadRequest unless each is one, and none is there twice."""
    for place, name in enumerate(names):
        problem = policy_problem(name)
        if problem is not None:
            raise BadRequest(f"`--policy`: {problem.message}", "policy")
        if name in names[:place]:
            raise BadRequest(f"`--policy` {name!r} is given twice: keep one", "policy")
