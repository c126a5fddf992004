"""What users thought of answers, as rows that `coterie route fit` reads: `STATE/routes/NAME.jsonl`.

A decided prompt is remembered until it is rated, and only then written, as one line or not at all.
Both are bounded: the oldest prompts are forgotten, and a full file becomes `NAME~1.jsonl` and so
on, of which the last few are kept. (No route has a `~` in its name.)
"""

import errno
import os
from collections import OrderedDict
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct

MOST_REMEMBERED = 10_000
MOST_CHARACTERS = 8 * 1024**2  # of all prompts that are remembered: up to 32 MiB
SEGMENT_BYTES = 16 * 1024**2
SEGMENTS = 4  # full files that are kept beside the one that grows


class Asked(Struct, frozen=True):
    """A prompt that was answered: whose it was, and by whom it was."""

    prompt: str
    category: str
    expert: str
    tenant: str = ""


class Feedback:
    """The ratings of one route. `folder` is made when the first one comes."""

    def __init__(
        self,
        folder: Path,
        route: str,
        *,
        most: int = MOST_REMEMBERED,
        most_characters: int = MOST_CHARACTERS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._stem = quote(route, safe="")
        self._folder = folder
        self._most = most
        self._most_characters = most_characters
        self._segment_bytes = segment_bytes
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._characters = 0
        self._mended = False

    @property
    def path(self) -> Path:
        return self._folder / f"{self._stem}.jsonl"

    def __len__(self) -> int:
        return len(self._asked)

    def remember(self, request: str, asked: Asked) -> None:
        """A request that may be rated from now on."""
        self._asked[request] = asked
        self._characters += len(asked.prompt)
        while len(self._asked) > self._most or self._characters > self._most_characters:
            self._forget(next(iter(self._asked)))

    def knows(self, request: str, tenant: str) -> bool:
        """Whether that tenant may rate it: each request once."""
        asked = self._asked.get(request)
        return asked is not None and asked.tenant == tenant

    def rate(self, request: str, score: float) -> None:
        """Writes the rating, from 0 to 1, of a request that it `knows`. Raises OSError."""
        asked = self._asked[request]
        row = {
            "id": request,
            "prompt": asked.prompt,
            "category": asked.category,
            "scores": {asked.expert: score},
        }
        self._append(msgspec.json.encode(row) + b"\n")
        self._forget(request)

    def _forget(self, request: str) -> None:
        self._characters -= len(self._asked.pop(request).prompt)

    def _append(self, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._mended:
            _mend(self.path)
            self._mended = True
        if self.path.exists() and self.path.stat().st_size + len(line) > self._segment_bytes:
            self._rotate()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(file).st_size
            if os.write(file, line) < len(line):  # so a disk says that it is full
                os.ftruncate(file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)

    def _rotate(self) -> None:
        for i in range(SEGMENTS - 1, 0, -1):
            if (older := self._full(i)).exists():
                older.replace(self._full(i + 1))
        self.path.replace(self._full(1))

    def _full(self, number: int) -> Path:
        return self._folder / f"{self._stem}~{number}.jsonl"


def _mend(path: Path) -> None:
    """Takes off what a crash left of a line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        begin = max(0, size - 1024**2)
        file.seek(begin)
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(begin + tail.rfind(b"\n") + 1)
