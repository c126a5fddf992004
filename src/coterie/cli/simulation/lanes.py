"""One device of a map: each stay, or, of more than can be drawn one by one, means over parts of the
time.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import isfinite
from typing import Any, NamedTuple

from coterie.cli.simulation.charts import PLOT, short
from coterie.cli.simulation.packing import packed
from coterie.cli.simulation.scales import Bins
from coterie.simulator.outcome import Residence
from coterie.simulator.residency import Occupancy

HEIGHTS = ((1, 280), (2, 180), (4, 128), (8, 92), (16, 60))
"""Of a lane, in pixels, with so many of them at most."""
NAMED = 13  # pixels, of a stay whose name can be read
TALLEST = 900  # of all lanes, so that more names can be read
GAP = 12
STRIP = 8  # beneath a lane: its loads
LEVELS = 5  # of how many loads there were
PARTS = 140  # of time


class Lane(NamedTuple):
    device: Occupancy
    stays: list[Residence]
    top: float
    height: float
    scale: int  # bytes from its bottom to its top


def lanes_of(devices: Sequence[Occupancy], stays: Sequence[Residence]) -> list[Lane]:
    by_device: dict[str, list[Residence]] = {device.device: [] for device in devices}
    for stay in stays:
        by_device[stay.device].append(stay)
    height = next((size for count, size in HEIGHTS if len(devices) <= count), HEIGHTS[-1][1])
    most = max(map(_most, by_device.values()), default=0)
    height = max(height, min(NAMED * most, TALLEST // max(1, len(devices))))
    return [
        Lane(
            device,
            by_device[device.device],
            place * (height + GAP),
            height,
            max(device.hot_bytes, device.peak_bytes, 1),
        )
        for place, device in enumerate(devices)
    ]


def one_by_one(
    lane: Lane, ranks: Mapping[str, int], until_s: float, end_s: float
) -> tuple[str, dict[str, Any]]:
    """A rectangle for each stay, hatched where it loads or leaves; one path for each expert."""
    bodies: dict[int, list[str]] = {}
    loading: list[str] = []
    leaving: list[str] = []
    told = []
    for stay, pieces in zip(lane.stays, packed(lane.stays, lane.device.hot_bytes), strict=True):
        rank = ranks[stay.expert]
        edges = [lane.height * (1 - address / lane.scale) for one in pieces for address in one]
        spans = [
            (bodies.setdefault(rank, []), stay.from_s, stay.gone_s),
            (loading, stay.from_s, min(stay.hot_s, stay.leaves_s)),
            (leaving, stay.leaves_s, stay.gone_s),
        ]
        for paths, begin_s, to_s in spans:
            if begin_s < min(to_s, until_s):
                paths += _rectangles(begin_s, min(to_s, until_s), edges, end_s)
        times = (stay.from_s, stay.hot_s, stay.leaves_s, stay.gone_s)
        told.append(
            [
                rank,
                stay.size_bytes,
                *map(finite, times),
                stay.requests,
                stay.reason,
                stay.ending,
                *(round(edge, 1) for edge in edges),
            ]
        )
    svg = "".join(f'<path class="x{rank}" d="{"".join(d)}"/>' for rank, d in bodies.items())
    svg = f'<g class="stays">{svg}</g>'
    for name, paths in (("loading", loading), ("leaving", leaving)):
        if paths:
            svg += f'<path class="{name}" d="{"".join(paths)}"/>'
    return svg, {"stays": told}


def _most(stays: Sequence[Residence]) -> int:
    """The most that were there at a time."""
    changes = [(stay.from_s, 1) for stay in stays] + [(stay.gone_s, -1) for stay in stays]
    return max(accumulate(change for _, change in sorted(changes)), default=0)


def _rectangles(from_s: float, to_s: float, edges: Sequence[float], end_s: float) -> list[str]:
    x, width = short(from_s / end_s * PLOT), (to_s - from_s) / end_s * PLOT
    return [
        f"M{x} {short(high)}h{short(width)}v{short(low - high)}h{short(-width)}z"
        for low, high in zip(edges[::2], edges[1::2], strict=True)
    ]


def in_means(
    lane: Lane, ranks: Mapping[str, int], until_s: float, end_s: float, named: int
) -> tuple[str, dict[str, Any]]:
    """Stacked areas, who takes most at the bottom, and a strip that is darker the more loads."""
    bins = Bins(end_s, PARTS)
    means: dict[str, list[float]] = {}
    for stay in lane.stays:
        sums = means.setdefault(stay.expert, [0.0] * bins.count)
        bins.add(sums, stay.from_s, min(stay.gone_s, until_s), stay.size_bytes)
    ordered = sorted(means, key=lambda name: (-sum(means[name]), name))
    others = [
        sum(values) for values in zip(*(means[name] for name in ordered[named:]), strict=True)
    ]
    areas = [(ranks[name], means[name]) for name in ordered[:named]]
    if others:
        areas.append((-1, others))
    svg, shares = _areas(lane, areas, bins, end_s)
    loads = bins.counted(stay.from_s for stay in lane.stays)
    svg = f'<g class="stays">{svg}</g>{_strip(loads, lane.height + 2, bins, end_s)}'
    return svg, {
        "step": bins.step_s,
        "areas": shares,
        "loads": loads,
        "others": len(ordered) - named,
    }


def _areas(
    lane: Lane, areas: Sequence[tuple[int, Sequence[float]]], bins: Bins, end_s: float
) -> tuple[str, list[list[int]]]:
    width = PLOT * bins.step_s / end_s
    floors = [0.0] * bins.count
    svg, told = [], []
    for rank, values in areas:
        tops = [floor + value for floor, value in zip(floors, values, strict=True)]
        upper = [round(lane.height * (1 - top / lane.scale), 1) for top in tops]
        lower = [round(lane.height * (1 - floor / lane.scale), 1) for floor in floors]
        path = f"M0 {short(lower[0])}"
        for place, y in enumerate(upper):
            path += f"V{short(y)}H{short((place + 1) * width)}"
        for place in range(bins.count - 1, -1, -1):
            path += f"V{short(lower[place])}H{short(place * width)}"
        svg.append(f'<path class="{"xo" if rank < 0 else f"x{rank}"}" d="{path}z"/>')
        # Thousandths of the lane are enough to tell of.
        told.append([rank, *(round(value / lane.scale * 1000) for value in values)])
        floors = tops
    return "".join(svg), told


def _strip(loads: Sequence[int], top: float, bins: Bins, end_s: float) -> str:
    width = PLOT * bins.step_s / end_s
    most = max(loads, default=0)
    paths: dict[int, str] = {}
    for place, count in enumerate(loads):
        if count:
            level = min(LEVELS - 1, count * LEVELS // (most + 1))
            d = f"M{short(place * width)} {short(top)}h{short(width)}v{STRIP - 3}h{short(-width)}z"
            paths[level] = paths.get(level, "") + d
    return "".join(f'<path class="churn l{level}" d="{d}"/>' for level, d in paths.items())


def finite(at_s: float) -> float | None:
    """For JSON; None: for ever."""
    return round(at_s, 4) if isfinite(at_s) else None
