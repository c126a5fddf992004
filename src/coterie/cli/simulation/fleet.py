"""Many devices at a glance: a row for each, or for some together, darker for more loads."""

from html import escape

from coterie.cli.simulation.charts import ABOVE, PLOT, Chart, cut, over_time, short
from coterie.cli.simulation.lanes import LEVELS
from coterie.cli.simulation.scales import Bins
from coterie.cli.simulation.variant import Variant
from coterie.simulator.residency import Occupancy

MOST_ROWS = 32
ROW = 14.0
PARTS = 96  # of time


def fleet(ident: str, variant: Variant, end_s: float) -> Chart:
    """All devices of a variant, neighbours in one row where there are many."""
    devices = variant.metrics.devices
    each = -(-len(devices) // MOST_ROWS)
    rows = [devices[place : place + each] for place in range(0, len(devices), each)]
    row_of = {one.device: place for place, row in enumerate(rows) for one in row}
    bins = Bins(end_s, PARTS)
    loads = [[0] * bins.count for _ in rows]
    for stay in variant.outcome.residences:
        loads[row_of[stay.device]][bins.of(stay.from_s)] += 1
    most = max(map(max, loads), default=0)
    height = ROW * len(rows)
    width = PLOT * bins.step_s / end_s if end_s > 0 else float(PLOT)
    paths: dict[int, list[str]] = {}
    for row, counts in enumerate(loads):
        for place, count in enumerate(counts):
            if count:
                level = min(LEVELS - 1, count * LEVELS // (most + 1))
                x, y = short(place * width), short(row * ROW + 1)
                d = f"M{x} {y}h{short(width)}v{ROW - 2:g}h{short(-width)}z"
                paths.setdefault(level, []).append(d)
    until = PLOT * variant.outcome.end_s / end_s if end_s > 0 else PLOT
    plot = f'<rect class="memory" width="{short(until)}" height="{short(height)}"/>' + "".join(
        f'<path class="churn l{level}" d="{"".join(found)}"/>'
        for level, found in sorted(paths.items())
    )
    names = [_name(row) for row in rows]
    beside = "".join(
        f'<text class="note" y="{short(ABOVE + ROW * place + 11)}">{escape(cut(name, 26))}</text>'
        for place, name in enumerate(names)
    )
    said = f"Loads over time of {variant.name}, on {len(devices)} devices."
    data = {"step": bins.step_s, "row": ROW, "names": names, "loads": loads}
    return Chart(over_time(ident, said, height, end_s, plot, beside), data)


def _name(row: list[Occupancy]) -> str:
    return row[0].device if len(row) == 1 else f"{row[0].device} and {len(row) - 1} more"
