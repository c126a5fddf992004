"""Weights on their way to devices: from disk to host memory, and from there over a node's links.

Bytes that come from disk pass the link as they come: a load is done when both are. Whoever wants
what is being read waits for the same reading.
"""

from collections import OrderedDict
from collections.abc import Mapping

from coterie.hardware import Figures
from coterie.simulator.agenda import Agenda
from coterie.simulator.machine import Machine
from coterie.simulator.setup import FREE, Place


class Store:
    """One node's. Jobs are named by the caller; each of them has one or two ways to go."""

    def __init__(self, place: Place, agenda: Agenda) -> None:
        self._place = place
        self._agenda = agenda
        self._ways = {"disk": f"{place.node} disk", "link": f"{place.node} link"}
        self._speeds = {"disk": place.disk, "link": place.link}
        self._kept: OrderedDict[str, int] = OrderedDict()  # by digest, the longest unused first
        self._held = 0  # bytes of these
        self._has_all = False
        self._open: dict[str, int] = {}  # job -> ways it still goes
        self._reading: dict[str, dict[str, None]] = {}  # digest -> jobs that wait for it
        self.ways = tuple(self._ways.values())
        """Its machines, as the agenda has them."""
        self.moved_bytes = 0
        self.read_bytes = 0
        for way, speed in self._speeds.items():
            if speed != FREE:
                agenda.machines[self._ways[way]] = Machine(speed)

    def warm(self, figures: Mapping[str, Figures]) -> None:
        """Fills host memory, in that order, until one does not fit."""
        if not self._place.is_warm:
            return
        room = self._place.host_bytes
        self._has_all = not room
        for one in figures.values() if room else ():
            if one.load_bytes:
                if self._held + one.load_bytes > room:
                    return
                self._keep(_digest(one), one.load_bytes)

    def load(
        self, job: str, figures: Figures, now: float, device: str = "", lane: float = FREE
    ) -> bool:
        """Begins to move an expert's weights to a device, whose own links carry `lane` bytes a
        second. False: there is nothing to wait for.
        """
        is_read, size = self._read(job, figures, now), figures.load_bytes
        if not size or self._speeds["link"] == FREE:
            return is_read
        self.moved_bytes += size
        self._open[job] = self._open.get(job, 0) + 1
        self._agenda.add(self._ways["link"], job, device or job, size, now, widest=lane)
        return True

    def stage(self, job: str, figures: Figures, now: float) -> tuple[bool, int]:
        """Begins to read weights into host memory: is there anything to wait for, and how many
        bytes are read.
        """
        before = self.read_bytes
        return self._read(job, figures, now), self.read_bytes - before

    def ended(self, machine: str, name: str, now: float) -> list[str]:
        """Something has come to the end of its way: the jobs for which it was the last."""
        self._agenda.remove(machine, name, now)
        over = []
        for job in self._reading.pop(name) if machine == self._ways["disk"] else (name,):
            self._open[job] -= 1
            if not self._open[job]:
                del self._open[job]
                over.append(job)
        return over

    def drop(self, job: str, now: float) -> None:
        """Nobody waits for it any more. What nobody else reads is not read to its end."""
        if not self._open.pop(job, 0):
            return
        if self._speeds["link"] != FREE:
            self._agenda.remove(self._ways["link"], job, now)
        for digest, jobs in list(self._reading.items()):
            if jobs.pop(job, job) is None and not jobs:
                del self._reading[digest]
                self._agenda.remove(self._ways["disk"], digest, now)
                self._held -= self._kept.pop(digest, 0)

    def slow(self, way: str, factor: float, now: float) -> None:
        """`disk` or `link` has so much of its speed from now on."""
        if self._speeds[way] != FREE:
            self._agenda.resize(self._ways[way], self._speeds[way] * factor, now)

    def forget(self) -> None:
        """The machine is started anew: nothing is in its memory."""
        self._kept.clear()
        self._held = 0
        self._has_all = False

    def _keep(self, digest: str, size_bytes: int) -> None:
        if digest in self._kept:
            return
        self._kept[digest] = size_bytes
        self._held += size_bytes
        room = self._place.host_bytes
        while room and self._held > room:
            _, gone = self._kept.popitem(last=False)
            self._held -= gone

    def _read(self, job: str, figures: Figures, now: float) -> bool:
        size, digest = figures.load_bytes, _digest(figures)
        if not size or self._has_all:
            return False
        if digest in self._reading:
            self._reading[digest][job] = None
            self._open[job] = self._open.get(job, 0) + 1
            return True
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return False
        if not self._place.host_bytes or size <= self._place.host_bytes:
            self._keep(digest, size)
        self.read_bytes += size
        if self._speeds["disk"] == FREE:
            return False
        self._reading[digest] = {job: None}
        self._open[job] = self._open.get(job, 0) + 1
        self._agenda.add(self._ways["disk"], digest, digest, size, now, widest=FREE)
        return True


def _digest(figures: Figures) -> str:
    return figures.parts[0].digest if figures.parts else ""
