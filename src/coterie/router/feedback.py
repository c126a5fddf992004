"""What users thought of answers, as rows that `coterie route fit` reads: `STATE/routes/NAME.jsonl`.

A decided prompt is remembered until it is rated, and only then written, as one line in one write.
Both are bounded: the oldest prompts are forgotten, and a full file becomes `NAME.1.jsonl` and so
on, of which the last few are kept.
"""

import os
from collections import OrderedDict
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct

MOST_REMEMBERED = 10_000
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
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._stem = quote(route, safe="")
        self._folder = folder
        self._most = most
        self._segment_bytes = segment_bytes
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._mended = False

    @property
    def path(self) -> Path:
        return self._folder / f"{self._stem}.jsonl"

    def __len__(self) -> int:
        return len(self._asked)

    def remember(self, request: str, asked: Asked) -> None:
        """A request that may be rated from now on."""
        self._asked[request] = asked
        while len(self._asked) > self._most:
            self._asked.popitem(last=False)

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
        del self._asked[request]

    def _append(self, line: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._mended:
            _mend(self.path)
            self._mended = True
        if self.path.exists() and self.path.stat().st_size + len(line) > self._segment_bytes:
            self._rotate()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def _rotate(self) -> None:
        for i in range(SEGMENTS - 1, 0, -1):
            older = self._folder / f"{self._stem}.{i}.jsonl"
            if older.exists():
                older.replace(self._folder / f"{self._stem}.{i + 1}.jsonl")
        self.path.replace(self._folder / f"{self._stem}.1.jsonl")


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
