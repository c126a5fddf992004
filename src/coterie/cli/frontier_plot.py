"""The frontier as a picture: expected quality over memory, beside the best single expert."""

import io
from collections.abc import Sequence

from coterie.errors import CommandError

GB = 1e9
Point = tuple[int, float | None, float | None]
"""A budget in bytes, the quality of its plan, and of its best single expert; None: none fits."""


def drawn(points: Sequence[Point], kind: str) -> bytes:
    """A picture of `kind`, `png` or `svg`. Raises CommandError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError("plots need matplotlib: pip install 'coterie[plots]'") from error
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for column, label in ((1, "composition"), (2, "best single expert")):
        shown = [(point[0] / GB, point[column]) for point in points if point[column] is not None]
        if shown:
            axes.plot(*zip(*shown, strict=True), marker="o", drawstyle="steps-post", label=label)
    axes.set_xlabel("memory, GB")
    axes.set_ylabel("expected quality")
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, dpi=150)
    return picture.getvalue()
