"""Pictures of how a router did: what it was sure of, what it took for what, quality over cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.cli import pictures
from coterie.cli.composed import check_free
from coterie.router.evaluate import Confusion, Point, hull

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMES = 40  # of categories that are written beside a confusion
SIDE = 5.5


def checked(plot: Path | None, page: Path | None, force: bool) -> str:
    """The kind of picture that `plot` is to be; empty: none is wanted. What would go wrong in the
    end is told here, before the work: raises BadRequest or CommandError.
    """
    for path in (plot, page):
        if path is not None:
            check_free(path, force)
    kind = pictures.kind_of(plot)
    if kind or page is not None:
        figure(1)
    return kind


def figure(count: int) -> "Figure":
    """An empty figure with room for so many square pictures. Raises CommandError."""
    return pictures.figure(count, SIDE, SIDE)


def inline(drawn: "Figure") -> str:
    """The figure as SVG within a page."""
    text = pictures.rendered(drawn, "svg").decode()
    return text[text.index("<svg") :]


def reliability(axes: Any, bins: Sequence[tuple[float, float, int]], error: float) -> None:
    """Confidence against the share that was right, of each bin."""
    axes.plot((0, 1), (0, 1), color="0.6", linewidth=1)
    total = sum(count for _, _, count in bins)
    axes.plot([one[0] for one in bins], [one[1] for one in bins], color="C0")
    sizes = [20 + 400 * count / total for _, _, count in bins]
    axes.scatter([one[0] for one in bins], [one[1] for one in bins], sizes, color="C0", alpha=0.6)
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title(f"categories: expected calibration error {error:.3f}")


def confusions(axes: Any, found: Confusion) -> None:
    """Each true category's prompts, by what they were taken for."""
    totals = found.counts.sum(axis=1, keepdims=True)
    shares = found.counts / totals.clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    names = found.categories if len(found.categories) <= MOST_NAMES else ()
    axes.set_xticks(range(len(names)), [plain(one) for one in names], rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), [plain(one) for one in names], fontsize=7)
    axes.set(xlabel="taken for", ylabel="category")
    axes.set_title("categories")


def costs(
    axes: Any, settings: Sequence[Point], single: Sequence[Point], experts: Sequence[str]
) -> None:
    """Quality over cost: settings of the dial, single experts and their hull."""
    line = hull(single)
    axes.plot([one.cost for one in line], [one.quality for one in line], "--", color="0.6")
    axes.scatter([one.cost for one in single], [one.quality for one in single], color="0.5")
    for point, name in zip(single, experts, strict=True):
        axes.annotate(
            plain(name), (point.cost, point.quality), (0, 5), textcoords="offset points", fontsize=7
        )
    ranked = sorted(settings, key=lambda one: one.setting)
    axes.plot([one.cost for one in ranked], [one.quality for one in ranked], "o-", color="C0")
    axes.set(xlabel="mean cost, as a part of the dearest expert's", ylabel="mean quality")
    axes.margins(x=0.12)
    axes.set_title("quality and cost: router (blue), single experts (grey)")
    axes.grid(alpha=0.3)


def thresholds(axes: Any, rows: Sequence[tuple[float, float, float]]) -> None:
    """Of each threshold of confidence, the quality and the share that the generalist answers."""
    axes.plot([one[0] for one in rows], [one[1] for one in rows], "o-", color="C0", label="quality")
    axes.plot(
        [one[0] for one in rows], [one[2] for one in rows], "o-", color="C1", label="to generalist"
    )
    axes.set(xlabel="confidence", ylim=(0, 1.02))
    axes.set_title("unsure: the generalist answers")
    axes.grid(alpha=0.3)
    axes.legend()


def plain(name: str) -> str:
    """A name that no markup is read into."""
    return name.replace("$", r"\$")
