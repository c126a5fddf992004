"""The part of a page on memory over time: maps, switches, and who waits for them."""

from collections.abc import Mapping, Sequence
from html import escape

from coterie.cli.simulation import sections
from coterie.cli.simulation.charts import Chart
from coterie.cli.simulation.drawings import BUSIEST
from coterie.cli.simulation.figures import number
from coterie.cli.simulation.variant import Variant
from coterie.config import format_duration

MOST_NAMES = 32  # in the legend
SIGNS = (("loading", 45, "--hatch"), ("leaving", -45, "--hatch-dark"))
ZOOMS = (
    ("back", "&#8592;", "Earlier"),
    ("out", "&#8722;", "Zoom out"),
    ("in", "+", "Zoom in"),
    ("on", "&#8594;", "Later"),
    ("all", "all", "Show all of the time"),
)


def memory(
    variants: Sequence[Variant],
    charts: Mapping[str, Mapping[str, Chart]],
    names: Mapping[int, str],
) -> str:
    """The section; `charts` are those of `drawings`, `names` the experts drawn, by rank."""
    buttons = "".join(
        f'<button type="button" data-zoom="{kind}" aria-label="{said}" title="{said}">'
        f"{sign}</button>"
        for kind, sign, said in ZOOMS
    )
    parts = [
        f'<div class="bar-top"><h2>Memory over time</h2><div class="tools">{buttons}</div></div>',
        "<p>Each device from empty to full, and who takes how much of it. Drag over a chart to "
        "look closer at a part of the time; double-click for all of it.</p>",
        _legend(names),
    ]
    for place, variant in enumerate(variants[: len(charts["maps"])]):
        if len(variants) > 1:
            parts.append(f'<h3><i class="v{place}"></i>{escape(variant.name)}</h3>')
        all_devices = charts["fleets"].get(f"fleet{place}")
        if all_devices is not None:
            parts.append(f'<p class="note">Loads on all devices</p>{_wide(all_devices)}')
            parts.append(f'<p class="note">The {BUSIEST} devices with the most loads</p>')
        chart = charts["maps"][f"map{place}"]
        parts.append(f"{_means(chart)}{_wide(chart)}")
        parts.append(f"<details><summary>As a table</summary>{sections.stays(variant)}</details>")
    left_out = len(variants) - len(charts["maps"])
    if left_out:
        parts.append(f'<p class="note">{left_out} more simulations have no map here.</p>')
    for name, title, said in (
        ("switches", "Switches", "loads for which another expert was evicted; shaded: all loads"),
        ("queue", "Requests that wait", "the mean; shaded: the most"),
    ):
        parts.append(f'<h3>{title} <span class="note">{said}</span></h3>')
        parts.append(_wide(charts["series"][name]))
    return f"<section>{''.join(parts)}</section>"


def signs() -> str:
    """Hatches: of the map, which the script stretches, and of the legend."""
    patterns = "".join(
        f'<pattern id="{name}{end}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turn})"><rect width="3" height="6" fill="var({tint})"/>'
        "</pattern>"
        for name, turn, tint in SIGNS
        for end in ("", "-sign")
    )
    return (
        '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
        f"{patterns}</defs></svg>"
    )


def _wide(chart: Chart) -> str:
    return f'<div class="wide">{chart.svg}</div>'


def _means(chart: Chart) -> str:
    """What is drawn where there is too much to draw all of it."""
    step_s = next((lane["step"] for lane in chart.data["lanes"] if "step" in lane), None)
    if step_s is None:
        return ""
    return (
        f'<p class="note">Means over {format_duration(step_s)} each, of those experts that take '
        "most; beneath each device its loads, darker for more.</p>"
    )


def _legend(names: Mapping[int, str]) -> str:
    shown = sorted(names)[:MOST_NAMES]
    items = "".join(
        f'<li><button type="button" data-expert="{place}" aria-pressed="false">'
        f'<i class="x{place}"></i>{escape(names[place])}</button></li>'
        for place in shown
    )
    if len(names) > len(shown):
        items += f'<li class="sign">and {number(len(names) - len(shown))} more</li>'
    for kind, said in (("loading", "loads"), ("leaving", "leaves")) if shown else ():
        items += (
            '<li class="sign"><svg viewBox="0 0 18 10"><rect width="18" height="10" '
            f'class="x{shown[0]}"/><rect width="18" height="10" class="{kind}"/></svg>{said}</li>'
        )
    return f'<ul class="legend">{items}</ul>'
