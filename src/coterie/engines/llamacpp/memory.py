"""What a process really takes: the pages of its weights file, and what is its own beside them.

Pages that are shared with the template are the template's; pages of the file are counted whole,
once for all who map it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct


class Usage(Struct, frozen=True):
    """Bytes in memory: `mapped` of the file asked for, `private` to the process elsewhere,
    `resident` of everything.
    """

    mapped: int = 0
    private: int = 0
    resident: int = 0


def usage(pid: int, path: str = "") -> Usage | None:
    """Reads /proc/PID/smaps; None where the process is gone or the system has no such file."""
    try:
        with Path(f"/proc/{pid}/smaps").open(encoding="utf-8", errors="replace") as file:
            return parse(file, os.path.realpath(path) if path else "")
    except OSError:
        return None


def parse(lines: Iterable[str], path: str) -> Usage | None:
    """Sums an smaps listing; None if it is empty, as it is for a process that is just ending.

    Of weights in several files, `path` is the first; all of them count.
    """
    stem, of, _rest = path.partition("-00001-of-")
    mapped = private = resident = 0
    in_file = found = False
    for line in lines:
        field, _, rest = line.partition(" ")
        if not field.endswith(":"):
            found = True
            start = rest.find("/")
            name = rest[start:].rstrip("\n").removesuffix(" (deleted)") if start >= 0 else ""
            in_file = bool(path) and (name == path or (bool(of) and name.startswith(f"{stem}-")))
        elif field == "Rss:":
            size = _bytes(rest)
            resident += size
            mapped += size if in_file else 0
        elif field in ("Private_Clean:", "Private_Dirty:") and not in_file:
            private += _bytes(rest)
    return Usage(mapped, private, resident) if found else None


def _bytes(text: str) -> int:
    return int(text.split()[0]) * 1024
