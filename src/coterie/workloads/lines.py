"""A text file line by line, plain or gzip, whatever its size; whatever breaks has its line."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from coterie.errors import TraceInvalid

GZIP = b"\x1f\x8b"
MOST_BYTES = 64 << 20
"""Of one line: a file without line ends is refused, not read into memory."""


class Lines:
    """The lines of an open file. `number` is that of the line that was read last, from 1.

    `remarks` counts what readers left out, by what it was.
    """

    def __init__(self, raw: io.BufferedReader, path: Path) -> None:
        self.path = path
        self.name = repr(str(path))
        self.number = 0
        self.remarks: dict[str, int] = {}
        self._raw = raw
        self._first: list[str] = []
        self._rest = self._text()

    def __str__(self) -> str:
        """Where the last line is, for messages."""
        return f"{self.name}, line {self.number}"

    @property
    def read_bytes(self) -> int:
        """How much of the file has been read, as it lies on disk."""
        return self._raw.tell() if self._raw.seekable() else 0

    def first(self) -> str:
        """The first line that is not blank, which is read again afterwards; empty: none is."""
        for line in self._rest:
            if line.strip():
                self._first = [line]
                return line
        return ""

    def remark(self, what: str) -> None:
        self.remarks[what] = self.remarks.get(what, 0) + 1

    def __iter__(self) -> Iterator[str]:
        return chain(self._first, self._rest)

    def _text(self) -> Iterator[str]:
        """Raises TraceInvalid where the file cannot be read or is no UTF-8."""
        try:
            is_gzip = self._raw.peek(2)[:2] == GZIP
            file = io.BufferedReader(gzip.GzipFile(fileobj=self._raw)) if is_gzip else self._raw
            for line in iter(partial(file.readline, MOST_BYTES), b""):
                self.number += 1
                if len(line) == MOST_BYTES and not line.endswith(b"\n"):
                    raise TraceInvalid(
                        f"{self}: longer than {MOST_BYTES >> 20} MiB: expected a request a line"
                    )
                text = line.decode()
                yield text.removeprefix("\ufeff") if self.number == 1 else text
        except UnicodeDecodeError as error:
            raise TraceInvalid(
                f"{self}, column {error.start + 1}: not UTF-8: save the file as UTF-8"
            ) from error
        except (OSError, EOFError, zlib.error) as error:
            raise TraceInvalid(f"{self.name}, after line {self.number}: {_why(error)}") from error


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """The lines of a file. Raises TraceInvalid."""
    try:
        raw = path.open("rb")
    except FileNotFoundError as error:
        raise TraceInvalid(f"no trace at {str(path)!r}: check the path") from error
    except OSError as error:
        raise TraceInvalid(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    with raw:
        yield Lines(raw, path)


def _why(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the gzip file is cut off: fetch or write it again"
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be read: {error.strerror}"
    return f"the gzip file is damaged: {error}"
