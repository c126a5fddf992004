"""`coterie trace scale`: the same workload, denser or longer."""

from typing import Annotated

import typer

from coterie.cli.trace import options as said
from coterie.cli.trace.reading import Readable, opened, watched
from coterie.cli.trace.saving import saved
from coterie.errors import BadRequest, TraceInvalid
from coterie.workloads.changes import faster, longer
from coterie.workloads.tallies import Gaps


def scale(
    file: said.TraceFile,
    output: said.Output,
    speed: Annotated[
        float | None, typer.Option(help="How dense the requests are: 2 is twice as dense.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second over the whole; reads FILE twice.")
    ] = None,
    tokens: Annotated[
        float, typer.Option(help="So many times the tokens, in and out: 0.5 is half of them.")
    ] = 1.0,
    format: said.FormatName = "",
    experts: said.Experts = "",
    popularity: said.PopularityOption = "even",
    seed: said.Seed = 0,
    sort: said.Sort = False,
    force: said.Force = False,
) -> None:
    """Write a trace at another speed, at another rate, or with other lengths.

    Bursts, order and shares stay as they are.

    Example: coterie trace scale requests.csv.gz -o busy.csv.gz --rate 10

    Example: coterie trace scale requests.csv.gz -o short.csv.gz --speed 2 --tokens 0.25
    """
    if speed is not None and rate is not None:
        raise BadRequest("`--speed` and `--rate` both say how dense: give one of them")
    if speed is None and rate is None and tokens == 1.0:
        raise BadRequest("nothing to change: give --speed, --rate or --tokens")
    for name, value in (("speed", speed), ("rate", rate), ("tokens", tokens)):
        if value is not None and not 0 < value < float("inf"):
            raise BadRequest(f"`--{name}` is {value:g}: expected a number above 0")
    read = said.options_of(
        format=format, experts=experts, popularity=popularity, seed=seed, sort=sort
    )
    trace = opened(file, read)
    with saved(output, force) as save:
        if rate is not None:
            speed = rate / _rate(trace)
        with watched(trace, "scaling") as arrivals:
            changed = faster(arrivals, speed) if speed is not None else arrivals
            written = save(longer(changed, tokens) if tokens != 1.0 else changed)
    typer.echo(f"{written} requests of {file} ({trace.format}) → {output}")


def _rate(trace: Readable) -> float:
    """Requests a second, of a trace that lasts. Raises TraceInvalid."""
    gaps = Gaps()
    with watched(trace, "counting") as arrivals:
        for arrival in arrivals:
            gaps.add(arrival.at_s)
    if gaps.rate is None:
        raise TraceInvalid(f"{str(trace.path)!r} has no rate: all its requests come at one moment")
    return gaps.rate
