"""`coterie trace generate`: a workload made to measure."""

from itertools import islice
from typing import Annotated

import typer

from coterie.cli.trace import options as said
from coterie.cli.trace.making import Making, expected, made
from coterie.cli.trace.reading import bar
from coterie.cli.trace.saving import saved
from coterie.errors import BadRequest
from coterie.workloads.changes import told

MOST_REQUESTS = 1_000_000_000


def generate(
    output: said.Output,
    process: Annotated[
        str,
        typer.Option(help="poisson, gamma, weibull, onoff, diurnal, stepped or constant arrivals."),
    ] = "poisson",
    rate: Annotated[
        float | None, typer.Option(help="Requests a second, on average. Default: 1.")
    ] = None,
    duration: Annotated[str, typer.Option(help="How long, as 10m or 24h.")] = "10m",
    requests: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many, if they come sooner.")
    ] = None,
    cv: Annotated[
        float | None,
        typer.Option(help="gamma, weibull: deviation over mean of the gaps; above 1: bursts."),
    ] = None,
    on: Annotated[str, typer.Option(help="onoff: how long requests come, on average.")] = "",
    off: Annotated[str, typer.Option(help="onoff: how long none come, on average.")] = "",
    swing: Annotated[
        float | None, typer.Option(help="diurnal: the part by which the rate rises and falls.")
    ] = None,
    period: Annotated[
        str, typer.Option(help="diurnal: from peak to peak (24h). stepped: then begin again.")
    ] = "",
    peak: Annotated[str, typer.Option(help="diurnal: when the rate is highest (14h).")] = "",
    step: Annotated[
        list[str] | None,
        typer.Option(help="stepped: TIME=RATE, as 10m=2.5; may be given several times."),
    ] = None,
    experts: Annotated[
        str, typer.Option(help="How many, their names with commas, or a composition's file.")
    ] = "8",
    popularity: Annotated[
        str, typer.Option(help="even, zipf:1.1 (the first asked most) or weights:3,1,1.")
    ] = "zipf:1.0",
    prompt_tokens: Annotated[
        str,
        typer.Option(
            help="200, lognormal:MEDIAN,SIGMA, lognormal-mean:MEAN,SIGMA, "
            "quantiles:50=120,99=4000, or trace:FILE."
        ),
    ] = "lognormal:200,1",
    output_tokens: Annotated[str, typer.Option(help="The same of answers.")] = "lognormal:100,0.8",
    most_prompt_tokens: Annotated[
        int, typer.Option(min=0, help="Cut prompts there, and end conversations; 0: nowhere.")
    ] = 32768,
    shift_at: Annotated[
        list[str] | None,
        typer.Option(help="Then who was asked most is asked least; may be given several times."),
    ] = None,
    flash: Annotated[
        list[str] | None,
        typer.Option(
            help="EXPERT@BEGIN+LENGTHxFACTOR, as base@1m+30sx5: asked so often for a while; may be "
            "given several times."
        ),
    ] = None,
    turns: Annotated[
        float | None, typer.Option(help="Make conversations of so many turns on average.")
    ] = None,
    think: Annotated[
        str,
        typer.Option(help="From one turn to the next: half take less. Default: 30s; of flows 5s."),
    ] = "",
    message: Annotated[
        str, typer.Option(help="Tokens that a turn adds to the conversation, as --prompt-tokens.")
    ] = "lognormal:60,1",
    switch: Annotated[
        float | None, typer.Option(help="The chance that a turn asks another expert.")
    ] = None,
    flow: Annotated[
        list[str] | None,
        typer.Option(
            help="Experts with commas that sessions go through; may be given several times, the "
            "most popular first."
        ),
    ] = None,
    seed: said.Seed = 0,
    force: said.Force = False,
) -> None:
    """Make a workload: when requests come, whom they ask, how long they are.

    The same options and seed give the same file. --rate counts requests: conversations and flows
    begin accordingly less often.

    Example: coterie trace generate -o day.csv.gz --process diurnal --rate 2 --duration 24h

    Example: coterie trace generate -o crowd.csv --experts base,coder --flash coder@5m+1mx10

    Example: coterie trace generate -o talk.csv --process gamma --cv 3 --rate 5 --turns 4
    """
    wanted = Making(
        process=process,
        rate=rate,
        end_s=said.seconds_of("--duration", duration),
        cv=cv,
        on=on,
        off=off,
        swing=swing,
        period=period,
        peak=peak,
        steps=tuple(step or ()),
        experts=experts,
        popularity=popularity,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        most_prompt_tokens=most_prompt_tokens,
        shifts=tuple(shift_at or ()),
        crowds=tuple(flash or ()),
        turns=turns,
        think=think,
        message=message,
        switch=switch,
        flows=tuple(flow or ()),
        seed=seed,
    )
    if not wanted.end_s:
        raise BadRequest("`--duration` is 0: expected a time such as 10m or 24h")
    with saved(output, force) as save:
        arrivals = made(wanted)
        total = min(expected(wanted), requests or float("inf"))
        if total > MOST_REQUESTS:
            raise BadRequest(
                f"about {total:,.0f} requests: expected at most {MOST_REQUESTS:,}; take another "
                "`--rate` or `--duration`, or the first of them by `--requests`"
            )
        with bar("generating", total) as advance:
            written = save(told(islice(arrivals, requests), advance))
    typer.echo(f"{written} requests → {output}")
