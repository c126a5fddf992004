"""What a worker's log says: the cause of a failed load, the last word of a worker that died."""

import os
import re
from pathlib import Path

_TAIL_BYTES = 16 << 10
_LINE_CHARS = 400
_PREFIX = re.compile(r"^\d+\.\d+\.\d+\.\d+ [A-Z] ")
_ERROR = re.compile(r"^\d+\.\d+\.\d+\.\d+ E |error|GGML_ASSERT|failed to", re.IGNORECASE)


def cause(path: str) -> str:
    """The first line that reports an error: those after it only say that it was passed on. Empty if
    there is none.
    """
    for line in _lines(path):
        if _ERROR.search(line):
            return _PREFIX.sub("", line)[:_LINE_CHARS]
    return ""


def last_line(path: str) -> str:
    """The last line that is not blank, without its time; empty if there is none."""
    lines = _lines(path)
    return _PREFIX.sub("", lines[-1])[:_LINE_CHARS] if lines else ""


def _lines(path: str) -> list[str]:
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]
