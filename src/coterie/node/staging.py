"""Reading weights into the system's page cache ahead of a load.

What is there already is not read again, and nothing is read that would take the place of pages in
use: the page cache is the warm tier of a CPU device, and the maps of running replicas lie in it.
"""

import asyncio
import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from coterie.scheduler.actions import Stage
from coterie.scheduler.events import Event, Staged
from coterie.types import Weights

CHUNK_BYTES = 1 << 20
SPARE_BYTES = 256 << 20  # of free memory that is left alone


class Staging:
    """One reader, in a thread: a second expert waits for nobody, it is not read."""

    def __init__(
        self,
        weights: Mapping[str, Weights | None],
        report: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._weights = weights
        self._report = report
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._expert = ""
        self._stop = threading.Event()

    def stage(self, action: Stage) -> None:
        """Begins to read; what became of it is reported."""
        weights = self._weights.get(action.expert)
        if self._task is not None or weights is None:
            why = "another expert is being read" if self._task else "it has no weights here"
            loop = asyncio.get_running_loop()
            loop.call_soon(self._say, action, 0, self._clock(), why)
            return
        self._stop.clear()
        self._expert = action.expert
        self._task = asyncio.create_task(self._read(action, weights.path))

    def stop(self, expert: str) -> None:
        """Reads no further for an expert: whoever loads it does."""
        if self._task is not None and self._expert == expert:
            self._stop.set()

    async def close(self) -> None:
        """Ends the reader; it reports nothing more."""
        self._stop.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _read(self, action: Stage, path: str) -> None:
        began = self._clock()
        try:
            read_bytes, why = await asyncio.to_thread(read_ahead, path, self._stop)
        except Exception as error:
            read_bytes, why = 0, f"{type(error).__name__}: {error}"
        self._task = None
        self._say(action, read_bytes, began, why)

    def _say(self, action: Stage, read_bytes: int, began: float, why: str) -> None:
        now = self._clock()
        self._report(Staged(now, action.expert, action.device, read_bytes, now - began, why))


def read_ahead(path: str, stop: threading.Event) -> tuple[int, str]:
    """Reads what is not in the page cache of a file. How much that was, and why not all of it was
    read (empty: it was). Blocks.
    """
    if sys.platform != "linux":
        return 0, "what lies in memory cannot be told on this system"
    if not os.access(path, os.W_OK) and Path(path).stat().st_uid != os.geteuid():
        return 0, "of a file that is another user's the kernel does not tell what lies in memory"
    missing = _missing(path)
    if len(missing) * CHUNK_BYTES + SPARE_BYTES > _available_bytes():
        return 0, "there is not enough free memory"
    buffer = bytearray(CHUNK_BYTES)
    done = 0
    with Path(path).open("rb", buffering=0) as file:
        for offset in missing:
            if stop.is_set():
                return done, "its load has begun"
            done += os.preadv(file.fileno(), [buffer], offset)
    return done, ""


def _missing(path: str) -> list[int]:
    """Offsets of the chunks of a file of which not every page is in the page cache. Raises OSError.

    By mincore(2), which only looks: a read that may not wait would have the kernel read ahead.
    """
    page_bytes = mmap.PAGESIZE
    with Path(path).open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            return []
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "the file cannot be mapped", path)
    start = ctypes.c_void_p(address)
    pages = (ctypes.c_ubyte * (-(-size // page_bytes)))()
    failed = libc.mincore(start, ctypes.c_size_t(size), pages)
    libc.munmap(start, ctypes.c_size_t(size))
    if failed:
        raise OSError(ctypes.get_errno(), "its pages cannot be looked at", path)
    here = bytes(page & 1 for page in pages)
    each = CHUNK_BYTES // page_bytes
    return [
        first * page_bytes
        for first in range(0, len(here), each)
        if not all(here[first : first + each])
    ]


def _available_bytes() -> int:
    """Memory that is free, or holds pages of files that nobody has used for long."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    sizes = {name: rest.split()[0] for name, _, rest in (line.partition(":") for line in lines)}
    return sum(int(sizes.get(name, "0")) * 1024 for name in ("MemFree", "Inactive(file)"))
