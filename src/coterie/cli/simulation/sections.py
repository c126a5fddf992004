"""The parts of a page that are tables. Whatever comes from documents and traces is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from coterie.cli.simulation.figures import FIGURES, Unit, number, percent, spelt
from coterie.cli.simulation.tables import busiest, matters
from coterie.cli.simulation.variant import Variant
from coterie.config import format_duration, format_size
from coterie.simulator.metrics import ExpertMetrics, TenantMetrics, flat

Row = ExpertMetrics | TenantMetrics
MOST_BARS = 24
FEW = 2  # variants, whose figures fit two tables side by side
MOST_ROWS = 200
MOST_CHASES = 8
GROUPS = {
    "Requests": (
        "requests",
        "answered_share",
        "refused_share",
        "failed_share",
        "attainment",
        "goodput",
        "throughput",
        "output_tokens_per_s",
    ),
    "Latency": (
        "p50_ttft",
        "p95_ttft",
        "p99_ttft",
        "max_ttft",
        "p50_e2e",
        "p95_e2e",
        "p99_e2e",
        "p50_tpot",
        "p95_tpot",
    ),
    "Memory": (
        "hit_rate",
        "loads",
        "switches_per_hour",
        "returns_per_hour",
        "moved_bytes",
        "moved_bytes_per_hour",
        "read_bytes",
        "mean_hot_share",
        "peak_hot_share",
    ),
    "Machines": ("utilisation", "peak_utilisation", "mean_queue", "max_queue", "faults"),
}


def headline(variants: Sequence[Variant]) -> str:
    """The figures of the whole, a column for each variant; others are compared with the first."""
    found = [flat(variant.metrics) for variant in variants]
    head = "".join(
        f'<th scope="col">{_key(place)}{escape(variant.name)}</th>'
        for place, variant in enumerate(variants)
    )
    is_wide = len(variants) > FEW
    wide = f' style="min-width:{170 + 160 * len(variants)}px"' if is_wide else ""
    groups = []
    for title, names in GROUPS.items():
        rows = "".join(
            f'<tr><th scope="row">{FIGURES[name].title}</th>'
            f"{''.join(_figure(name, figures[name], found[0][name]) for figures in found)}</tr>"
            for name in names
            if matters(name, found)
        )
        groups.append(
            f'<div class="wide"><table class="headline"{wide}><thead><tr>'
            f'<th scope="col">{title}</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return f'<div class="{"groups one" if is_wide else "groups"}">{"".join(groups)}</div>'


def served(kind: str, variants: Sequence[Variant]) -> str:
    """Bars for each tenant or expert: budgets kept (requests answered, where none had a budget),
    and the 95th percentile of first tokens.
    """
    known: list[dict[str, Row]] = [
        {one.tenant: one for one in variant.metrics.tenants}
        if kind == "tenant"
        else {one.expert: one for one in variant.metrics.experts}
        for variant in variants
    ]
    names = (
        busiest(variants) if kind == "expert" else sorted({name for one in known for name in one})
    )
    shown = names[: max(6, 2 * MOST_BARS // (len(variants) + 1))]
    has_budgets = any(row.attainment is not None for one in known for row in one.values())
    slowest = max(
        (row.ttft.p95 for one in known for name in shown if (row := one.get(name)) and row.ttft),
        default=0.0,
    )
    lines = ""
    for name in shown:
        rows = [one.get(name) for one in known]
        requests = max(row.requests if row else 0 for row in rows)
        kept = "".join(_kept(place, row, has_budgets) for place, row in enumerate(rows))
        slow = "".join(_slow(place, row, slowest) for place, row in enumerate(rows))
        lines += (
            f'<tr><th scope="row">{escape(name or "(none)")}</th><td>{number(requests)}</td>'
            f'<td class="bars">{kept}</td><td class="bars">{slow}</td></tr>'
        )
    more = len(names) - len(shown)
    note = (
        f'<p class="note">{more} more, of which less is asked, are not shown.</p>' if more else ""
    )
    head = (
        f'<th scope="col">{kind}</th><th scope="col">requests</th>'
        f'<th scope="col">{"within budget" if has_budgets else "answered"}</th>'
        '<th scope="col">first token, p95</th>'
    )
    return (
        f'<div class="wide"><table class="served"><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>{note}"
    )


def setup(variant: Variant, place: int) -> str:
    """What was simulated: policy, machines, memory, links, and limits that matter to decisions."""
    was, limits = variant.setup, variant.setup.limits
    devices = _counted(
        f"{_hardware(was.kinds.get(one.device, ''))} with {format_size(one.hot_bytes)}"
        for one in was.devices
    )
    places = _counted(
        f"node with link {_rate(one.link)}, disk {_rate(one.disk)}, "
        f"host memory {format_size(one.host_bytes) if one.host_bytes else 'as needed'}"
        for one in was.places
    )
    tenants = ", ".join(f"{one.tenant} (weight {one.weight:g})" for one in was.tenants[:MOST_BARS])
    said = {
        "policy": was.policy,
        "devices": devices,
        "nodes": places or f"{len({one.node for one in was.devices})}",
        "cores": f"{number(sum(was.cores.values()))} on {len(was.cores)} machines",
        "experts": number(len(was.experts)),
        "tenants": tenants or "-",
        "limits": f"wait {format_duration(limits.wait)}, starvation "
        f"{format_duration(limits.starvation)}, queue {limits.queue:,}, of one expert "
        f"{limits.queue_per_expert:,}",
    }
    lines = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in said.items())
    return f"<article><h3>{_key(place)}{escape(variant.name)}</h3><dl>{lines}</dl></article>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], total: int | None = None) -> str:
    """A plain table; `total` rows there are, of which these are the first."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    left_out = (total or 0) - len(rows)
    note = f'<p class="note">{left_out:,} more are not shown.</p>' if left_out > 0 else ""
    return (
        f'<div class="wide"><table class="plain"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>{note}"
    )


def stays(variant: Variant) -> str:
    """The map as a table."""
    found = sorted(variant.outcome.residences, key=lambda stay: (stay.from_s, stay.device))
    rows = [
        (
            stay.expert,
            stay.device,
            format_size(stay.size_bytes),
            *map(_moment, (stay.from_s, stay.hot_s, stay.leaves_s, stay.gone_s)),
            number(stay.requests),
            stay.reason,
            stay.ending,
        )
        for stay in found[:MOST_ROWS]
    ]
    columns = ("expert", "device", "bytes", "loads from", "hot", "leaves", "gone", "requests")
    return table((*columns, "loaded because", "left because"), rows, len(found))


def faults(variant: Variant) -> str:
    found = variant.outcome.faults
    rows = [
        (_moment(one.at_s), one.kind, one.what, _moment(one.until_s)) for one in found[:MOST_ROWS]
    ]
    return table(("at", "kind", "of", "until"), rows, len(found))


def chases(variant: Variant) -> str:
    found = variant.metrics.chases
    rows = [(*one.experts, number(one.times)) for one in found[:MOST_CHASES]]
    return table(("expert", "and", "returns"), rows, len(found))


def _figure(name: str, value: float | None, first: float | None) -> str:
    figure = FIGURES[name]
    change = "" if value is None or first is None else _change(figure.unit, value, first)
    kind = "same"
    if change and figure.better:
        kind = "good" if change.startswith("+") == (figure.better == "more") else "bad"
    return f'<td>{escape(spelt(figure.unit, value))}<small class="{kind}">{change}</small></td>'


def _change(unit: Unit, value: float, first: float) -> str:
    """Since the first variant; empty where it would be spelt as nothing."""
    if unit == "share":
        change = f"{(value - first) * 100:+.1f}"
        return "" if float(change) == 0 else f"{change} pt"
    if not first:
        return ""
    change = f"{(value / first - 1) * 100:+,.0f}"
    return "" if float(change.replace(",", "")) == 0 else f"{change} %"


def _kept(place: int, row: Row | None, has_budgets: bool) -> str:
    if row is None or not row.requests:
        return _bar(place, 0.0, "-")
    share = row.attainment if has_budgets else row.answered / row.requests
    return _bar(place, share or 0.0, "-" if share is None else percent(share))


def _slow(place: int, row: Row | None, slowest: float) -> str:
    if row is None or row.ttft is None or slowest <= 0:
        return _bar(place, 0.0, "-")
    return _bar(place, row.ttft.p95 / slowest, format_duration(row.ttft.p95))


def _bar(place: int, share: float, said: str) -> str:
    return (
        f'<div><span><b class="v{place}" style="width:{share * 100:.1f}%"></b></span>'
        f"{escape(said)}</div>"
    )


def _counted(kinds: Iterable[str]) -> str:
    """`8 x gpu with 80GiB, 1 x cpu with 16GiB`."""
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} x {kind}" for kind, count in counts.items())


def _hardware(kind: str) -> str:
    """The profile of a device's kind, which has its threads and neighbours besides."""
    return kind.rsplit("/", 2)[0] or "device"


def _rate(bytes_per_s: float) -> str:
    return "unbounded" if bytes_per_s == float("inf") else f"{bytes_per_s / 1e9:g} GB/s"


def _moment(at_s: float) -> str:
    return "-" if at_s == float("inf") else f"{at_s:,.2f} s"


def _key(place: int) -> str:
    return f'<i class="v{place}"></i>'
