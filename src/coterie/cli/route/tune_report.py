"""Settings as lines, tables and a picture: what each comes to, and which one to take."""

from typing import TYPE_CHECKING

from coterie.cli.route import plots
from coterie.cli.route.eval_report import goes_to
from coterie.cli.route.sheets import Line, Sheet, percent
from coterie.cli.route.tuned import Setting, Tuned
from coterie.config import format_duration

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def lines(found: Tuned) -> list[Line]:
    """What is kept at which cost, and what to write into the document."""
    said: list[Line] = [("prompts", str(found.prompts)), ("best single", _best(found))]
    for share, one in found.keeps.items():
        said.append((f"keeps {share}", "no setting does" if one is None else _kept(one)))
    on_hull = sorted((one for one in found.single if one.on_hull), key=lambda one: one.cost)
    named = ", ".join(f"{one.expert} {percent(one.quality)}" for one in on_hull)
    suggested = found.suggested
    return [
        *said,
        ("single experts", f"on their hull, by cost: {named}"),
        (
            "suggested",
            f"quality {percent(suggested.quality)} at {percent(suggested.cost_of_best)} of "
            f"{found.best}'s cost; single experts in turns reach {percent(found.in_turns)} for it",
        ),
        ("", f"economy: {suggested.economy:g}"),
        ("", f"confidence: {suggested.confidence:g}"),
    ]


def sheets(found: Tuned) -> list[Sheet]:
    """The dial, and the thresholds at the setting that is taken."""
    timed = any(one.seconds for one in found.single)
    seconds = ("seconds",) if timed else ()
    dial = Sheet(
        "The dial",
        ("economy", "quality", "of best", "cost", "of best's", *seconds, "keeps", "goes to"),
        [
            [
                f"{one.economy:g}",
                percent(one.quality),
                percent(one.of_best),
                percent(one.cost),
                percent(one.cost_of_best),
                *([format_duration(one.seconds)] if timed else []),
                ", ".join(share for share, kept in found.keeps.items() if kept == one),
                goes_to(one.goes_to),
            ]
            for one in found.settings
        ],
    )
    sure = Sheet(
        f"Confidence, at economy {found.suggested.economy:g}",
        ("confidence", "quality", "cost", "generalist because unsure"),
        [
            [
                f"{one.confidence:g}",
                percent(one.quality),
                percent(one.cost),
                percent(one.unsure),
            ]
            for one in found.thresholds
        ],
    )
    return [dial, sure]


def drawn(found: Tuned) -> "Figure":
    """The frontier, and the thresholds. Raises CommandError without matplotlib."""
    figure = plots.figure(2)
    first, second = figure.axes
    plots.costs(first, found.points, found.alone, [one.expert for one in found.single])
    rows = [(one.confidence, one.quality, one.unsure) for one in found.thresholds]
    plots.thresholds(second, rows)
    return figure


def _best(found: Tuned) -> str:
    one = next(one for one in found.single if one.expert == found.best)
    return (
        f"{found.best}: quality {percent(one.quality)}, cost {percent(one.cost)} of the dearest's"
    )


def _kept(one: Setting) -> str:
    return (
        f"economy {one.economy:g}: quality {percent(one.quality)} at {percent(one.cost_of_best)} "
        "of the best single expert's cost"
    )
