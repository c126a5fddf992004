"""How many first tokens could come in time at most, for one who knows all arrivals?

A bound, not a schedule: every expert is resident, tokens after the first cost nothing, a prompt can
be broken off and resumed at no cost, and prompts are computed at the fastest pace that the machine
was ever seen to reach. What is left is one machine, work `p` for each prompt, and a window from its
arrival to its deadline. The work that fits is a flow from prompts to stretches of time; the vectors
of work that some schedule can do form a polymatroid (they are what a network can carry out of its
sources: Megiddo, "Optimal flows in networks with multiple sources and sinks", 1974), over which the
greedy order, shortest prompts first, makes the most of their count, parts of prompts counted as
parts. No schedule of whole prompts can have more.
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct


class Prompt(Struct, frozen=True):
    """Seconds: when it arrives, how long it has, and what it takes alone on the machine."""

    at_s: float
    window_s: float
    work_s: float


def most_in_time(prompts: Sequence[Prompt]) -> float:
    """The most prompts, parts counted as parts, whose work is done within their windows."""
    edges = sorted({p.at_s for p in prompts} | {p.at_s + p.window_s for p in prompts})
    stretches = [later - earlier for earlier, later in pairwise(edges)]
    first = {at: index for index, at in enumerate(edges)}
    machine = _Machine(stretches)
    total = 0.0
    for prompt in sorted(prompts, key=lambda p: (p.work_s, p.at_s)):
        window = range(first[prompt.at_s], first[prompt.at_s + prompt.window_s])
        if prompt.work_s <= 0:
            total += 1
            continue
        total += machine.take(prompt.work_s, window) / prompt.work_s
    return total


class _Machine:
    """Stretches of time and the work that was put into them, which may be moved about."""

    def __init__(self, stretches: Sequence[float]) -> None:
        self._free = list(stretches)
        self._windows: list[range] = []
        self._done: list[dict[int, float]] = []  # of each job: stretch -> work in it
        self._in: list[dict[int, None]] = [{} for _ in stretches]  # of each stretch: jobs in it

    def take(self, work_s: float, window: range) -> float:
        """Does as much of a job as there is room for; how much that is."""
        job = len(self._windows)
        self._windows.append(window)
        self._done.append({})
        left = work_s
        while left > 1e-12:
            path = self._path(job)
            if path is None:
                break
            amount = min(left, self._free[path[-1][1]])
            for index in range(1, len(path)):  # who moves on gives what it had in the one before
                amount = min(amount, self._done[path[index][0]][path[index - 1][1]])
            self._free[path[-1][1]] -= amount
            for index, (mover, stretch) in enumerate(path):
                self._put(mover, stretch, amount)
                if index:
                    self._put(mover, path[index - 1][1], -amount)
            left -= amount
        return work_s - left

    def _put(self, job: int, stretch: int, amount: float) -> None:
        done = self._done[job]
        work = done.get(stretch, 0.0) + amount
        if work > 1e-12:
            done[stretch] = work
            self._in[stretch][job] = None
        else:
            done.pop(stretch, None)
            self._in[stretch].pop(job, None)

    def _path(self, job: int) -> list[tuple[int, int]] | None:
        """Who moves where so that `job` gets some room: (job, stretch it gets), breadth first."""
        came: dict[int, tuple[int, int | None]] = {}  # stretch -> (who gets it, its stretch before)
        asked = {job}
        line: list[tuple[int, int | None]] = [(job, None)]
        for mover, gives in line:
            for stretch in self._windows[mover]:
                if stretch in came:
                    continue
                came[stretch] = (mover, gives)
                if self._free[stretch] > 1e-12:
                    return self._back(came, stretch)
                for other in self._in[stretch]:
                    if other not in asked:
                        asked.add(other)
                        line.append((other, stretch))
        return None

    @staticmethod
    def _back(came: dict[int, tuple[int, int | None]], stretch: int) -> list[tuple[int, int]]:
        path: list[tuple[int, int]] = []
        at: int | None = stretch
        while at is not None:
            mover, before = came[at]
            path.append((mover, at))
            at = before
        return path[::-1]
