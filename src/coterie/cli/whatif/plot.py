"""A figure over one dimension of a sweep, a line for each combination of the others."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from coterie.cli import pictures
from coterie.cli.simulation import Condition
from coterie.cli.simulation.figures import FIGURES
from coterie.cli.whatif.sweeps import DIMENSIONS, Sweep, Value, named
from coterie.cli.whatif.trials import Trial
from coterie.errors import BadRequest

GIB = 1024**3
MOST_LINES = 12
WIDE = 16
"""Above such a range, a dimension is drawn in powers of two."""
PAGE = "html"


class Drawn(NamedTuple):
    """`axis` is the dimension along which `name`, a figure, is drawn."""

    axis: Sweep
    name: str


def kind_of(path: Path | None) -> str:
    """`png`, `svg` or `html`; empty: no picture is wanted. Raises BadRequest."""
    if path is not None and path.suffix.lower() in (".html", ".htm"):
        return PAGE
    try:
        return pictures.kind_of(path)
    except BadRequest as error:
        raise BadRequest(
            f"`--plot` is {str(path)!r}: expected a name that ends in .png, .svg or .html", "plot"
        ) from error


def drawn_of(sweeps: Sequence[Sweep], along: Sweep | None, name: str) -> Drawn:
    """What is drawn: a figure over the dimension that is searched, else over the numeric one with
    most values. Raises BadRequest where there is none.
    """
    numeric = [one for one in sweeps if one.is_numeric and len(one.values) > 1]
    axis = max(numeric, key=lambda one: (one is along, len(one.values)), default=None)
    if axis is None:
        raise BadRequest(
            "`--plot` needs a sweep of at least two numbers, such as hot=16GiB,32GiB", "plot"
        )
    lines = 1
    for one in sweeps:
        lines *= len(one.values) if one is not axis else 1
    if lines > MOST_LINES:
        raise BadRequest(
            f"`--plot` would have {lines} lines over {axis.name!r}; at most {MOST_LINES}: sweep "
            "fewer dimensions at once",
            "plot",
        )
    return Drawn(axis, name)


def picture(
    trials: Sequence[Trial], drawn: Drawn, targets: Sequence[Condition], kind: str
) -> bytes:
    """A file of `kind`. Raises CommandError without matplotlib."""
    figure = pictures.figure(1, 7.5, 4.5)
    (axes,) = figure.axes
    unit = FIGURES[drawn.name].unit
    scale = _scale(unit)
    for label, points in lines(trials, drawn):
        shown = [(_x(drawn.axis.name, x), y * scale) for x, y in points]
        axes.plot(*zip(*shown, strict=True), marker="o", label=label.replace("$", r"\$"))
    for target in targets:
        if target.name == drawn.name:
            axes.axhline(target.limit * scale, color="0.4", linestyle="--", linewidth=1)
    values = [float(value) for value in drawn.axis.values]
    if values[-1] / values[0] > WIDE:
        axes.set_xscale("log", base=2)
        ticks = [_x(drawn.axis.name, value) for value in values]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    axes.set_xlabel(_about(drawn.axis.name))
    axes.set_ylabel(f"{FIGURES[drawn.name].title}{_of(unit)}")
    if unit != "share":
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend()
    if kind != PAGE:
        return pictures.rendered(figure, kind)
    text = pictures.rendered(figure, "svg").decode()
    return _page(text[text.index("<svg") :], drawn, targets).encode()


def lines(trials: Sequence[Trial], drawn: Drawn) -> list[tuple[str, list[tuple[Value, float]]]]:
    """Each line's name and points; those without a figure are left out."""
    found: dict[str, list[tuple[Value, float]]] = {}
    for trial in trials:
        value = trial.figures.get(drawn.name)
        if value is not None:
            rest = {name: one for name, one in trial.point.items() if name != drawn.axis.name}
            found.setdefault(named(rest), []).append((trial.point[drawn.axis.name], value))
    return [
        (label, sorted(points, key=lambda one: float(one[0]))) for label, points in found.items()
    ]


def _page(svg: str, drawn: Drawn, targets: Sequence[Condition]) -> str:
    title = f"{FIGURES[drawn.name].title} over {drawn.axis.name}"
    met = " and ".join(f"{target}" for target in targets)
    said = f"<p>Dashed: the target, {escape(met)}.</p>" if targets else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}svg{width:100%;height:auto}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{svg}\n{said}\n</body>\n</html>\n"
    )


def _about(name: str) -> str:
    dimension = DIMENSIONS[name]
    return f"{dimension.about.replace('`', '')}{', GiB' if dimension.unit == 'bytes' else ''}"


def _x(name: str, value: Value) -> float:
    return float(value) / (GIB if DIMENSIONS[name].unit == "bytes" else 1)


def _scale(unit: str) -> float:
    return {"share": 100.0, "bytes": 1 / GIB, "bytes/h": 1 / GIB}.get(unit, 1.0)


def _of(unit: str) -> str:
    units = {
        "seconds": ", s",
        "share": ", %",
        "bytes": ", GiB",
        "bytes/h": ", GiB an hour",
        "number/s": ", a second",
        "number/h": ", an hour",
    }
    return units.get(unit, "")
