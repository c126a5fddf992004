"""What this machine's memory and disk really do: one measurement each, in bytes a second.

Whoever wants a figure repeats it and takes the median.
"""

import ctypes
import errno
import mmap
import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

CHUNK_BYTES = 8 << 20
LEAST_BYTES = 256 << 20  # more than caches hold, all threads together
PROBES = 16
_CGROUP = Path("/sys/fs/cgroup/memory.max")


class Machine(Struct, frozen=True):
    """What the system says of itself. `memory_bytes` is what this process may use of it."""

    processor: str
    cores: int
    memory_bytes: int


class Buffers:
    """Memory of each thread, twice: written once, so that it is really there."""

    def __init__(self, threads: int, total_bytes: int = LEAST_BYTES) -> None:
        self.size_bytes = max(mmap.PAGESIZE, total_bytes // threads)
        self.pairs = [
            (_written(self.size_bytes), _written(self.size_bytes)) for _ in range(threads)
        ]

    def read_rate(self) -> float:
        """Bytes read a second by all threads at once: a search for what is not there."""
        libc = ctypes.CDLL(None)
        libc.memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
        libc.memchr.restype = ctypes.c_void_p
        return self._rate(lambda one, _: libc.memchr(one, 1, self.size_bytes))

    def copy_rate(self) -> float:
        """Bytes copied a second by all threads at once, each counted once."""
        return self._rate(lambda one, other: ctypes.memmove(other, one, self.size_bytes))

    def close(self) -> None:
        """Gives the memory back."""
        for pair in self.pairs:
            for memory in pair:
                memory.close()
        self.pairs = []

    def _rate(self, work: Callable[[int, int], object]) -> float:
        """Foreign functions leave the interpreter to the other threads."""
        pairs = [(_address(one), _address(other)) for one, other in self.pairs]
        together = threading.Barrier(len(pairs) + 1)

        def run(one: int, other: int) -> None:
            together.wait()
            work(one, other)

        threads = [threading.Thread(target=run, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        together.wait()
        begun = time.perf_counter()
        for thread in threads:
            thread.join()
        return len(pairs) * self.size_bytes / (time.perf_counter() - begun)


def machine() -> Machine:
    """This one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(_processor(), cores or 1, min(memory, _limit()))


def disk_rate(path: Path) -> float | None:
    """Bytes of a file read a second, none of it from memory; None where the system keeps it there
    whatever it is told, or cannot say. Raises OSError.
    """
    with path.open("rb", buffering=0) as file:
        number, size = file.fileno(), os.fstat(file.fileno()).st_size
        if not size or not hasattr(os, "posix_fadvise"):
            return None
        os.fsync(number)  # what is still to be written cannot be dropped
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
        cached = sum(_may_be_cached(number, size * i // PROBES) for i in range(PROBES))
        if cached * 4 > PROBES:
            return None
        room = memoryview(bytearray(CHUNK_BYTES))
        begun = time.perf_counter()
        while file.readinto(room):
            pass
        return size / (time.perf_counter() - begun)


def _may_be_cached(number: int, place: int) -> bool:
    """Whether a byte can be had without waiting, or the system cannot say."""
    if not hasattr(os, "RWF_NOWAIT"):
        return True
    try:
        os.preadv(number, [bytearray(1)], place, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
    return True


def _written(size_bytes: int) -> mmap.mmap:
    memory = mmap.mmap(-1, size_bytes)
    ctypes.memset(_address(memory), 0, size_bytes)  # pages that were never written share one
    return memory


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _processor() -> str:
    try:
        lines: Sequence[str] = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = ()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _limit() -> int:
    """What a container may have of the memory."""
    try:
        text = _CGROUP.read_text().strip()
    except OSError:
        text = ""
    return int(text) if text.isdigit() else 1 << 62
