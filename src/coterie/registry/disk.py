"""Bytes on disk are promised before they are written, out of the budget and of what is free."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from coterie.errors import FetchFailed

SPARE_BYTES = 64 << 20


def free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class Disk:
    """The folder of fetched and assembled weights; `budget_bytes` 0: bounded by the disk alone."""

    def __init__(
        self, folder: Path, budget_bytes: int = 0, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._folder = folder
        self._budget_bytes = budget_bytes
        self._free = free
        self._promised: dict[Path, int] = {}

    @asynccontextmanager
    async def hold(self, path: Path, total_bytes: int) -> AsyncIterator[int]:
        """Promises `path` its `total_bytes` while the context lasts; gives the most it may reach.

        Raises FetchFailed where there is no room.
        """
        self._promised[path] = total_bytes
        try:
            yield await asyncio.to_thread(self._most_bytes, path, dict(self._promised))
        finally:
            self._promised.pop(path, None)

    def _most_bytes(self, path: Path, promised: Mapping[Path, int]) -> int:
        wanted = promised[path]
        others = {other: size for other, size in promised.items() if other != path}
        missing = sum(max(0, size - _size(other)) for other, size in others.items())
        most = _size(path) + max(0, self._free(self._folder) - SPARE_BYTES - missing)
        if wanted > most:
            raise FetchFailed(
                f"no room for {str(path)!r}: it needs {wanted:,} bytes, the disk has {most:,} "
                f"to give ({SPARE_BYTES:,} stay free): make room, or use another state directory"
            )
        if not self._budget_bytes:
            return most
        used = sum(_size(file) for file in _files(self._folder) if file not in promised)
        within_budget = self._budget_bytes - used - sum(others.values())
        if wanted > within_budget:
            raise FetchFailed(
                f"no room for {str(path)!r}: it needs {wanted:,} bytes, the disk budget of "
                f"{self._budget_bytes:,} has {max(0, within_budget):,} left: remove files from "
                f"{str(self._folder)!r} or raise the node's 'disk'"
            )
        return min(most, within_budget)


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):  # unlike rglob, it bears with folders that vanish
        yield from (Path(place, name) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
