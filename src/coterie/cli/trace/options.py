"""The options that `coterie trace` commands have in common, and what they come to."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.document import load
from coterie.cli.trace.specs import pairs_of, popularity_of
from coterie.config import parse_duration
from coterie.errors import BadRequest
from coterie.workloads.changes import numbered
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.formats.known import FORMATS
from coterie.workloads.popularity import shares

MOST_EXPERTS = 1_000_000
JOURNAL = "journal"

TraceFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A trace, plain or gzip; or a journal's folder.")
]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="Write here: .csv, .jsonl, or either with .gz."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")]
FormatName = Annotated[
    str,
    typer.Option(help=f"What FILE is: {', '.join(FORMATS)}, {JOURNAL}. Default: as its content."),
]
Experts = Annotated[
    str,
    typer.Option(
        help="Names with commas, how many, or a composition's file. Others in the trace are an "
        "error; a trace that names none is given these."
    ),
]
PopularityOption = Annotated[
    str, typer.Option("--popularity", help="How they are given out: even, zipf:1.1, weights:3,1,1.")
]
Rename = Annotated[
    list[str] | None,
    typer.Option(help="MODEL=EXPERT: who is asked in place of MODEL; may be given several times."),
]
Seed = Annotated[int, typer.Option(help="Another seed, other draws.")]
Sort = Annotated[
    bool,
    typer.Option("--sort", help="Put the requests in order, in memory; else disorder is an error."),
]
From = Annotated[str, typer.Option("--from", help="Begin so long after the start, as 10m.")]
To = Annotated[str, typer.Option("--to", help="Stop before this time after the start, as 1h.")]
SkipIncomplete = Annotated[
    bool,
    typer.Option(
        "--skip-incomplete", help="Pass over lines of a log that lack a time, a model or tokens."
    ),
]
LengthsFile = Annotated[
    Path | None,
    typer.Option("--lengths", help="A ServeGen pool's quantiles. Default: beside its rates."),
]


def options_of(
    *,
    format: str = "",
    experts: str = "",
    popularity: str = "even",
    rename: Sequence[str] | None = None,
    seed: int = 0,
    sort: bool = False,
    begin: str = "",
    end: str = "",
    skip_incomplete: bool = False,
    lengths: Path | None = None,
    nobody: str = "",
) -> TraceOptions:
    """How the trace is to be read. Raises BadRequest."""
    if format not in ("", JOURNAL, *FORMATS):
        known = ", ".join((*FORMATS, JOURNAL))
        raise BadRequest(f"`--format` is {format!r}: expected one of {known}")
    names = experts_of(experts)
    chosen = popularity_of(popularity)
    if names:
        try:
            shares(chosen, len(names))
        except ValueError as error:
            raise BadRequest(f"`--popularity` is {popularity!r}: {error}") from error
    elif popularity != "even":
        raise BadRequest("`--popularity` says how often experts are asked: name them by --experts")
    begin_s = seconds_of("--from", begin) if begin else 0.0
    end_s = seconds_of("--to", end) if end else inf
    if not begin_s < end_s:
        raise BadRequest(f"`--from` {begin} is not before `--to` {end}: nothing is between them")
    return TraceOptions(
        format=format,
        experts=names,
        popularity=chosen,
        nobody=nobody,
        names=pairs_of("--rename", rename or ()),
        seed=seed,
        sort=sort,
        begin_s=begin_s,
        end_s=end_s,
        skip_incomplete=skip_incomplete,
        lengths=lengths,
    )


def experts_of(text: str) -> tuple[str, ...]:
    """The names that `--experts` says. Raises BadRequest."""
    if text.isdecimal():
        count = int(text) if len(text) < 9 else MOST_EXPERTS + 1
        if not 1 <= count <= MOST_EXPERTS:
            raise BadRequest(f"`--experts` is {text}: expected 1 to {MOST_EXPERTS:,}, or names")
        return numbered(count)
    if text.endswith((".yaml", ".yml")):
        return tuple(expert.name for expert in load(Path(text)).experts)
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    if not all(names) or len(dict.fromkeys(names)) != len(names):
        raise BadRequest(f"`--experts` is {text!r}: expected names with commas, each once")
    return names


def seconds_of(option: str, text: str) -> float:
    """Raises BadRequest."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadRequest(f"`{option}` is wrong: {error}") from error
