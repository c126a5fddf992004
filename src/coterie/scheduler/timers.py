"""When the core must wake: a heap whose stale entries are dropped when they reach the top."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Literal

Kind = Literal["request", "prefill", "idle", "replica", "retry"]


class Timers:
    """(at, kind, key) entries. `due_at(kind, key)` tells when a key's timer really is due (None:
    not at all).
    """

    def __init__(self, due_at: Callable[[Kind, str], float | None]) -> None:
        self._due_at = due_at
        self._heap: list[tuple[float, Kind, str]] = []

    def set(self, at: float, kind: Kind, key: str) -> None:
        heappush(self._heap, (at, kind, key))

    def next_at(self) -> float | None:
        """The time of the first entry that still holds."""
        heap = self._heap
        while heap:
            at, kind, key = heap[0]
            due = self._due_at(kind, key)
            if due is not None and due <= at:
                return at
            heappop(heap)
            if due is not None:
                heappush(heap, (due, kind, key))
        return None

    def pop(self, now: float) -> tuple[Kind, str] | None:
        """The first entry due by `now`, removed."""
        at = self.next_at()
        if at is None or at > now:
            return None
        _, kind, key = heappop(self._heap)
        return kind, key
