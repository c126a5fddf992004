"""The options that `coterie route eval` and `tune` have in common."""

from pathlib import Path
from typing import Annotated

import typer

RouterFile = Annotated[Path, typer.Argument(metavar="ROUTER", help="A fitted router's file.")]
HeldRatings = Annotated[
    list[Path],
    typer.Argument(
        metavar="RATINGS...",
        help="Rated prompts that were held back; or a file of prompts and one of scores.",
    ),
]
Among = Annotated[
    list[str] | None,
    typer.Option(help="Choose from these alone; may be given several times. Default: all."),
]
COSTS = (
    "What experts cost: a JSON list with `cost`, `active_params_b` or `params_b`, or a composition."
)
Plot = Annotated[Path | None, typer.Option(help="Draw to this file, .png or .svg.")]
Page = Annotated[Path | None, typer.Option(help="Write a page to this file.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
