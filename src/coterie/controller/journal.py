"""The record of every event and action: readable lines, in segments of bounded size and number.

Each segment starts with a snapshot, so it replays without those before it. A disk that is full
costs lines of the journal, never a request: it is said once, and counted. Nor does a request wait
for its lines: they are made when they are written.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import DecodeError

from coterie.errors import JournalUnusable
from coterie.scheduler.records import Snapshot
from coterie.scheduler.replay import Entry, decode, encode

BUFFER_ENTRIES = 256
_SEGMENT = re.compile(r"^\d{10}\.jsonl$")

log = logging.getLogger(__name__)


class Journal:
    """Appends entries to the newest segment under `folder`. Call `flush` regularly: it is what
    reaches the disk, and `published`, line by line.
    """

    def __init__(
        self,
        folder: Path,
        segment_bytes: int,
        segments: int,
        snapshot: Callable[[], Snapshot],
        published: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self.lost = 0  # entries that could not be written
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments = segments
        self._snapshot = snapshot
        self._published = published
        self._entries: list[Entry] = []
        self._file: BinaryIO | None = None
        self._written = 0

    def open(self) -> None:
        """Begins a new segment. Raises OSError where the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._begin()

    def append(self, entries: Sequence[Entry]) -> None:
        """Takes an event with its actions.

        They are written by the next `flush`, or when enough have come; never by halves: a segment
        ends, and its successor's snapshot is taken, between two events.
        """
        self._entries += entries
        if len(self._entries) >= BUFFER_ENTRIES:
            self.flush()

    def flush(self) -> None:
        """Writes what was taken."""
        if not self._entries:
            return
        lines = [encode(entry) + b"\n" for entry in self._entries]
        self._entries = []
        for line in lines:
            self._published(line)
        try:
            if self._file is None:
                self._begin()
            assert self._file is not None
            self._written += self._file.write(b"".join(lines))
            if self._written >= self._segment_bytes:
                self._begin()
        except OSError as error:
            if not self.lost:
                log.warning("the journal in %s cannot be written: %s", self._folder, error)
            self.lost += len(lines)
            self._drop()

    def close(self) -> None:
        self.flush()
        self._drop()

    def _begin(self) -> None:
        self._drop()
        old = segments(self._folder)
        number = int(old[-1].stem) + 1 if old else 1
        for path in old[: max(0, len(old) - self._segments + 1)]:
            path.unlink(missing_ok=True)
        self._file = (self._folder / f"{number:010}.jsonl").open("xb", buffering=0)
        self._written = self._file.write(encode(self._snapshot()) + b"\n")

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def segments(folder: Path) -> list[Path]:
    """A journal's segments, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _SEGMENT.match(path.name))


def read(path: Path) -> Iterator[Entry]:
    """The entries of a segment, or of all segments of a folder. A last line cut off by a crash is
    left out.

    Raises JournalUnusable, with file and line, for a line that is no entry.
    """
    paths = segments(path) if path.is_dir() else [path]
    if not paths:
        raise JournalUnusable(f"{str(path)!r} holds no journal segment (NNNNNNNNNN.jsonl)")
    for segment in paths:
        with segment.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield decode(line)
                except DecodeError as error:
                    raise JournalUnusable(f"{segment.name}, line {number}: {error}") from error
