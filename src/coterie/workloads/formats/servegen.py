"""ServeGen's client pools: what each client did in each window, from which requests are drawn.

Two tables. Rates: `client`, `window_start_s`, `rate_rps`, `cv`, `arrival` (Gamma or Weibull), `p1`
(the shape of its gaps), `p2`. Lengths: `client`, `window_start_s`, `field` (input_tokens or
output_tokens) and quantiles `p1` to `p99`.

A window has exactly the requests that its rate says, with gaps of the fitted distribution stretched
to fill it, as ServeGen does; so `cv` and the scale `p2` are not used. Lengths hold from their
window until the client's next, and those of input and output are drawn apart. Clients whose lengths
the pool does not tell may send most of its requests: theirs are the medians of all clients'
quantiles, and the clients are counted. Clients are tenants, `c0` and so on.
"""

from bisect import bisect
from collections.abc import Iterator
from math import inf
from pathlib import Path
from statistics import median

from coterie.errors import TraceInvalid
from coterie.workloads import cells
from coterie.workloads.clients import Client, Counted, Window, mixture
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.formats.tables import rows_of
from coterie.workloads.lengths import Quantiles
from coterie.workloads.lines import Lines, opened
from coterie.workloads.requests import Arrival

RATES = ("client", "window_start_s", "rate_rps", "arrival", "p1")
LENGTHS = ("client", "window_start_s", "field")
INPUT, OUTPUT = "input_tokens", "output_tokens"
WINDOW_S = 600.0
"""Of the rates; lengths are of six hours."""
SPAN_S = 3600.0
"""What is drawn where no end is asked for: a whole pool is two weeks, up to a billion requests."""

Fields = dict[str, list[tuple[float, Quantiles]]]
"""Of each field, when quantiles begin to hold, in order."""


def read_servegen(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals without an expert between `begin_s` and `end_s`. Raises TraceInvalid."""
    begin_s = options.begin_s
    end_s = begin_s + SPAN_S if options.end_s == inf else options.end_s
    with opened(options.lengths or _beside(lines.path)) as other:
        tables = _lengths(other)
    usual = {field: [(0.0, _median(tables, field, other))] for field in (INPUT, OUTPUT)}
    clients = []
    for name, windows in _windows(lines, begin_s, end_s).items():
        lengths = usual | tables.get(name, {})
        if name not in tables:
            lines.remark("clients with the pool's lengths, having none of their own")
        clients.append(Client(f"c{name}", tuple(_filled(windows, lengths))))
    return mixture(clients, begin_s, end_s, options.seed)


def _filled(windows: list[tuple[float, Counted]], lengths: Fields) -> Iterator[Window]:
    for at_s, counted in sorted(windows, key=lambda window: window[0]):
        prompt, output = _at(lengths[INPUT], at_s), _at(lengths[OUTPUT], at_s)
        yield Window(at_s, WINDOW_S, counted, prompt, output)


def _windows(lines: Lines, begin_s: float, end_s: float) -> dict[str, list[tuple[float, Counted]]]:
    """Each client's windows in this time."""
    columns, rows = rows_of(lines, RATES)
    found: dict[str, list[tuple[float, Counted]]] = {}
    for values in rows:
        row = dict(zip(columns, values, strict=False))
        at_s = cells.number(row, "window_start_s", lines)
        rate = cells.number(row, "rate_rps", lines)
        shape = cells.number(row, "p1", lines)
        family = row.get("arrival")
        if family not in ("Gamma", "Weibull") or not shape:
            raise TraceInvalid(
                f"{lines}: 'arrival' is {family!r} with 'p1' {shape:g}, expected Gamma or "
                "Weibull with a shape above 0"
            )
        if begin_s - WINDOW_S < at_s < end_s:
            counted = Counted(
                round(rate * WINDOW_S),
                WINDOW_S,
                "gamma" if family == "Gamma" else "weibull",
                shape,
            )
            found.setdefault(cells.name(row, "client", lines), []).append((at_s, counted))
    return found


def _lengths(lines: Lines) -> dict[str, Fields]:
    columns, rows = rows_of(lines, LENGTHS)
    quantiles = [c for c in columns if c[:1] == "p" and c[1:].isdigit()]
    if not quantiles:
        raise TraceInvalid(f"{lines.name}, line 1: no quantiles 'p1' to 'p99' among {columns}")
    percents = tuple(float(column[1:]) for column in quantiles)
    found: dict[str, Fields] = {}
    for values in rows:
        row = dict(zip(columns, values, strict=False))
        numbers = tuple(cells.number(row, column, lines) for column in quantiles)
        try:
            table = Quantiles(percents, numbers)
        except ValueError as error:
            raise TraceInvalid(f"{lines}: {error}") from error
        fields = found.setdefault(cells.name(row, "client", lines), {})
        at_s = cells.number(row, "window_start_s", lines)
        fields.setdefault(str(row["field"]), []).append((at_s, table))
    for fields in found.values():
        for rows_of_field in fields.values():
            rows_of_field.sort(key=lambda one: one[0])
    return found


def _median(tables: dict[str, Fields], field: str, lines: Lines) -> Quantiles:
    """The median of each quantile over the whole pool. Raises TraceInvalid."""
    every = [table for fields in tables.values() for _, table in fields.get(field, ())]
    if not every:
        raise TraceInvalid(f"{lines.name}: no quantiles of {field!r} for any client")
    values = tuple(median(column) for column in zip(*(one.values for one in every), strict=True))
    return Quantiles(every[0].percents, values)


def _at(tables: list[tuple[float, Quantiles]], at_s: float) -> Quantiles:
    """Those that hold then; before the first, the first."""
    return tables[max(0, bisect(tables, at_s, key=lambda one: one[0]) - 1)][1]


def _beside(rates: Path) -> Path:
    """The other table of a pool, by its name. Raises TraceInvalid."""
    if "_rates" not in rates.name:
        raise TraceInvalid(
            f"{str(rates)!r} is the rates of a ServeGen pool: say with --lengths where its "
            "quantiles are"
        )
    return rates.with_name(rates.name.replace("_rates", "_length_quantiles"))
