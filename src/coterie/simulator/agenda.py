"""What happens next: events that are due, and the ends of jobs on machines, in order of time."""

from heapq import heappop, heappush
from math import inf

from msgspec import Struct

from coterie.scheduler import Event
from coterie.simulator.faults import Planned
from coterie.simulator.machine import Machine


class End(Struct, frozen=True):
    """A job on a machine is done."""

    machine: str
    job: str


class Change(Struct, frozen=True):
    """A planned fault begins, or is over."""

    fault: Planned
    begins: bool


Due = Event | End | Change


class Agenda:
    """Machines are asked anew for the end of their first job once they have changed. At one moment
    ends come before events, and events in the order in which they were put in.
    """

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self._heap: list[tuple[float, int, int, Due]] = []
        self._count = 0
        self._versions: dict[str, int] = {}
        self._changed: dict[str, None] = {}

    def push(self, at: float, due: Event | Change) -> None:
        self._count += 1
        heappush(self._heap, (at, 1, self._count, due))

    def add(
        self, machine: str, job: str, process: str, work: float, now: float, *,
        widest: float = 1.0, common: float = 0.0, is_urgent: bool = False,
    ) -> None:  # fmt: skip
        """Begins a job; see `Machine.add`."""
        self.machines[machine].add(job, process, work, widest, now, common, is_urgent)
        self._changed[machine] = None

    def remove(self, machine: str, job: str, now: float) -> None:
        """Ends a job, done or not."""
        self.machines[machine].remove(job, now)
        self._changed[machine] = None

    def resize(self, machine: str, cores: float, now: float) -> None:
        self.machines[machine].resize(cores, now)
        self._changed[machine] = None

    def next_at(self) -> float:
        """Infinity: nothing will ever happen."""
        if self._changed:
            self._look()
        heap = self._heap
        while heap:
            at, rank, version, due = heap[0]
            if rank or self._versions[due.machine] == version:  # type: ignore[union-attr]
                return at
            heappop(heap)
        return inf

    def pop(self) -> Due:
        """The next that is due; `next_at` was asked since anything changed."""
        return heappop(self._heap)[3]

    def _look(self) -> None:
        for name in self._changed:
            self._count += 1
            self._versions[name] = self._count
            end = self.machines[name].next_end()
            if end is not None:
                heappush(self._heap, (end[0], 0, self._count, End(name, end[1])))
        self._changed.clear()
