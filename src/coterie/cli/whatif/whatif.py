"""`coterie whatif`: which set-up does what, and the cheapest that does what is wanted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.simulation import options, parse
from coterie.cli.simulation.files import together
from coterie.cli.simulation.modelled import modelled
from coterie.cli.simulation.workload import Wanted, workload
from coterie.cli.whatif import answers as answering
from coterie.cli.whatif import explore, plot, price, report, sheet, sweeps
from coterie.cli.whatif.running import running
from coterie.cli.whatif.trials import Base
from coterie.errors import BadRequest

Sweeps = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        help="What to vary, as hot=16GiB,32GiB, nodes=1..4 or policy=cost,lru; may be given "
        "several times, for every combination. There are hot, host, nodes, replicas, parallel, "
        "policy, profile, load.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="Find the cheapest set-up for which this holds, as 'p95_ttft <= 2s'; several must all "
        "hold.",
    ),
]
Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        help="What is cheap: node-hour=30 or GiB-hour=0.05, of hot memory. Default: fewer nodes, "
        "then less hot memory.",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", help="A column of the table, as p99_e2e; may be given several times."),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", help="Draw the first figure over a sweep into this file, .png, .svg or .html."
    ),
]
Full = Annotated[
    bool, typer.Option("--full", help="Simulate all points, also where a search needs few of them.")
]
Jobs = Annotated[int, typer.Option(min=1, max=256, help="Simulations side by side.")]


def whatif(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The composition document.")],
    sweep: Sweeps = None,
    target: Targets = None,
    trace: options.TraceOption = None,
    rate: options.Rate = None,
    cv: options.Cv = 1.0,
    duration: options.Duration = "",
    speed: options.Speed = 1.0,
    popularity: options.PopularityOption = "zipf:1.0",
    prompt_tokens: options.PromptTokens = "lognormal:200,1",
    output_tokens: options.OutputTokens = "lognormal:100,0.8",
    mapping: options.MapOption = "by-name",
    rename: options.Rename = None,
    sort: options.Sort = False,
    ttft: options.Ttft = "",
    e2e: options.E2e = "",
    profile: options.Profiles = None,
    models: options.Models = None,
    state: options.State = None,
    hot: options.Hot = None,
    price_of: Prices = None,
    metric: Metrics = None,
    plot_to: Plot = None,
    full: Full = False,
    jobs: Jobs = 1,
    seed: options.Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate the same requests on other set-ups, and find the cheapest that will do.

    Every combination of what is swept is simulated with the same requests, at most 200 of them.
    With --target, one of hot, host and nodes with more than four values is searched by bisection
    instead. Exit status 1: no set-up meets the targets.

    Example: coterie whatif composition.yaml --trace requests.csv --sweep hot=16GiB..128GiB:8GiB
    --target 'p95_ttft <= 2s'

    Example: coterie whatif composition.yaml --rate 4 --sweep policy=cost,lru --sweep load=0.5..4
    """
    with options.usage():
        varied = _swept(sweep or [])
        targets = answering.with_answers([parse(text, "--target") for text in target or ()])
        costs, names = price.parse(price_of or ()), sheet.metrics_of(metric or ())
        kind, along = plot.kind_of(plot_to), None
        if targets and not full:
            along = explore.searched(varied)
        base = modelled(
            file,
            profiles=profile or (),
            models=models or (),
            state=state,
            hot=options.hot_of(hot),
        )
        asked = workload(
            base.composition,
            Wanted(
                trace=trace,
                rate=rate,
                cv=cv,
                duration=duration,
                speed=speed,
                popularity=popularity,
                prompt_tokens=prompt_tokens,
                output_tokens=output_tokens,
                mapping=mapping,
                rename=tuple(rename or ()),
                sort=sort,
                ttft=ttft,
                e2e=e2e,
                seed=seed,
            ),
        )
        drawn = plot.drawn_of(varied, along, sheet.first(targets, names)) if kind else None
        with running(Base(base, tuple(profile or ()), costs), asked.requests, jobs) as run:
            if along is None:
                explored = explore.all_of(varied, run)
            else:
                explored = explore.search(varied, along, targets, run)
    found = answering.answers(explored.trials, varied, targets) if targets else []
    if drawn is not None and plot_to is not None:
        picture = plot.picture(explored.trials, drawn, targets, kind)
        with together([plot_to]) as (part,):
            part.write_bytes(picture)
    notes = [*base.notes, *asked.notes, *report.notes(explored.trials)]
    if as_json:
        about = {"file": str(file), "requests": len(asked.requests), "notes": notes}
        print_json(about | sheet.document(explored, varied, targets, found))
    else:
        report.show(explored, varied, names, targets, found, notes)
    is_hopeless = not any(trial.figures for trial in explored.trials)
    if is_hopeless or any(answer.best is None for answer in found):
        raise typer.Exit(1)


def _swept(texts: Sequence[str]) -> tuple[sweeps.Sweep, ...]:
    varied = sweeps.parse(texts)
    if not varied:
        raise BadRequest("nothing is varied: give `--sweep`, as hot=16GiB,32GiB or nodes=1..4")
    count = sweeps.size(varied)
    if count > explore.MOST_POINTS:
        raise BadRequest(
            f"the sweeps have {count:,} combinations; at most {explore.MOST_POINTS}: take larger "
            "steps, or sweep fewer dimensions at once"
        )
    return varied
