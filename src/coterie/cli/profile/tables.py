"""Tables of profiles and of figures."""

from rich.console import Console
from rich.table import Table

from coterie.config import format_duration, format_size
from coterie.config.units import format_bandwidth, format_operations
from coterie.hardware.profile import Profile

PIPE_WIDTH = 1000
"""A pipe has no edge to fold at."""
OVERHEAD = "overheads."


def console() -> Console:
    """Standard output, as wide as it must be; documents' text is taken as it is."""
    width = None if Console().is_terminal else PIPE_WIDTH
    return Console(width=width, markup=False, highlight=False)


def table(first: str, *names: str) -> Table:
    """Columns close together; the last one folds."""
    found = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    found.add_column(first, no_wrap=True)
    for name in names[:-1]:
        found.add_column(name, no_wrap=True)
    for name in names[-1:]:
        found.add_column(name, overflow="fold")
    return found


def size(size_bytes: int) -> str:
    """In 1000s where that is exact, as data sheets count; else in 1024s."""
    for unit, one in (("TB", 10**12), ("GB", 10**9)):
        if size_bytes >= one and size_bytes % 10**9 == 0:
            return f"{size_bytes / one:.5g}{unit}"
    return format_size(size_bytes)


def shown(path: str, value: float) -> str:
    """A figure with its unit."""
    if path.endswith(".bytes"):
        return size(int(value))
    if path == "compute":
        return format_operations(value)
    if path.endswith(".bandwidth") and path != "efficiency.bandwidth":
        return format_bandwidth(value)
    if path.startswith(OVERHEAD) or path == "links.latency":
        return format_duration(value)
    if path.startswith("efficiency."):
        return f"{value * 100:.3g} %"
    return f"{value:g} W" if path.startswith("power_w.") else f"{value:g}"


def links(profile: Profile) -> str:
    """`8 x 64GB/s`, or that there are none."""
    if profile.links is None:
        return "none"
    return f"{profile.links.count} x {format_bandwidth(profile.links.bandwidth)}"
