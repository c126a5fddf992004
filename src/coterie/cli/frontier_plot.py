"""The frontier as a picture: expected quality over memory, beside the best single expert."""

from collections.abc import Sequence

from coterie.cli import pictures

GB = 1e9
Point = tuple[int, float | None, float | None]
"""A budget in bytes, the quality of its plan, and of its best single expert; None: none fits."""


def drawn(points: Sequence[Point], kind: str) -> bytes:
    """A picture of `kind`, `png` or `svg`. Raises CommandError without matplotlib."""
    figure = pictures.figure(1, 7, 4)
    (axes,) = figure.axes
    for column, label in ((1, "composition"), (2, "best single expert")):
        shown = [(point[0] / GB, point[column]) for point in points if point[column] is not None]
        if shown:
            axes.plot(*zip(*shown, strict=True), marker="o", drawstyle="steps-post", label=label)
    axes.set_xlabel("memory, GB")
    axes.set_ylabel("expected quality")
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    return pictures.rendered(figure, kind)
