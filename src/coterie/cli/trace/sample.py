"""`coterie trace sample`: a part of a workload, drawn or cut."""

from typing import Annotated

import typer

from coterie.cli.trace import options as said
from coterie.cli.trace.reading import opened, watched
from coterie.cli.trace.saving import saved
from coterie.errors import BadRequest
from coterie.workloads import sampling


def sample(
    file: said.TraceFile,
    output: said.Output,
    fraction: Annotated[
        float | None, typer.Option(help="About this part of the requests, as 0.1.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="So many requests.")] = None,
    by_session: Annotated[
        bool, typer.Option("--by-session", help="Draw whole sessions; --count counts those.")
    ] = False,
    begin: said.From = "",
    end: said.To = "",
    format: said.FormatName = "",
    experts: said.Experts = "",
    popularity: said.PopularityOption = "even",
    seed: said.Seed = 0,
    sort: said.Sort = False,
    force: said.Force = False,
) -> None:
    """Write a part of a trace: a slice of its time, requests drawn from it, or whole sessions.

    What is drawn keeps its times, so a tenth of the requests has a tenth of the rate. A slice
    begins at 0.

    Example: coterie trace sample requests.csv.gz -o tenth.csv.gz --fraction 0.1 --by-session

    Example: coterie trace sample requests.csv.gz -o hour.csv.gz --from 12h --to 13h
    """
    if fraction is not None and count is not None:
        raise BadRequest("`--fraction` and `--count` are different samples: give one of them")
    if fraction is None and count is None and not begin and not end:
        raise BadRequest("nothing to sample by: give --fraction, --count, or --from and --to")
    if by_session and fraction is None and count is None:
        raise BadRequest("`--by-session` says how to draw: give --fraction or --count")
    if fraction is not None and not 0 < fraction <= 1:
        raise BadRequest(f"`--fraction` is {fraction:g}: expected above 0 and at most 1")
    read = said.options_of(
        format=format,
        experts=experts,
        popularity=popularity,
        seed=seed,
        sort=sort,
        begin=begin,
        end=end,
    )
    trace = opened(file, read)
    with saved(output, force) as save, watched(trace, "sampling") as arrivals:
        if fraction is not None:
            arrivals = sampling.fraction(arrivals, fraction, by_session=by_session, seed=seed)
        elif count is not None:
            arrivals = sampling.count(arrivals, count, by_session=by_session, seed=seed)
        written = save(arrivals)
    typer.echo(f"{written} requests of {file} ({trace.format}) → {output}")
