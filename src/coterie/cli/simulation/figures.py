"""The figures of a simulation by name: what each is called, its unit, and which way is better."""

from typing import Literal, NamedTuple

from coterie.config import format_duration, format_size

Unit = Literal["seconds", "share", "bytes", "bytes/h", "number", "number/s", "number/h"]
Better = Literal["less", "more", ""]
NOTHING = "-"
"""What a figure without a value is spelt as."""


class Figure(NamedTuple):
    """`is_shown`: in tables of the whole."""

    title: str
    unit: Unit
    better: Better = ""
    is_shown: bool = False


def _times(name: str, title: str, shown: tuple[str, ...]) -> dict[str, Figure]:
    return {
        f"{one}_{name}": Figure(f"{title}, {one}", "seconds", "less", one in shown)
        for one in ("p50", "p90", "p95", "p99", "max")
    }


FIGURES: dict[str, Figure] = {
    "duration": Figure("time simulated", "seconds", is_shown=True),
    "requests": Figure("requests", "number", is_shown=True),
    "answered": Figure("answered", "number", "more"),
    "refused": Figure("refused", "number", "less"),
    "failed": Figure("failed", "number", "less"),
    "answered_share": Figure("answered", "share", "more", is_shown=True),
    "refused_share": Figure("refused", "share", "less", is_shown=True),
    "failed_share": Figure("failed", "share", "less", is_shown=True),
    "attainment": Figure("within budget", "share", "more", is_shown=True),
    "goodput": Figure("goodput", "number/s", "more", is_shown=True),
    "throughput": Figure("throughput", "number/s", "more", is_shown=True),
    "output_tokens_per_s": Figure("output tokens", "number/s", "more", is_shown=True),
    **_times("ttft", "first token", ("p50", "p90", "p95", "p99", "max")),
    **_times("e2e", "end to end", ("p50", "p95", "p99")),
    **_times("tpot", "each token", ("p50", "p95")),
    "hit_rate": Figure("found hot", "share", "more", is_shown=True),
    "loads": Figure("loads", "number", "less", is_shown=True),
    "switches": Figure("switches", "number", "less"),
    "evictions": Figure("evictions", "number", "less"),
    "returns": Figure("returns", "number", "less"),
    "moved_bytes": Figure("moved to devices", "bytes", "less", is_shown=True),
    "read_bytes": Figure("read from disk", "bytes", "less", is_shown=True),
    "loads_per_hour": Figure("loads", "number/h", "less"),
    "switches_per_hour": Figure("switches", "number/h", "less", is_shown=True),
    "evictions_per_hour": Figure("evictions", "number/h", "less", is_shown=True),
    "returns_per_hour": Figure("returns", "number/h", "less", is_shown=True),
    "moved_bytes_per_hour": Figure("moved an hour", "bytes/h", "less", is_shown=True),
    "read_bytes_per_hour": Figure("read an hour", "bytes/h", "less"),
    "mean_queue": Figure("waiting, mean", "number", "less", is_shown=True),
    "max_queue": Figure("waiting, most", "number", "less", is_shown=True),
    "utilisation": Figure("machines busy", "share", is_shown=True),
    "peak_utilisation": Figure("busiest machine", "share", is_shown=True),
    "mean_hot_share": Figure("memory used, mean", "share", is_shown=True),
    "peak_hot_share": Figure("memory used, most", "share", is_shown=True),
    "faults": Figure("faults", "number"),
}
ABSENT = {
    "attainment": "no request has a latency budget",
    "ttft": "no request was answered with a first token",
    "e2e": "no request was answered",
    "tpot": "no answer had a second token",
    "share": "there was no request, or no memory",
    "rate": "there was no request",
    "utilisation": "no machine had time",
}


def absent(name: str) -> str:
    """Why a figure may have no value."""
    return ABSENT.get(name.rpartition("_")[2], "no time passed")


def spelt(unit: Unit, value: float | None) -> str:
    """A value for people, with its unit."""
    if value is None:
        return NOTHING
    match unit:
        case "seconds":
            return format_duration(value)
        case "share":
            return percent(value)
        case "bytes":
            return format_size(round(value))
        case "bytes/h":
            return f"{format_size(round(value))}/h"
        case "number":
            return number(value)
        case "number/s":
            return f"{number(value)}/s"
        case "number/h":
            return f"{number(value)}/h"


def percent(share: float) -> str:
    """`98.6 %`, `99.97 %`: only all of it is 100 %, and only none of it 0 %."""
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    if 0.0 < share < 0.0001:
        return "<0.01 %"
    if 0.9999 < share < 1.0:
        return ">99.99 %"
    digits = 2 if share < 0.0005 or 0.9995 <= share < 1.0 else 1
    return f"{share * 100:.{digits}f} %"


def number(value: float) -> str:
    """`1,234`, `56.7`, `8.91`: three digits or more."""
    if value == round(value):
        return f"{value:,.0f}"
    size = abs(value)
    return f"{value:,.{0 if size >= 1000 else 1 if size >= 10 else 2}f}"
