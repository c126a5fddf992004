"""`coterie compose`: which experts to deploy, from how well they answer and what they take."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from coterie.cli.client import AsJson
from coterie.cli.composed import check_free, checked, composed, write
from coterie.cli.frontier_plot import drawn
from coterie.cli.output import print_json
from coterie.cli.pictures import kind_of
from coterie.cli.plan_report import Outcome, Point, as_document, show
from coterie.cli.pool import Pool, read_pool
from coterie.cli.silence import silenced
from coterie.config import parse_size
from coterie.errors import BadRequest, RatingsInvalid
from coterie.planner import (
    Problem,
    best_single,
    fitting_pull,
    frontier,
    held_out_quality,
    ladder,
    select,
    weigh,
)
from coterie.planner.evidence import UNNAMED
from coterie.router.ratings import Ratings, read_ratings


def compose(
    scores: Annotated[
        list[Path],
        typer.Option(help="Rated prompts; twice: prompts in one file, scores in the other."),
    ],
    experts: Annotated[
        list[Path],
        typer.Option(
            help="The experts to choose from: a composition, or a JSON list with their sizes; may "
            "be given several times."
        ),
    ],
    memory: Annotated[str, typer.Option(help="What all chosen experts may take, as 80GiB.")],
    hot: Annotated[
        str | None,
        typer.Option(help="Device memory, where only a part of them is resident. Default: all."),
    ] = None,
    must: Annotated[
        list[str] | None,
        typer.Option(help="An expert that is deployed in any case; may be given several times."),
    ] = None,
    max_experts: Annotated[
        int | None, typer.Option(min=1, help="Experts at most. Default: as many as fit.")
    ] = None,
    second_price: Annotated[
        float,
        typer.Option(
            help="Quality, of 1, that a second less to wait is worth: answers by their `answer_s`, "
            "and with --hot loads of those that are not resident."
        ),
    ] = 0.0,
    load_rate: Annotated[
        str, typer.Option(help="Bytes loaded a second, of experts without a `load_s`.")
    ] = "1GiB",
    budgets: Annotated[
        str | None,
        typer.Option(
            "--frontier", help="Budgets to compare, as 16GB,48GB. Default: from 1/8 to 4 times."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the frontier to this file, .png or .svg.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the composition, in YAML, to this file.")
    ] = None,
    router: Annotated[
        Path | None,
        typer.Option(help="A fitted router for its route. Default: examples of each category."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Where fetched weights are; as `coterie up` is told.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose which experts to deploy, from rated prompts and sizes.

    The experts whose answers are best in all, each category of prompts by the one that suits it,
    within the memory; with the gap to the best possible choice, and what more memory would buy.

    Example: coterie compose --scores rated.jsonl --experts sizes.json --memory 50GB

    Example: coterie compose --scores rated.jsonl --experts all.yaml --memory 80GiB --output my.yaml
    """
    for path in (plot, output):
        if path is not None:
            check_free(path, force)
    kind = kind_of(plot)
    if router is not None and not router.is_file():
        raise BadRequest(f"`--router`: there is no file {str(router)!r}", "router")
    if not 0 <= second_price < float("inf"):
        raise BadRequest(f"`--second-price` is {second_price:g}: expected 0 or more")
    budgets_bytes = [_size("frontier", part) for part in budgets.split(",")] if budgets else None
    room = {
        "memory_bytes": _size("memory", memory),
        "hot_bytes": 0 if hot is None else _size("hot", hot),
    }
    pool = read_pool(experts, state, _size("load-rate", load_rate))
    ratings, left_out = _rated(read_ratings(scores), pool)
    errors = Console(stderr=True)
    for name, why in left_out.items():
        errors.print(f"left out: {name}, {why}", highlight=False, markup=False)
    pull = fitting_pull(ratings.scores, ratings.categories)
    evidence = weigh(ratings.scores, ratings.categories, pull)
    problem = Problem(
        candidates=pool.candidates,
        categories=evidence.categories,
        weights=evidence.weights,
        quality=evidence.quality,
        must=tuple(dict.fromkeys(must or ())),
        most=max_experts or 0,
        second_price=second_price,
        **room,
    )
    with silenced():
        plan = select(problem)
        outcome = Outcome(
            problem=problem,
            evidence=evidence,
            pull=pull,
            plan=plan,
            single=best_single(problem, problem.memory_bytes),
            held_out=held_out_quality(problem, ratings.scores, ratings.categories, pull),
            points=_points(problem, budgets_bytes or ladder(problem), errors),
        )
    picture = drawn(outcome.curve, kind) if kind else b""
    if output is not None:
        document = composed(
            pool,
            plan,
            output,
            memory=problem.memory_bytes,
            hot=problem.hot_bytes,
            examples=_examples(ratings),
            router=router,
        )
        write(output, checked(document, outcome.remark))
    if plot is not None:
        write(plot, picture)
    if as_json:
        print_json(as_document(outcome))
    else:
        show(outcome)


def _size(option: str, text: str) -> int:
    try:
        size = parse_size(text.strip())
    except ValueError as error:
        raise BadRequest(f"`--{option}` is wrong: {error}", option) from error
    if not size:
        raise BadRequest(f"`--{option}` is 0: expected more", option)
    return size


def _rated(ratings: Ratings, pool: Pool) -> tuple[Ratings, dict[str, str]]:
    """The ratings of those experts that can be chosen, and why others cannot.

    Raises RatingsInvalid where an expert has no scores.
    """
    names = [one.name for one in pool.candidates]
    for name in names:
        if name not in ratings.experts:
            raise RatingsInvalid(
                f"expert {name!r} has no scores: rate its answers, or leave it out of the experts; "
                f"there are scores of {', '.join(ratings.experts)}"
            )
    left_out = {
        name: "its size is null" if name in pool.closed else "it has scores, and no size"
        for name in ratings.experts
        if name not in names
    }
    return ratings.only(names), left_out


def _points(problem: Problem, budgets: Sequence[int], console: Console) -> list[Point]:
    """The frontier, with a bar meanwhile."""
    budgets = sorted(set(budgets))
    points: list[Point] = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("budgets", total=len(budgets))
        for budget, plan in frontier(problem, budgets):
            points.append(Point(budget, plan, best_single(problem, budget)))
            progress.advance(task)
    return points


def _examples(ratings: Ratings) -> dict[str, list[str]]:
    """The prompts of each category."""
    found: dict[str, list[str]] = {}
    for category, prompt in zip(ratings.categories, ratings.prompts, strict=True):
        found.setdefault(category or UNNAMED, []).append(prompt)
    return found
