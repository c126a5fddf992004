"""Charts as SVG: over time, and of how latencies are spread. Numbers go beside them, for the
page's script to tell what is under the pointer.

What is drawn over time lies in an inner `svg` of PLOT pixels, which the script stretches to zoom.
"""

from collections.abc import Sequence
from html import escape
from math import log
from typing import Any, NamedTuple

from coterie.cli.simulation.figures import number
from coterie.cli.simulation.scales import Bins, log_ticks, time_ticks, whole_ticks
from coterie.config import format_duration

WIDTH, LEFT, RIGHT, PLOT = 1120, 168, 16, 936
ABOVE, BELOW = 8, 26
SPREAD_WIDTH, SPREAD_HEIGHT, SPREAD_LEFT = 552, 300, 46
MOST_POINTS = 400
MOST_LETTERS = 20
MOST_KEYS = 7  # of variants, beside a chart
LEAST_S = 1e-4  # what is shorter is drawn as this


class Chart(NamedTuple):
    """An SVG, and what the script knows of it."""

    svg: str
    data: dict[str, Any]


class Lines(NamedTuple):
    """Values of a variant in parts of time; `peaks`: the highest within each."""

    name: str
    values: Sequence[float]
    peaks: Sequence[float] = ()


def over_time(
    ident: str, said: str, height: float, end_s: float, plot: str, beside: str = ""
) -> str:
    """The frame of a chart over time. `plot` is drawn in PLOT by `height`, `beside` in the whole,
    left of LEFT. `said` describes it to who cannot see it.
    """
    lines, labels = [], []
    for at_s, label in time_ticks(end_s):
        x = LEFT + (at_s / end_s * PLOT if end_s > 0 else 0.0)
        lines.append(f"M{short(x)} {ABOVE}v{short(height)}")
        labels.append(f'<text x="{short(x)}" y="{short(ABOVE + height + 17)}">{label}</text>')
    box = f"0 0 {WIDTH} {short(ABOVE + height + BELOW)}"
    return (
        f'<svg class="chart time" id="{ident}" viewBox="{box}" '
        f'role="img" aria-label="{escape(said)}">'
        f'<g class="axis"><path d="{"".join(lines)}"/>{"".join(labels)}</g>{beside}'
        f'<svg class="plot" x="{LEFT}" y="{ABOVE}" width="{PLOT}" height="{short(height)}" '
        f'viewBox="0 0 {PLOT} {short(height)}" preserveAspectRatio="none">{plot}</svg>'
        f'<g class="over" transform="translate({LEFT} {ABOVE})"></g></svg>'
    )


def steps(
    ident: str,
    said: str,
    lines: Sequence[Lines],
    bins: Bins,
    end_s: float,
    words: tuple[str, str],
) -> Chart:
    """A stepped line for each variant, over time; `words` follow a value and a peak."""
    height = 130.0
    most = max((value for line in lines for value in (*line.values, *line.peaks)), default=0)
    ticks = whole_ticks(most)
    scale_x = PLOT * bins.step_s / end_s if end_s > 0 else PLOT
    scale_y = height / ticks[-1]
    plot = []
    for place, line in enumerate(lines):
        if line.peaks:
            top = stair(line.peaks, scale_x, scale_y, height)
            end = f"V{short(height)}H0z"
            plot.append(f'<path class="peak v{place}" d="{top}{end}"/>')
        plot.append(
            f'<path class="line v{place}" d="{stair(line.values, scale_x, scale_y, height)}"/>'
        )
    beside = [
        f'<text class="tick" x="{LEFT - 8}" y="{short(ABOVE + height - tick * scale_y + 4)}">'
        f"{number(tick)}</text>"
        for tick in ticks
    ]
    grid = "".join(f"M{LEFT} {short(ABOVE + height - tick * scale_y)}h{PLOT}" for tick in ticks)
    if len(lines) > 1:
        beside += [_key(place, line.name) for place, line in enumerate(lines[:MOST_KEYS])]
    svg = over_time(
        ident,
        said,
        height,
        end_s,
        "".join(plot),
        f'<path class="rule" d="{grid}"/>{"".join(beside)}',
    )
    data = {
        "step": bins.step_s,
        "words": words,
        "names": [line.name for line in lines],
        "values": [[round(value, 3) for value in line.values] for line in lines],
        "peaks": [list(line.peaks) for line in lines],
    }
    return Chart(svg, data)


def spread(
    ident: str, said: str, lines: Sequence[tuple[str, Sequence[float]]], bounds: Sequence[float]
) -> Chart:
    """Cumulative shares of durations, which are sorted, on a logarithmic axis. `bounds`: budgets
    to mark.
    """
    seen = [values for _, values in lines if values]
    low = max(LEAST_S, min((values[0] for values in seen), default=0.1)) / 1.2
    high = max((values[-1] for values in seen), default=1.0)
    high = max(low * 10, high * 1.2)
    points = [curve(values) for _, values in lines]
    width, height = SPREAD_WIDTH - SPREAD_LEFT - 12, SPREAD_HEIGHT - ABOVE - BELOW

    def x_of(seconds: float) -> float:
        return SPREAD_LEFT + width * log_share(seconds, low, high)

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 0.95, 1.0):
        y = ABOVE + height * (1 - share)
        parts.append(f'<path class="rule" d="M{SPREAD_LEFT} {short(y)}h{width}"/>')
        parts.append(
            f'<text class="tick" x="{SPREAD_LEFT - 6}" y="{short(y + 4)}">{share:.0%}</text>'
        )
    for tick in log_ticks(low, high):
        x = short(x_of(tick))
        parts.append(f'<path class="rule" d="M{x} {ABOVE}v{height}"/>')
        label = f"{tick:,.0f}s" if tick >= 1 else format_duration(tick)
        parts.append(f'<text class="time-tick" x="{x}" y="{SPREAD_HEIGHT - 8}">{label}</text>')
    for bound in bounds:
        if low <= bound <= high:
            x = short(x_of(bound))
            parts.append(f'<path class="bound" d="M{x} {ABOVE}v{height}"/>')
            parts.append(
                f'<text class="bound" x="{x}" y="{ABOVE + height - 6}" dx="4">budget '
                f"{format_duration(bound)}</text>"
            )
    for place, found in enumerate(points):
        path = "L".join(
            f"{short(x_of(seconds))} {short(ABOVE + height * (1 - share))}"
            for seconds, share in found
        )
        if path:
            parts.append(f'<path class="line v{place}" d="M{path}"/>')
    svg = (
        f'<svg class="chart spread" id="{ident}" viewBox="0 0 {SPREAD_WIDTH} {SPREAD_HEIGHT}" '
        f'role="img" aria-label="{escape(said)}">{"".join(parts)}<g class="over"></g></svg>'
    )
    data = {
        "names": [name for name, _ in lines],
        "points": [[[significant(x), round(y, 5)] for x, y in found] for found in points],
        "axis": [low, high],
        "box": [SPREAD_LEFT, ABOVE, width, height],
    }
    return Chart(svg, data)


def curve(values: Sequence[float], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most so many points of the cumulative distribution of sorted values; more in its tail."""
    count = len(values)
    if count <= most:
        return [(value, (place + 1) / count) for place, value in enumerate(values)]
    body = most * 3 // 4
    places = {round(part * (count - 1) / body) for part in range(body + 1)}
    tail = most - body - 1
    places |= {count - max(1, round(0.01 ** (part / tail) * count / 50)) for part in range(tail)}
    return [(values[place], (place + 1) / count) for place in sorted(places)]


def log_share(seconds: float, low: float, high: float) -> float:
    """Where a duration lies on a logarithmic axis, from 0 to 1."""
    return log(max(seconds, low) / low) / log(high / low)


def stair(values: Sequence[float], scale_x: float, scale_y: float, height: float) -> str:
    """A stepped line from the left; equal neighbours are one step."""
    path, before = "", None
    for place, value in enumerate(values):
        if value != before:
            x, y = short(place * scale_x), short(height - value * scale_y)
            path += f"M0 {y}" if before is None else f"H{x}V{y}"
            before = value
    return f"{path}H{short(len(values) * scale_x)}" if path else ""


def short(value: float) -> str:
    """A coordinate: a hundredth of a pixel is enough, also when it is stretched."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def significant(value: float) -> float:
    return float(f"{value:.4g}")


def cut(text: str, most: int = MOST_LETTERS) -> str:
    """With an ellipsis in its middle, where it is long: names differ at their ends."""
    if len(text) <= most:
        return text
    kept = most - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def _key(place: int, name: str) -> str:
    y = ABOVE + 12 + 18 * place
    return (
        f'<path class="line v{place}" d="M0 {y - 4}h18"/>'
        f'<text class="key" x="24" y="{y}">{escape(cut(name, 14))}</text>'
    )
