"""KV caches of evicted replicas, on this node's disk, within a budget of bytes; the oldest goes
first.

They hold what clients wrote, so nothing of them outlives the service: the folder is emptied when
the node opens and when it closes, and is nobody else's to read.
"""

import shutil
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from threading import RLock

LEAST = 0.25  # of the budget, that a replica may write at least


class KvStore:
    """A folder for each replica of a node. Bytes that may be written are reserved before they are.

    Its methods block, as long as removing large files takes, and may be called from any thread.
    """

    def __init__(self, folder: Path, node: str, budget_bytes: int) -> None:
        self._folder = folder / _plain(node)
        self._budget_bytes = budget_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()  # by replica, the oldest first
        self._reserved: dict[str, int] = {}
        self._lock = RLock()

    @property
    def used_bytes(self) -> int:
        """What lies here, and what is about to."""
        with self._lock:
            return sum(self._sizes.values()) + sum(self._reserved.values())

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._sizes.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def path(self, replica: str) -> str:
        """Where a replica's next generation finds what this one keeps; empty: nothing is kept."""
        return str(self._of(replica)) if self._budget_bytes else ""

    def reserve(self, replica: str) -> int:
        """How many bytes a replica may write now; others that are older make room for it. 0: none,
        or its folder cannot be made. What it had before is gone.
        """
        with self._lock:
            self.drop(replica)
            if not self._budget_bytes:
                return 0
            while self._sizes and self._free_bytes() < LEAST * self._budget_bytes:
                self.drop(next(iter(self._sizes)))
            granted = self._free_bytes()
            try:
                self._folder.parent.mkdir(parents=True, exist_ok=True)
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._of(replica).mkdir(mode=0o700, exist_ok=True)
            except OSError:
                return 0
            self._reserved[replica] = granted
            return granted

    def settle(self, replica: str) -> None:
        """A replica has written what it wanted to keep."""
        with self._lock:
            granted = self._reserved.pop(replica, 0)
            try:
                written = sum(path.stat().st_size for path in self._of(replica).iterdir())
            except OSError:
                written = 0
            self._sizes[replica] = written
            if not 0 < written <= granted:
                self.drop(replica)

    def drop(self, replica: str) -> None:
        """Removes what a replica had kept."""
        with self._lock:
            self._sizes.pop(replica, None)
            shutil.rmtree(self._of(replica), ignore_errors=True)

    def _free_bytes(self) -> int:
        return self._budget_bytes - self.used_bytes

    def _of(self, replica: str) -> Path:
        return self._folder / _plain(replica)


def _plain(name: str) -> str:
    """A name for a folder that no other name leads to, nor out of its place."""
    return sha256(name.encode()).hexdigest()[:32]
