"""`coterie route eval`: how good a fitted router is, on ratings that it has not seen."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coterie.cli import pictures
from coterie.cli.client import AsJson
from coterie.cli.composed import write
from coterie.cli.output import print_json
from coterie.cli.route import plots
from coterie.cli.route.asking import answers, opened, told
from coterie.cli.route.costs import read_costs
from coterie.cli.route.eval_report import drawn, lines, sheets, whole_confusion
from coterie.cli.route.measured import measured
from coterie.cli.route.options import COSTS, Among, Force, HeldRatings, Page, Plot, RouterFile
from coterie.cli.route.progress import bars
from coterie.cli.route.sheets import page, show


def evaluate(
    router: RouterFile,
    ratings: HeldRatings,
    expert: Among = None,
    costs: Annotated[
        Path | None,
        typer.Option(help=COSTS),
    ] = None,
    paraphrases: Annotated[
        int, typer.Option(min=0, help="Prompts that are also asked in other words; 0: none.")
    ] = 200,
    plot: Plot = None,
    html: Page = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say how good a fitted router is, on ratings that were held back.

    Which categories it tells, what its choices are worth against the best single expert, chance and
    an oracle, what they cost, and whether the same question in other words goes to the same expert.

    Example: coterie route eval my.router held.jsonl

    Example: coterie route eval my.router held.jsonl --costs sizes.json --html report.html
    """
    kind = plots.checked(plot, html, force)
    said = None if costs is None else read_costs(costs)
    errors = Console(stderr=True)
    asked = opened(router, ratings, expert or (), errors)
    if said is not None:
        missing = [name for name in asked.ratings.experts if name not in said]
        if missing:
            told(errors, f"costs are skipped: {costs} has none of {', '.join(missing)}")
            said = None
    with bars(errors) as step:
        found = measured(str(router), asked, answers(asked, step), said, paraphrases, step)
    if kind or html is not None:
        figure = drawn(found)
        if plot is not None:
            write(plot, pictures.rendered(figure, kind))
        if html is not None:
            tables = [*sheets(found), *whole_confusion(found)]
            title = f"{router.name} on {len(asked.ratings)} prompts"
            write(html, page(title, lines(found), tables, plots.inline(figure)))
    if as_json:
        print_json(found)
    else:
        show(lines(found), sheets(found))
