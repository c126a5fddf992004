"""Something that jobs share as a fluid: the cores of a machine, or the bytes a second of a link.

Work is in core-seconds (or bytes). A process has jobs that run at the same time (a prompt, tokens,
a load) and is given cores as a fair scheduler gives them: as many as its widest job can use, or an
equal share of what is left (max-min fairness); its jobs share them equally, but for work that they
have in common. Where some of its jobs are urgent, the others stand still: an engine computes in
batches, of which one holds a prompt, and of each answer beside it no more than a token.

Jobs that get on at the same pace stand in one lane, in the order in which they will end: so what
passes costs as much as there are lanes, however many jobs there are.
"""

from heapq import heappop, heappush
from math import inf

DONE = 1e-9  # core-seconds that are as good as none


class _Lane:
    """Jobs of a process that are as wide, as urgent, and have as much of their work in common.

    `passed` is the work that each job has got since the lane was opened.
    """

    __slots__ = ("common", "count", "heap", "is_urgent", "pace", "passed", "process", "widest")

    def __init__(self, process: "_Process", widest: float, common: float, is_urgent: bool) -> None:
        self.process = process
        self.widest = widest
        self.common = common
        self.is_urgent = is_urgent
        self.passed = 0.0
        self.pace = 0.0
        self.count = 0
        self.heap: list[tuple[float, int, str]] = []
        """How far to its end, number, job: those that were removed too, but for the first."""


class _Process:
    """Its lanes, those of them that get on, how wide these are at most, and the cores it has."""

    __slots__ = ("cores", "lanes", "name", "running", "widest")

    def __init__(self, name: str) -> None:
        self.name = name
        self.cores = 0.0
        self.widest = 0.0
        self.lanes: list[_Lane] = []
        self.running: list[_Lane] = []

    def choose(self) -> None:
        """Says which lanes get on, after one has come or gone."""
        self.running = self.lanes
        if len(self.lanes) > 1:
            self.running = [lane for lane in self.lanes if lane.is_urgent] or self.lanes
        self.widest = 0.0
        for lane in self.running:
            self.widest = max(self.widest, lane.widest)
        for lane in self.lanes:
            lane.pace = 0.0

    def pace(self) -> None:
        """Gives its cores to its jobs."""
        if len(self.running) == 1:
            lane = self.running[0]
            each = self.cores / (lane.common + (1.0 - lane.common) * lane.count)
            lane.pace = each if each < lane.widest else lane.widest
            return
        load = 0.0  # how many jobs without anything in common would be as much work
        for lane in self.running:
            load += lane.common + (1.0 - lane.common) * lane.count
        each = self.cores / load
        for lane in self.running:
            lane.pace = each if each < lane.widest else lane.widest


class Machine:
    """Time is told by the caller, and never runs backwards."""

    def __init__(self, cores: float) -> None:
        assert cores > 0, cores
        self._cores = cores
        self._now = 0.0
        self._number = 0
        self._processes: dict[str, _Process] = {}
        self._lanes: dict[_Key, _Lane] = {}
        self._jobs: dict[str, tuple[_Lane, int]] = {}
        self._changed: dict[str, None] = {}  # processes whose jobs are not the same any more
        self._is_shared = True  # are cores given to processes as they now are?
        self._used = 0.0
        self._busy = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, name: str) -> bool:
        return name in self._jobs

    def add(
        self,
        name: str,
        process: str,
        work: float,
        widest: float,
        now: float,
        common: float = 0.0,
        is_urgent: bool = False,
    ) -> None:
        """Begins a job of so much work; `common`: the share of it that all such jobs of its process
        have in common; `is_urgent`: jobs of its process that are not wait for it.
        """
        assert name not in self._jobs, f"job {name!r} runs already"
        self._pass(now)
        key = process, widest, common, is_urgent
        lane = self._lanes.get(key) or self._lane(key)
        self._number += 1
        lane.count += 1
        heappush(lane.heap, (lane.passed + max(work, DONE), self._number, name))
        self._jobs[name] = (lane, self._number)
        self._changed[process] = None

    def remove(self, name: str, now: float) -> None:
        """Ends a job, done or not."""
        found = self._jobs.pop(name, None)
        if found is None:
            return
        self._pass(now)
        lane = found[0]
        process = lane.process
        lane.count -= 1
        self._changed[process.name] = None
        if lane.count:
            self._tidy(lane)
        else:
            self._is_shared = False
            del self._lanes[process.name, lane.widest, lane.common, lane.is_urgent]
            process.lanes.remove(lane)
            if process.lanes:
                process.choose()
            else:
                del self._processes[process.name]
                del self._changed[process.name]

    def resize(self, cores: float, now: float) -> None:
        """From now on it has so many cores."""
        assert cores > 0, cores
        self._pass(now)
        self._cores = cores
        self._is_shared = False

    def busy_until(self, now: float) -> float:
        """Core-seconds that were used so far."""
        self._pass(now)
        return self._busy

    def next_end(self) -> tuple[float, str] | None:
        """When the first job will end if nothing changes, and which; None: there is none."""
        if self._changed or not self._is_shared:
            self._share()
        soonest, first = inf, ""
        for lane in self._lanes.values():
            if lane.pace:
                end, _, name = lane.heap[0]
                seconds = (end - lane.passed) / lane.pace
                if seconds < soonest:
                    soonest, first = seconds, name
        return (self._now + max(0.0, soonest), first) if first else None

    def _tidy(self, lane: _Lane) -> None:
        """Takes jobs that were removed from the head of a lane."""
        heap = lane.heap
        while True:
            _, number, name = heap[0]
            found = self._jobs.get(name)
            if found is not None and found[1] == number:
                return
            heappop(heap)

    def _lane(self, key: "_Key") -> _Lane:
        name, widest, common, is_urgent = key
        process = self._processes.get(name)
        if process is None:
            process = self._processes[name] = _Process(name)
        lane = self._lanes[key] = _Lane(process, widest, common, is_urgent)
        process.lanes.append(lane)
        process.choose()
        self._is_shared = False
        return lane

    def _pass(self, now: float) -> None:
        seconds = now - self._now
        if seconds <= 0.0:
            return
        if self._changed or not self._is_shared:
            self._share()
        for lane in self._lanes.values():
            lane.passed += lane.pace * seconds
        self._busy += self._used * seconds
        self._now = now

    def _share(self) -> None:
        """Gives cores to processes, and theirs to their jobs, where anything has changed."""
        if not self._is_shared:
            self._is_shared = True
            self._used = _give(self._cores, self._processes)
            for process in self._processes.values():
                process.pace()
        else:
            for name in self._changed:
                self._processes[name].pace()
        self._changed.clear()


def _give(cores: float, processes: dict[str, _Process]) -> float:
    """Max-min fair shares: nobody gets more than it can use, and the rest is shared alike. How
    many are used.
    """
    if not processes:
        return 0.0
    left, rest = cores, len(processes)
    share = cores / rest
    for process in processes.values():
        if process.widest < share:
            break
        process.cores = share
    else:
        return cores  # as mostly: all can use their share
    for process in sorted(processes.values(), key=lambda process: process.widest):
        process.cores = min(process.widest, left / rest)
        left -= process.cores
        rest -= 1
    return cores - left


_Key = tuple[str, float, float, bool]
"""Of a lane: its process, width, work in common, and whether it is urgent."""
