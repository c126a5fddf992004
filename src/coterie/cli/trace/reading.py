"""A trace or a journal, read for a command: a bar on stderr meanwhile, a remark at the end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from coterie.cli.trace.options import JOURNAL
from coterie.workloads.changes import told
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace

Advance = Callable[[float], object]
SEGMENT = (b'{"type":"Snapshot"', b'{"type": "Snapshot"')


class Readable(Protocol):
    """What a command reads arrivals from, as often as it wants."""

    path: Path
    format: str
    remarks: dict[str, int]

    @property
    def size_bytes(self) -> int: ...

    @property
    def read_bytes(self) -> int: ...

    def __iter__(self) -> Iterator[Arrival]: ...


def opened(path: Path, options: TraceOptions) -> Readable:
    """What lies at a path: a journal, or a trace of any format."""
    if options.format == JOURNAL or (not options.format and is_journal(path)):
        from coterie.cli.trace.journal import JournalTrace  # it takes a scheduler to read one

        return JournalTrace(path, options)
    return Trace(path, options)


def is_journal(path: Path) -> bool:
    """Whether there is a folder, or a file that begins as a segment does."""
    if not path.is_file():
        return path.is_dir()
    try:
        with path.open("rb") as file:
            return file.read(len(SEGMENT[1])).startswith(SEGMENT)
    except OSError:
        return False  # whoever reads it as a trace will say why


@contextmanager
def watched(trace: Readable, doing: str) -> Iterator[Iterable[Arrival]]:
    """Its requests, with a bar while they are read; what was left out is told at the end."""
    with bar(doing, trace.size_bytes or None) as advance:
        yield told(trace, lambda count: advance(trace.read_bytes))
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    for what, count in trace.remarks.items():
        errors.print(f"{trace.path}: {what}: {count}", markup=False)


@contextmanager
def bar(doing: str, total: float | None) -> Iterator[Advance]:
    """Something to be told how much is done of `total`; None: nobody knows."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task(doing, total=total)
        yield lambda done: shown.update(task, completed=done)
