"""What a format is to those who read traces, and what may be asked of its reader."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from coterie.workloads.lines import Lines
from coterie.workloads.popularity import EVEN, Popularity
from coterie.workloads.requests import Arrival


class TraceOptions(Struct, frozen=True):
    """How a trace is to be read.

    `format`: one of `coterie.workloads.FORMATS`; empty: known by its first line.
    `experts`: the only ones that may be asked; where the trace names none, they are given out by
    `popularity` and `seed`. `nobody`: the name to use where there are neither; empty: an error.
    `names`: experts to ask in place of those in the trace.
    `sort`: read it into memory and put it in order; else a line that goes back is an error.
    `begin_s`, `end_s`: the part that is wanted, whose times then count from `begin_s`.
    `skip_incomplete`: pass over lines of a request log that lack a time, a model or tokens.
    `lengths`: the second table of a ServeGen pool, where it does not lie beside the first.
    """

    format: str = ""
    experts: tuple[str, ...] = ()
    popularity: Popularity = EVEN
    nobody: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    sort: bool = False
    begin_s: float = 0.0
    end_s: float = math.inf
    skip_incomplete: bool = False
    lengths: Path | None = None


class Format(Struct, frozen=True):
    """A way to write workloads.

    `is_dated`: its times are moments in the world, and count from the first one. `has_experts`: its
    requests say whom they ask.
    """

    name: str
    read: Callable[[Lines, TraceOptions], Iterator[Arrival]]
    is_dated: bool
    has_experts: bool
    summary: str
