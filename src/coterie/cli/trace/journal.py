"""Coterie's own journal as a workload: the requests that came, as long as they turned out to be.

Those whose end the journal does not tell of are left out, and counted, as are those whose client
left. A request that was refused is part of the demand: it is as long as it asked to be.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from coterie.controller import read, segments
from coterie.errors import JournalUnusable
from coterie.scheduler import Refuse
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry
from coterie.simulator.rides import prompt_tokens
from coterie.workloads.formats.format import Format, TraceOptions
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import prepared

MOST_OPEN = 100_000
"""Requests that wait for the end of the one before them, before that one is given up."""
NO_END = "requests without an end"


class JournalTrace:
    """The requests of a journal (a segment, or a folder of them), read anew by each iteration."""

    def __init__(self, path: Path, options: TraceOptions) -> None:
        self.path = path
        self.options = options
        self.format = "journal"
        self.remarks: dict[str, int] = {}
        self.name = repr(str(path))
        self.read_bytes = 0
        self._begun = 0

    def __str__(self) -> str:
        return f"{self.name}, request {self._begun}"

    @property
    def size_bytes(self) -> int:
        files = segments(self.path) if self.path.is_dir() else [self.path]
        return sum(file.stat().st_size for file in files if file.exists())

    def __iter__(self) -> Iterator[Arrival]:
        self.remarks, self.read_bytes, self._begun = {}, 0, 0
        form = Format("journal", lambda lines, options: iter(()), True, True, "Coterie's journal")
        return prepared(self._counted(), form, self.options, self)

    def _counted(self) -> Iterator[Arrival]:
        for arrival in arrivals_of(self._entries(), self.remarks):
            self._begun += 1
            yield arrival

    def _entries(self) -> Iterator[Entry]:
        try:
            files = segments(self.path) if self.path.is_dir() else [self.path]
            if not files:
                raise JournalUnusable(f"{self.name} holds no journal segment (NNNNNNNNNN.jsonl)")
            for file in files:
                yield from read(file)
                self.read_bytes += file.stat().st_size
        except OSError as error:
            raise JournalUnusable(
                f"the journal {self.name} cannot be read: {error.strerror or error}"
            ) from error


class _Open(Struct):
    request: on.Arrived
    has_ended: bool = False
    arrival: Arrival | None = None


def arrivals_of(entries: Iterable[Entry], remarks: dict[str, int]) -> Iterator[Arrival]:
    """Requests in the order in which they came, at seconds since 1970, each once its end is known.

    What is left out is counted in `remarks`.
    """
    queue: deque[_Open] = deque()
    by_name: dict[str, _Open] = {}
    for entry in entries:
        match entry:
            case on.Arrived():
                known = by_name.get(entry.request)
                if known is None:
                    by_name[entry.request] = one = _Open(entry)
                    queue.append(one)
                else:
                    known.has_ended = False  # another attempt
            case on.Finished() | on.Cancelled() | Refuse():
                if ended := by_name.get(entry.request):
                    ended.has_ended, ended.arrival = True, _arrival(ended.request, entry)
            case _:
                continue
        while queue and (queue[0].has_ended or len(queue) > MOST_OPEN):
            yield from _left(queue.popleft(), by_name, remarks)
    while queue:
        yield from _left(queue.popleft(), by_name, remarks)


def _left(one: _Open, by_name: dict[str, _Open], remarks: dict[str, int]) -> Iterator[Arrival]:
    del by_name[one.request.request]
    if one.arrival is not None:
        yield one.arrival
    else:
        what = "requests that failed, or whose client left" if one.has_ended else NO_END
        remarks[what] = remarks.get(what, 0) + 1


def _arrival(request: on.Arrived, end: on.Finished | on.Cancelled | Refuse) -> Arrival | None:
    match end:
        case on.Finished(ok=True):
            prompt, output = end.prompt_tokens, end.output_tokens
        case Refuse():
            prompt, output = 0, 0
        case _:
            return None
    return Arrival(
        request.at,
        request.expert,
        prompt or max(1, round(prompt_tokens(request))),
        max(1, output or request.output_tokens),
        request.tenant,
        priority=request.priority,
    )
