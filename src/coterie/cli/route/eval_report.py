"""What was measured of a router, as lines, tables and a picture."""

from typing import TYPE_CHECKING

import numpy as np

from coterie.cli.route import plots
from coterie.cli.route.measured import Kind, Measured
from coterie.cli.route.sheets import Line, Sheet, percent
from coterie.router.dial import reached
from coterie.router.evaluate import Confusion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MISTAKES = 10
SOME = 3  # experts that are named beside "others"


def lines(found: Measured) -> list[Line]:
    """A line for each figure."""
    return [
        ("prompts", f"{found.prompts}"),
        *_categories(found),
        *_quality(found),
        *_costs(found),
        *_steady(found),
        ("time", f"{found.ms:.2f} ms a prompt, the median"),
    ]


def sheets(found: Measured) -> list[Sheet]:
    """A table of categories, and of the most frequent mistakes."""
    tables: list[Sheet] = []
    if found.kinds:
        columns = ("category", "prompts", "right", "quality", "best single")
        tables.append(Sheet("Categories", columns, [_kind(one) for one in found.kinds]))
    mistakes = _mistakes(found)
    if mistakes:
        rows = mistakes[:MOST_MISTAKES]
        tables.append(Sheet("Most frequent mistakes", ("category", "taken for", "prompts"), rows))
    return tables


def whole_confusion(found: Measured) -> list[Sheet]:
    """The confusion of categories, as far as a page has room for it."""
    known = found.categories
    if known is None or len(known.names) > plots.MOST_NAMES:
        return []
    rows = [
        (name, *(str(count) if count else "" for count in counts))
        for name, counts in zip(known.names, known.confusion, strict=True)
    ]
    return [Sheet("Confusion (taken for, from left to right)", ("category", *known.names), rows)]


def drawn(found: Measured) -> "Figure":
    """What is known of: reliability, confusion, frontier. Raises CommandError without matplotlib,
    also before anything is known.
    """
    known, frontier = found.categories, found.frontier
    figure = plots.figure(2 * (known is not None) + (frontier is not None) or 1)
    axes = iter(figure.axes)
    if known is not None:
        plots.reliability(next(axes), known.bins, known.calibration_error)
        plots.confusions(next(axes), Confusion(known.names, np.array(known.confusion)))
    if frontier is not None:
        plots.costs(next(axes), frontier.points, frontier.single, found.experts)
    for empty in axes:
        empty.set_axis_off()
    return figure


def goes_to(shares: dict[str, float]) -> str:
    """Who gets how much, the first few by name."""
    named = [(name, share) for name, share in shares.items() if share]
    said = [f"{name} {share * 100:.0f} %" for name, share in named[:SOME]]
    rest = named[SOME:]
    if rest:
        said.append(f"{len(rest)} others {sum(share for _, share in rest) * 100:.0f} %")
    return ", ".join(said)


def _categories(found: Measured) -> list[Line]:
    known = found.categories
    if known is None:
        return [("categories", "not compared: the ratings have none that the router knows")]
    others = f"; {known.others} prompts are of others" if known.others else ""
    said = [
        ("category accuracy", f"{percent(known.accuracy)} of {known.prompts} prompts{others}"),
        ("calibration error", f"{known.calibration_error:.3f}"),
    ]
    if known.out_of_scope is not None:
        said.append(("out of scope", f"AUROC {known.out_of_scope:.3f}"))
    return said


def _quality(found: Measured) -> list[Line]:
    how = found.quality
    if how is None:
        why = "no prompt has scores of the chosen and of the best single expert"
        return [("quality", f"not compared: {why}")]
    part = "" if how.prompts == found.prompts else f", on {how.prompts} prompts"
    said = [
        (
            "quality",
            f"{percent(how.quality)}{part}: {how.gain * 100:+.1f} points over the best single, "
            f"95 % interval {how.low * 100:+.1f} to {how.high * 100:+.1f}",
        ),
        ("best single", f"{percent(how.best)}, {how.best_expert}"),
        ("random", percent(how.random)),
        ("oracle", percent(how.oracle)),
    ]
    if found.gap_closed is not None:
        share, low, high = (f"{one * 100:.1f}" for one in found.gap_closed)
        said.append(("gap closed", f"{share} % of that to the oracle ({low} to {high} %)"))
    return [*said, ("goes to", goes_to(found.goes_to))]


def _costs(found: Measured) -> list[Line]:
    one = found.frontier
    if one is None:
        return [("cost", "skipped: no costs that differ are given (--costs)")]
    there = reached(one.single, one.cost)
    return [
        (
            "cost",
            f"{percent(one.cost)} of the dearest's; single experts in turns reach "
            f"{percent(there)} for it",
        ),
        (
            "area (AIQ)",
            f"{percent(one.area)}, single experts {percent(one.single_area)}",
        ),
    ]


def _steady(found: Measured) -> list[Line]:
    if not found.paraphrases:
        return []
    mean = sum(found.paraphrases.values()) / len(found.paraphrases)
    kinds = ", ".join(f"{kind} {percent(share)}" for kind, share in found.paraphrases.items())
    return [("paraphrased", f"{percent(mean)} go to the same expert ({kinds})")]


def _kind(one: Kind) -> list[str]:
    shares = (one.accuracy, one.quality, one.best)
    said = ("-" if share is None else percent(share) for share in shares)
    return [one.category, str(one.prompts), *said]


def _mistakes(found: Measured) -> list[tuple[str, str, str]]:
    known = found.categories
    if known is None:
        return []
    wrong = [
        (count, true, taken)
        for i, true in enumerate(known.names)
        for j, taken in enumerate(known.names)
        if i != j and (count := known.confusion[i][j])
    ]
    wrong.sort(key=lambda one: (-one[0], one[1], one[2]))
    return [(true, taken, str(count)) for count, true, taken in wrong]
