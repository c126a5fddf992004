"""Who lies in memory, when: for each device time from left to right, bytes from bottom to top.

Up to `most_stays` are drawn one by one. Of more, parts of time are drawn with the mean bytes of
those experts that take most, and how many loads there were.
"""

from collections.abc import Mapping, Sequence
from html import escape

from coterie.cli.simulation.charts import ABOVE, PLOT, Chart, cut, over_time, short
from coterie.cli.simulation.figures import number, percent
from coterie.cli.simulation.lanes import (
    STRIP,
    Lane,
    finite,
    in_means,
    lanes_of,
    one_by_one,
)
from coterie.cli.simulation.variant import Variant
from coterie.config import format_size
from coterie.simulator.outcome import Fault
from coterie.simulator.residency import Occupancy

MOST_NAMED = 24  # experts of a lane, where parts of time are drawn
MOST_FAULTS = 200


def memory_map(
    ident: str,
    variant: Variant,
    devices: Sequence[Occupancy],
    ranks: Mapping[str, int],
    end_s: float,
    *,
    most_stays: int,
    most_areas: int,
) -> Chart:
    """The map of these devices, 16 at most, on an axis to `end_s`; `ranks` numbers experts, as
    colours are.
    """
    shown = {device.device for device in devices}
    stays = [stay for stay in variant.outcome.residences if stay.device in shown]
    lanes = lanes_of(devices, stays)
    is_exact = len(stays) <= most_stays or end_s <= 0
    until_s = variant.outcome.end_s
    named = max(3, min(MOST_NAMED, most_areas // max(1, len(lanes))))
    drawn = [
        one_by_one(lane, ranks, until_s, end_s)
        if is_exact
        else in_means(lane, ranks, until_s, end_s, named)
        for lane in lanes
    ]
    height = lanes[-1].top + lanes[-1].height + (0 if is_exact else STRIP) if lanes else 40
    width = PLOT * until_s / end_s if end_s > 0 else PLOT
    plot = "".join(
        f'<rect class="memory" y="{short(lane.top)}" width="{short(width)}" '
        f'height="{short(lane.height)}"/>'
        f'<g transform="translate(0 {short(lane.top)})">{svg}</g>'
        for lane, (svg, _) in zip(lanes, drawn, strict=True)
    )
    plot += "".join(_capacity(lane) for lane in lanes)
    faults = variant.outcome.faults[:MOST_FAULTS]
    plot += "".join(_fault(one, lanes, end_s) for one in faults)
    said = (
        f"Residency over time of {variant.name}: {len(lanes)} devices, {len(stays)} stays. "
        "A table of them is below."
    )
    data = {
        "end": until_s,
        "lanes": [
            {
                "device": lane.device.device,
                "top": lane.top,
                "height": lane.height,
                "scale": lane.scale,
                **told,
            }
            for lane, (_, told) in zip(lanes, drawn, strict=True)
        ],
        "faults": [
            [
                round(one.at_s, 4),
                finite(one.until_s),
                one.kind,
                one.what,
                [place for place, lane in enumerate(lanes) if concerns(one, lane.device.device)],
            ]
            for one in faults
        ],
    }
    beside = "".join(map(_label, lanes))
    return Chart(over_time(ident, said, height, end_s, plot, beside), data)


def _capacity(lane: Lane) -> str:
    """A line at what the device has, where more was put there."""
    if lane.device.hot_bytes in (0, lane.scale):
        return ""
    y = lane.top + lane.height * (1 - lane.device.hot_bytes / lane.scale)
    return f'<path class="capacity" d="M0 {short(y)}H{PLOT}"/>'


def _label(lane: Lane) -> str:
    device, y = lane.device, ABOVE + lane.top
    share = "" if device.mean_share is None else f"{percent(device.mean_share)} used"
    lines = [
        f"{format_size(device.hot_bytes)}, {share}" if share else "",
        f"{number(device.loads)} loads",
        f"{number(device.switches)} switches",
    ]
    said = "".join(
        f'<text class="note" y="{short(y + 30 + 16 * place)}">{line}</text>'
        for place, line in enumerate(lines)
        if 34 + 16 * place <= lane.height
    )
    name = f"<title>{escape(device.device)}</title>{escape(cut(device.device))}"
    return f'<text class="device" y="{short(y + 13)}">{name}</text>{said}'


def _fault(fault: Fault, lanes: Sequence[Lane], end_s: float) -> str:
    """A mark on the lanes that it concerns, and a shade for as long as it lasted."""
    x = fault.at_s / end_s * PLOT if end_s > 0 else 0.0
    to = min(fault.until_s, end_s) / end_s * PLOT if end_s > 0 else 0.0
    found = ""
    for lane in lanes:
        if concerns(fault, lane.device.device):
            y, height = short(lane.top), short(lane.height)
            if to > x:
                rest = f'x="{short(x)}" width="{short(to - x)}"'
                found += f'<rect class="fault shade" {rest} y="{y}" height="{height}"/>'
                found += f'<rect class="fault" {rest} y="{short(lane.top - 5)}" height="4"/>'
            found += f'<path class="fault" d="M{short(x)} {y}v{height}"/>'
    return found


def concerns(fault: Fault, device: str) -> bool:
    """Whether a fault befell a device: `what` is its node, or a replica on it."""
    if fault.kind == "crash":
        return fault.what.rpartition("@")[2] == device
    return device.startswith(f"{fault.what}/")
