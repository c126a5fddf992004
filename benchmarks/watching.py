"""Memory is watched from outside, as the kernel counts it: sharers divide what they share (PSS)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import descendants


class Watched:
    """The most seen so far, in bytes: of the process, of all below it, of both at one moment."""

    def __init__(self) -> None:
        self.root_bytes = 0
        self.below_bytes = 0
        self.total_bytes = 0
        self.processes = 0

    def sample(self, root: int) -> None:
        below = [pss_bytes(pid) for pid in descendants(root)]
        own = pss_bytes(root)
        self.root_bytes = max(self.root_bytes, own)
        self.below_bytes = max(self.below_bytes, sum(below))
        self.total_bytes = max(self.total_bytes, own + sum(below))
        self.processes = max(self.processes, 1 + len(below))


@contextmanager
def watching(root: int, every_s: float = 0.5) -> Iterator[Watched]:
    """Samples a process and its descendants until the block ends."""
    watched = Watched()
    is_over = threading.Event()

    def watch() -> None:
        watched.sample(root)
        while not is_over.wait(every_s):
            watched.sample(root)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        is_over.set()
        thread.join()


def pss_bytes(pid: int) -> int:
    """The proportional share of memory of one process; 0 when it is gone."""
    return field_bytes(pid, "Pss:")


def field_bytes(pid: int, name: str) -> int:
    """One field of the process's smaps_rollup, such as `Rss:`; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)
