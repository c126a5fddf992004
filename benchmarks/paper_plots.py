"""Table V and figures 12 and 13 as pictures: what profiles give, the paper's as marks."""

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.paper import (
    latency_s,
    nodes,
    paper_ms,
    points_12,
    ratio,
    state_in,
    state_of,
    systems,
)
from benchmarks.paper_published import EXPERTS_13, FIGURE_12, TABLE_5, nodes_13
from coterie.cli.pictures import figure, rendered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"DGX A100": "C2", "DGX H100": "C1", "SN40L": "C0"}
TICKS = (1, 2, 3, 5, 10, 20, 30)


def write(folder: Path) -> None:
    """`table5.png`, `figure12.png` and `figure13.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {"table5": table_5(), "figure12": figure_12(), "figure13": figure_13()}
    for name, drawn in drawings.items():
        (folder / f"{name}.png").write_bytes(rendered(drawn, "png"))


def table_5() -> "Figure":
    """Ratios as bars, the paper's as marks; over each DGX, with one link and with eight."""
    a100, h100, sn40l = systems()
    drawn = figure(2, 6.0, 4.5)
    for axes, other in zip(drawn.axes, (a100, h100), strict=True):
        at = range(len(TABLE_5))
        one = [ratio(row, other, sn40l) for row in TABLE_5]
        eight = [ratio(row, other, sn40l, fair=True) for row in TABLE_5]
        printed = [row.over_a100 if other is a100 else row.over_h100 for row in TABLE_5]
        axes.barh([y - 0.2 for y in at], one, 0.4, color="C0", label="one host link")
        axes.barh([y + 0.2 for y in at], eight, 0.4, color="C7", label="a link for each GPU")
        axes.plot(printed, [y - 0.2 for y in at], "k|", markersize=14, label="paper")
        axes.set_yticks(list(at), [row.metric for row in TABLE_5])
        axes.invert_yaxis()
        axes.axvline(1.0, color="0.6", linewidth=1)
        axes.set(xscale="log", xlabel=f"times as fast as {other.name}")
        axes.set_title(f"table V: SN40L node and {other.name}")
        axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
        axes.set_xlim(0.9, 40)
    drawn.axes[1].legend(loc="center right")
    return drawn


def figure_12() -> "Figure":
    """Latency over experts, for one prompt and for eight."""
    drawn = figure(2, 6.0, 4.5)
    for axes, batch in zip(drawn.axes, (1, 8), strict=True):
        for system in systems():
            colour, curve = COLOURS[system.name], FIGURE_12[system.name, batch]
            points = points_12(system.name)
            for profile, style in ((system.profile, "-"), (system.fair, ":")):
                found = [(n, latency_s(system, profile, n, batch, 20)) for n in points]
                line = [(n, s * 1000) for n, s in found if s is not None]
                label = system.name if style == "-" else None
                axes.plot(*zip(*line, strict=True), style, color=colour, label=label)
            states = {n: state_in(curve, n, state_of(system.profile, n, batch)) for n in points}
            marks = [(n, ms) for n, state in states.items() if (ms := paper_ms(curve, state))]
            axes.plot(*zip(*marks, strict=True), "o", color=colour, markersize=4)
            crossed = [n for n, state in states.items() if state == "out of memory"]
            axes.plot(crossed, [curve.spilled_ms] * len(crossed), "rx", markersize=9)
        axes.set(xlabel="experts", ylabel="ms", ylim=(0, None), xlim=(0, 410))
        axes.set_title(f"figure 12: {batch} prompt{'s' if batch > 1 else ''}, 20 tokens")
        axes.grid(alpha=0.3)
    drawn.axes[1].legend(
        title="line: profile, dots: paper,\ncross: out of memory (paper),\n"
        "dotted: a link for each GPU"
    )
    return drawn


def figure_13() -> "Figure":
    """Nodes over experts."""
    a100, _, sn40l = systems()
    drawn = figure(1, 7.0, 4.5)
    (axes,) = drawn.axes
    held = {"DGX": a100.profile.tiers.hot.bytes, "SN40L": sn40l.profile.tiers.host.bytes}
    for colour, (machine, capacity) in zip(("C1", "C0"), held.items(), strict=True):
        axes.step(
            EXPERTS_13,
            [nodes(capacity, n) for n in EXPERTS_13],
            where="post",
            color=colour,
            label=machine,
        )
        axes.plot(EXPERTS_13, [nodes_13(machine, n) for n in EXPERTS_13], ".", color=colour)
    axes.set(xlabel="experts", ylabel="nodes", ylim=(0, None), yticks=range(0, 21, 2))
    axes.set_title("figure 13: nodes for so many experts (dots: paper)")
    axes.grid(alpha=0.3)
    axes.legend()
    return drawn
