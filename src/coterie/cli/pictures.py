"""Pictures as files: PNG or SVG by matplotlib, the same bytes for the same figures."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.errors import BadRequest, CommandError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = ("png", "svg")


def kind_of(path: Path | None) -> str:
    """`png` or `svg`; empty: no picture is wanted. Raises BadRequest."""
    if path is None:
        return ""
    kind = path.suffix.removeprefix(".").lower()
    if kind not in PICTURES:
        raise BadRequest(f"`--plot` is {str(path)!r}: expected a name that ends in .png or .svg")
    return kind


def figure(count: int, width: float, height: float) -> "Figure":
    """An empty figure with room for so many pictures side by side, in inches each. Raises
    CommandError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError("plots need matplotlib: pip install 'coterie[plots]'") from error
    drawn = Figure(figsize=(width * count, height), layout="constrained")
    drawn.subplots(1, count)
    return drawn


def rendered(drawn: "Figure", kind: str) -> bytes:
    """A file of `kind`, without the date or what made it."""
    import matplotlib as mpl

    picture = io.BytesIO()
    nothing: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": "coterie"}):
        drawn.savefig(
            picture, format=kind, dpi=120, metadata=nothing if kind == "svg" else {"Software": None}
        )
    return picture.getvalue()
