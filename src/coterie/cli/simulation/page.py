"""Simulations side by side as one HTML file: whole by itself, with nothing fetched from anywhere.

It is drawn here and can be read without its script, which tells what is under the pointer and
zooms. What comes from documents and traces is escaped, and the number of shapes is bounded, so the
file stays small however much was simulated.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from coterie.cli.simulation import drawings, sections
from coterie.cli.simulation.colours import colour, ink
from coterie.cli.simulation.figures import number
from coterie.cli.simulation.files import together
from coterie.cli.simulation.memory import memory, signs
from coterie.cli.simulation.tables import busiest
from coterie.cli.simulation.variant import Variant
from coterie.config import format_duration
from coterie.errors import BadRequest

LINES = ("#2f6fdb", "#dd7a1f", "#159a80", "#b4489a", "#8a6df0", "#c2a01b", "#5b9bd5", "#d1495b")
"""Colours of variants."""
CAVEATS = (
    "Decisions are those of the scheduler that runs live. Machines are modelled, and no better "
    "than the figures they are modelled from.",
    "Percentiles are of requests that were answered: who was refused is in none of them.",
    "Rates are over the whole time, with the first loads into empty memory.",
)
SHARED = (
    "Replicas that share parts are drawn and added up with all of their bytes each; the scheduler "
    "counts such parts once. So more than a device has can seem to be used."
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_page(
    path: Path,
    variants: Sequence[Variant],
    *,
    title: str = "Simulation",
    caveats: Sequence[str] = (),
) -> None:
    """The page as a file, whole or not at all; `caveats` are said besides those that always hold.

    Raises CommandError where it cannot be written, and BadRequest without a variant.
    """
    text = page(variants, title=title, caveats=caveats)
    with together([path]) as (part,):
        part.write_text(text, "utf-8")


def page(
    variants: Sequence[Variant], *, title: str = "Simulation", caveats: Sequence[str] = ()
) -> str:
    """The page's HTML. Raises BadRequest without a variant."""
    if not variants:
        raise BadRequest("there is no simulation to show: give one or more")
    end_s = max(variant.outcome.end_s for variant in variants)
    ranks = {name: place for place, name in enumerate(busiest(variants))}
    charts = {
        "spreads": drawings.spreads(variants),
        "maps": drawings.maps(variants, ranks, end_s),
        "fleets": drawings.fleets(variants, end_s),
        "series": drawings.series(variants, end_s),
    }
    known = {kind: {key: one.data for key, one in found.items()} for kind, found in charts.items()}
    used = _used(known["maps"])
    names = {place: name for name, place in ranks.items() if place in used}
    inks = {place: ink(colour(place)) for place in names}
    data = _json({"end": end_s, "experts": names, "inks": inks, **known})
    body = "\n".join(
        (
            _header(title, variants),
            _section("Overview", "", sections.headline(variants)),
            _section(
                "Latency",
                "How many of the answered requests came within a time.",
                '<div class="pair">'
                f"<div><h3>First token</h3>{charts['spreads']['ttft'].svg}</div>"
                f"<div><h3>End to end</h3>{charts['spreads']['e2e'].svg}</div></div>"
                f"{_variants(variants)}",
            ),
            memory(variants, charts, names),
            *_who(variants),
            *_faults(variants),
            _setup(variants, caveats),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>{_text('page.css')}{_colours(variants, names)}</style>\n"
        f'<style id="lit"></style>\n</head>\n<body>\n{signs()}\n{body}\n'
        '<div id="tip" role="status" hidden></div>\n'
        f'<script type="application/json" id="data">{data}</script>\n'
        f"<script>{_text('page.js')}</script>\n</body>\n</html>\n"
    )


def _header(title: str, variants: Sequence[Variant]) -> str:
    said = (
        f"{_counts('expert', (len(one.setup.experts) for one in variants))} on "
        f"{_counts('device', (len(one.setup.devices) for one in variants))}, "
        f"{_counts('request', (len(one.requests) for one in variants))} in "
        f"{format_duration(max(one.outcome.end_s for one in variants))}"
    )
    return f'<header><h1>{escape(title)}</h1><p class="lead">{said}</p></header>'


def _variants(variants: Sequence[Variant]) -> str:
    if len(variants) < 2:
        return ""
    items = "".join(
        f'<li class="sign"><i class="v{place}"></i>{escape(variant.name)}</li>'
        for place, variant in enumerate(variants)
    )
    return f'<ul class="legend">{items}</ul>'


def _who(variants: Sequence[Variant]) -> list[str]:
    found = []
    if len({one.tenant for variant in variants for one in variant.metrics.tenants}) > 1:
        found.append(_section("Tenants", "", sections.served("tenant", variants)))
    return [*found, _section("Experts", "", sections.served("expert", variants))]


def _faults(variants: Sequence[Variant]) -> list[str]:
    """Faults, and experts that chase each other, where there are any."""
    found = []
    chased = [variant for variant in variants if variant.metrics.chases]
    if chased:
        tables = "".join(
            f"<div><h3>{escape(variant.name)}</h3>{sections.chases(variant)}</div>"
            for variant in chased
        )
        said = "Loads of what had been evicted for the other less than a minute before."
        found.append(
            _section("Experts that chase each other", said, f'<div class="pair">{tables}</div>')
        )
    failed = [variant for variant in variants if variant.outcome.faults]
    if failed:
        are_alike = all(one.outcome.faults == failed[0].outcome.faults for one in variants)
        tables = "".join(
            f"<div><h3>{'' if are_alike else escape(variant.name)}</h3>"
            f"{sections.faults(variant)}</div>"
            for variant in (failed[:1] if are_alike else failed)
        )
        found.append(_section("Faults", "", f'<div class="pair">{tables}</div>'))
    return found


def _setup(variants: Sequence[Variant], caveats: Sequence[str]) -> str:
    shares = (one.peak_share or 0.0 for variant in variants for one in variant.metrics.devices)
    said = [*CAVEATS, *([SHARED] if any(share > 1.0 for share in shares) else []), *caveats]
    cards = "".join(sections.setup(variant, place) for place, variant in enumerate(variants))
    items = "".join(f"<li>{escape(one)}</li>" for one in said)
    return _section(
        "Set-up",
        "",
        f'<div class="pair">{cards}</div><h3>What to bear in mind</h3>'
        f'<ul class="caveats">{items}</ul>',
    )


def _section(title: str, said: str, content: str) -> str:
    lead = f"<p>{escape(said)}</p>" if said else ""
    return f"<section><h2>{escape(title)}</h2>{lead}{content}</section>"


def _colours(variants: Sequence[Variant], names: Mapping[int, str]) -> str:
    rules = [f".x{place}{{fill:{(tint := colour(place))};background:{tint}}}" for place in names]
    for place in range(len(variants)):
        tint = LINES[place] if place < len(LINES) else colour(place + len(LINES))
        rules.append(
            f"i.v{place},b.v{place}{{background:{tint}}}.line.v{place}{{stroke:{tint}}}"
            f".peak.v{place},.dot.v{place}{{fill:{tint}}}"
        )
    return "".join(rules)


def _used(maps: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """Ranks of the experts that are drawn."""
    return {
        one[0]
        for known in maps.values()
        for lane in known["lanes"]
        for one in (*lane.get("stays", ()), *lane.get("areas", ()))
    }


def _counts(noun: str, counts: Iterable[int]) -> str:
    """`1 device`, `8 devices`, or `4 to 16 devices` where variants differ."""
    found = sorted(set(counts))
    ends = " to ".join(number(one) for one in dict.fromkeys((found[0], found[-1])))
    return f"{ends} {noun}{'' if found == [1] else 's'}"


def _json(data: Any) -> str:
    """For a script element: nothing in it can end that element."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")


def _text(name: str) -> str:
    return files("coterie.cli.simulation").joinpath(name).read_text("utf-8")
