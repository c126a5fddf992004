"""A recorded trace is read line by line, or refused: an error names the file, line and column.

The format is known by the first line (`coterie.workloads.FORMATS`), gzip by its first bytes. What
is read is in order of time, and its times count from its first request where the format has dates,
else from where the trace says. A line that goes back is an error, unless `sort` is asked for: then
the whole trace is read into memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from msgspec import structs

from coterie.errors import TraceInvalid
from coterie.workloads.changes import between, given_out, renamed
from coterie.workloads.formats.format import Format, TraceOptions
from coterie.workloads.formats.known import named, recognised
from coterie.workloads.lines import Lines, opened
from coterie.workloads.requests import Arrival

DEFAULT = TraceOptions()


def read_trace(path: Path, options: TraceOptions = DEFAULT) -> list[Arrival]:
    """The arrivals of a file, in order of time, whatever order they are written in. Raises
    TraceInvalid.
    """
    return list(Trace(path, structs.replace(options, sort=True)))


class Where(Protocol):
    """What is read: its text says which line was read last."""

    @property
    def name(self) -> str: ...


class Trace:
    """A recorded workload on disk, read anew by each iteration. Raises TraceInvalid.

    What is known of it only by reading: `format`, `remarks` (what was left out, and how often), and
    `read_bytes` of `size_bytes` (0: not known, as of a pipe).
    """

    def __init__(self, path: Path, options: TraceOptions = DEFAULT) -> None:
        self.path = path
        self.options = options
        self.format = options.format
        self.remarks: dict[str, int] = {}
        self._lines: Lines | None = None

    @property
    def size_bytes(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def read_bytes(self) -> int:
        return self._lines.read_bytes if self._lines is not None else 0

    def __iter__(self) -> Iterator[Arrival]:
        with opened(self.path) as lines:
            self._lines = lines
            form = named(self.options.format) if self.options.format else recognised(lines)
            self.format, self.remarks = form.name, lines.remarks
            try:
                yield from prepared(form.read(lines, self.options), form, self.options, lines)
            finally:
                self._lines = None


def prepared(
    arrivals: Iterable[Arrival], form: Format, options: TraceOptions, where: Where
) -> Iterator[Arrival]:
    """What was read, as `options` want it. Raises TraceInvalid, also where nothing is left."""
    if options.names:
        arrivals = renamed(arrivals, options.names)
    if form.has_experts and options.experts:
        arrivals = _known(arrivals, dict.fromkeys(options.experts), where)
    if options.sort:
        arrivals = sorted(arrivals, key=attrgetter("at_s"))
    else:
        arrivals = _in_order(arrivals, where)
    if form.is_dated:
        arrivals = _from_first(arrivals)
    count = 0
    for arrival in _chosen(arrivals, form, options, where.name):
        count += 1
        yield arrival
    if not count:
        part = f" from {options.begin_s:g} s on" if options.begin_s else ""
        raise TraceInvalid(f"{where.name} holds no request{part}: it needs a line for each")


def _chosen(
    arrivals: Iterable[Arrival], form: Format, options: TraceOptions, name: str
) -> Iterator[Arrival]:
    if not form.has_experts:
        experts = options.experts or ((options.nobody,) if options.nobody else ())
        if not experts:
            raise TraceInvalid(
                f"{name} ({form.summary}) names no expert: say which there are, as --experts 8 or "
                "--experts base,coder"
            )
        arrivals = given_out(arrivals, experts, options.popularity, options.seed)
    if options.begin_s or options.end_s < inf:
        return between(arrivals, options.begin_s, options.end_s)
    return iter(arrivals)


def _known(
    arrivals: Iterable[Arrival], experts: Mapping[str, None], where: Where
) -> Iterator[Arrival]:
    for arrival in arrivals:
        if arrival.expert not in experts:
            known = ", ".join(map(repr, list(experts)[:8]))
            raise TraceInvalid(
                f"{where}: expert {arrival.expert!r} is none of {known}; --rename says who "
                "answers in its place"
            )
        yield arrival


def _in_order(arrivals: Iterable[Arrival], where: Where) -> Iterator[Arrival]:
    last_s = 0.0
    for arrival in arrivals:
        if arrival.at_s < last_s:
            raise TraceInvalid(
                f"{where}: {last_s - arrival.at_s:g} s earlier than the line before: --sort "
                "puts the trace in order, in memory"
            )
        last_s = arrival.at_s
        yield arrival


def _from_first(arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    begin_s = -1.0
    for arrival in arrivals:
        begin_s = arrival.at_s if begin_s < 0 else begin_s
        yield structs.replace(arrival, at_s=arrival.at_s - begin_s)
