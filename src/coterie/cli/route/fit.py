"""`coterie route fit`: a learned router, from rated prompts or from labels, as one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from coterie.cli.composed import check_free, write
from coterie.cli.route.asking import MAP, Asked, answers, told, weighed
from coterie.cli.route.fit_report import Fitted, document, lines, remarks
from coterie.cli.route.holding import Parts, as_lines, parted
from coterie.cli.route.labels import mapped, parsed, scored
from coterie.cli.route.progress import Step, bars
from coterie.cli.route.sheets import show
from coterie.errors import BadRequest, CommandError, RatingsInvalid
from coterie.router.artefact import write_router
from coterie.router.dial import chosen
from coterie.router.embedders import Embedder, open_embedder
from coterie.router.evaluate import Quality, quality
from coterie.router.fit import fit as fitted_to
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings, read_ratings
from coterie.router.seen import sketch

MOST_HELD = 0.9


def fit(
    ratings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RATINGS...",
            help="Rated prompts, .jsonl, .csv or .parquet; or a file of prompts and one of scores.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Write the router to this file.")],
    embedder: Annotated[
        str,
        typer.Option(
            help="`static` word vectors, the transformer `minilm`, or `words`, without weights."
        ),
    ] = "static",
    out_of_scope: Annotated[
        str, typer.Option(help="The category of prompts that no expert is for.")
    ] = "",
    expert: Annotated[
        list[str] | None,
        typer.Option(help="Fit for these alone; may be given several times. Default: all rated."),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="category=expert, where there are no scores; may be given several times.",
        ),
    ] = None,
    hold: Annotated[
        float,
        typer.Option(help="The share of prompts that is held back to say how good the router is."),
    ] = 0.2,
    held: Annotated[
        Path | None,
        typer.Option(
            help="Write those prompts to this file, .jsonl, for `eval` and `tune`, and fit without "
            "them. Default: in the end the router is fitted to all."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Fit a router to rated prompts, or to labelled ones.

    How good it is, is said of prompts that are held back. A server's own feedback,
    `STATE/routes/NAME.jsonl`, are such ratings too.

    Example: coterie route fit rated.jsonl --output my.router

    Example: coterie route fit labels.csv --map code=coder --map prose=writer --output my.router
    """
    _check(output, hold, held, force)
    model = open_embedder(embedder)
    rated, mapping = _rated(ratings, expert or (), pairs or (), out_of_scope)
    errors = Console(stderr=True)
    parts = parted(rated, hold) if hold else None
    if parts is None and (hold or held is not None):
        message = f"{len(rated)} prompts are too few to hold {hold * 100:g} % of them back"
        if held is not None:
            raise RatingsInvalid(f"{message}: there is nothing to write to {str(held)!r}")
        told(errors, f"{message}: nothing is said of how good the router is")
    with bars(errors) as step:
        trial, how = _tried(parts, model, out_of_scope, step)
        learned = trial if held is not None else None
        used = parts.rest if parts is not None and held is not None else rated
        if learned is None:
            learned = fitted_to(used, model, strange=out_of_scope, step=step)
    about: dict[str, Any] = {"prompts": len(used), **sketch(used.prompts)}
    if mapping:
        about[MAP] = mapping
    if held is not None and parts is not None:
        write(held, as_lines(parts.held))
    try:
        digest = write_router(learned, output, about)
        size = output.stat().st_size
    except OSError as error:
        raise CommandError(
            f"{str(output)!r} cannot be written: {error.strerror or error}"
        ) from error
    done = Fitted(learned, used, how, output, digest, size)
    for line in remarks(done):
        told(errors, line)
    show(lines(done), ())
    typer.echo(f"\n{document(done)}")


def _check(output: Path, hold: float, held: Path | None, force: bool) -> None:
    for path in (output, held):
        if path is not None:
            check_free(path, force)
    if not 0 <= hold <= MOST_HELD:
        raise BadRequest(f"`--hold` is {hold:g}: expected a share from 0 to {MOST_HELD}", "hold")
    if held == output:
        raise BadRequest(f"`--held` is {str(held)!r}, as `--output`: take another name", "held")
    if held is not None and not held.name.endswith(".jsonl"):
        raise BadRequest(f"`--held` is {str(held)!r}: expected a name that ends in .jsonl", "held")


def _rated(
    files: Sequence[Path], experts: Sequence[str], pairs: Sequence[str], out_of_scope: str
) -> tuple[Ratings, dict[str, str]]:
    """The ratings, and where they are labels, the expert of each. Raises RatingsInvalid."""
    ratings = read_ratings(files)
    said = parsed(pairs)
    if ratings.experts:
        if said:
            raise BadRequest("`--map` is for labels alone, and these prompts have scores", "map")
        return ratings.only(experts) if experts else ratings, {}
    if not ratings.has_categories:
        raise RatingsInvalid(
            "these prompts have neither scores nor categories: add `scores`, columns "
            "`score:EXPERT`, or a `category`"
        )
    mapping = mapped(ratings, said, experts, out_of_scope)
    return scored(ratings, mapping), mapping


def _tried(
    parts: Parts | None, model: Embedder, out_of_scope: str, step: Step
) -> tuple[Learned | None, Quality | None]:
    """A router fitted to the rest, and how good it is on what was held back."""
    if parts is None:
        return None, None
    rest, held = parts
    known = out_of_scope if out_of_scope in rest.categories else ""

    def trying(stage: str, done: int, total: int) -> None:
        step(f"trial: {stage}", done, total)

    learned = fitted_to(rest, model, strange=known, step=trying)
    best = int(learned.means.argmax())
    asked = Asked(learned, held, best)
    who = chosen(weighed(asked, answers(asked, trying)))
    return learned, quality(held, who, best)
