"""`coterie trace describe`: what a workload is like."""

from pathlib import Path
from typing import Annotated

import typer

from coterie.cli import pictures
from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.trace import options as said
from coterie.cli.trace.describe_report import NOBODY, drawn, page, show
from coterie.cli.trace.reading import opened, watched
from coterie.cli.trace.saving import write_whole
from coterie.errors import BadRequest
from coterie.workloads.describe import described


def describe(
    file: said.TraceFile,
    window: Annotated[
        str, typer.Option(help="How long the windows are in which bursts and experts are counted.")
    ] = "1m",
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw to this file, .png or .svg, or .html with the figures."),
    ] = None,
    format: said.FormatName = "",
    experts: said.Experts = "",
    popularity: said.PopularityOption = "even",
    rename: said.Rename = None,
    seed: said.Seed = 0,
    sort: said.Sort = False,
    begin: said.From = "",
    end: said.To = "",
    skip_incomplete: said.SkipIncomplete = False,
    lengths: said.LengthsFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what a trace is like: its rate, its bursts, its experts, its lengths, its conversations.

    It is read once, line by line, whatever its size. The last line is a command that makes a
    workload like it.

    Example: coterie trace describe requests.csv.gz

    Example: coterie trace describe gateway.jsonl --sort --window 10m --plot gateway.html
    """
    is_page = plot is not None and plot.suffix.lower() == ".html"
    kind = "svg" if is_page else pictures.kind_of(plot)
    if kind:
        pictures.figure(1, 1, 1)  # without matplotlib nothing needs to be read
    window_s = said.seconds_of("--window", window)
    if not window_s:
        raise BadRequest("`--window` is 0: expected a time such as 30s or 1m")
    read = said.options_of(
        format=format,
        experts=experts,
        popularity=popularity,
        rename=rename,
        seed=seed,
        sort=sort,
        begin=begin,
        end=end,
        skip_incomplete=skip_incomplete,
        lengths=lengths,
        nobody=NOBODY,
    )
    trace = opened(file, read)
    with watched(trace, "reading") as arrivals:
        found = described(arrivals, window_s)
    if plot is not None:
        figure = drawn(found)
        write_whole(
            plot,
            page(file, trace.format, found, figure) if is_page else pictures.rendered(figure, kind),
        )
    if as_json:
        print_json({"file": str(file), "format": trace.format, "workload": found})
    else:
        show(file, trace.format, found)
