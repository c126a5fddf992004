"""`coterie route tune`: which `economy` and `confidence` a route should have, by ratings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coterie.cli import pictures
from coterie.cli.client import AsJson
from coterie.cli.composed import write
from coterie.cli.output import print_json
from coterie.cli.route import plots
from coterie.cli.route.asking import answers, complete, opened, told, weighed
from coterie.cli.route.costs import checked, read_costs, read_seconds
from coterie.cli.route.options import COSTS, Among, Force, HeldRatings, Page, Plot, RouterFile
from coterie.cli.route.progress import bars
from coterie.cli.route.sheets import page, show
from coterie.cli.route.tune_report import drawn, lines, sheets
from coterie.cli.route.tuned import Question, tuned
from coterie.errors import BadRequest, RatingsInvalid
from coterie.router.dial import PATIENCE


def tune(
    router: RouterFile,
    ratings: HeldRatings,
    costs: Annotated[
        Path,
        typer.Option(help=COSTS),
    ],
    expert: Among = None,
    otherwise: Annotated[
        str, typer.Option(help="The generalist. Default: the best single expert.")
    ] = "",
    latencies: Annotated[
        Path | None,
        typer.Option(help="Seconds until experts have answered: a JSON list with `answer_s`."),
    ] = None,
    patience: Annotated[
        float, typer.Option(help="The route's `patience`, in seconds, where latencies are given.")
    ] = PATIENCE,
    dial_steps: Annotated[
        int, typer.Option(min=2, max=1000, help="Settings of `economy` that are compared.")
    ] = 21,
    plot: Plot = None,
    html: Page = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what each setting of a route's `economy` and `confidence` comes to.

    Quality and cost on ratings that were held back, beside what single experts reach; the cheapest
    setting that keeps the quality of the best of them is suggested.

    Example: coterie route tune my.router held.jsonl --costs sizes.json --plot frontier.png
    """
    kind = plots.checked(plot, html, force)
    if not 0 < patience < float("inf"):
        raise BadRequest(f"`--patience` is {patience:g}: expected more than 0 seconds", "patience")
    said = read_costs(costs)
    slow = {} if latencies is None else read_seconds(latencies)
    errors = Console(stderr=True)
    asked = opened(router, ratings, expert or (), errors)
    experts = asked.ratings.experts
    if not experts:
        raise RatingsInvalid("these prompts have no scores: settings cannot be compared")
    _check_generalist(otherwise, experts)
    prices = checked("costs", said, experts, costs)
    seconds = {} if latencies is None else checked("latencies", slow, experts, latencies)
    with bars(errors) as step:
        found = answers(asked, step)
    whole, found = complete(asked, found)
    if not len(whole.ratings):
        raise RatingsInvalid(
            "no prompt was rated for all of these experts: choose those that were with --expert"
        )
    if not asked.learned.trust:
        told(errors, "the router found no signal: every setting gives all prompts to one expert")
    if len(whole.ratings) < len(asked.ratings):
        count = len(asked.ratings) - len(whole.ratings)
        told(errors, f"left out: {count} prompts that were not rated for all of these experts")
    table = weighed(whole, found, cost=prices, seconds=seconds, otherwise=otherwise)
    question = Question(table, whole.ratings.scores, whole.best, patience)
    outcome = tuned(question, dial_steps)
    if kind or html is not None:
        figure = drawn(outcome)
        if plot is not None:
            write(plot, pictures.rendered(figure, kind))
        if html is not None:
            title = f"{router.name} tuned on {len(whole.ratings)} prompts"
            text = page(title, lines(outcome), sheets(outcome), plots.inline(figure))
            write(html, text)
    if as_json:
        print_json(outcome)
    else:
        show(lines(outcome), sheets(outcome))


def _check_generalist(name: str, experts: Sequence[str]) -> None:
    if name and name not in experts:
        raise BadRequest(
            f"`--otherwise` is {name!r}: expected one of {', '.join(experts)}", "otherwise"
        )
