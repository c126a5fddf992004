"""The processes that this node has started, on disk, so that a later life of it can end those that
outlived it.

A record names a process by pid, start time and boot: a number that the system has given to another
since is left alone.
"""

import asyncio
import contextlib
import hashlib
import os
import signal
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.errors import EngineError

_POLL_S = 0.01
_PATIENCE_S = 10.0


class Process(Struct, frozen=True):
    """A process, for as long as the system runs: `start` in the kernel's ticks since boot."""

    pid: int
    start: int


class Record(Struct, frozen=True):
    """The processes of one instance, and the process that answers for them."""

    boot: str
    owner: Process
    replica: str
    generation: int
    processes: tuple[Process, ...]


class Records:
    """One file for each instance, in one folder. Writing replaces; removing what is absent is no
    error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boot = _boot()
        self._owner = Process(os.getpid(), _start(os.getpid()) or 0)

    def write(self, replica: str, generation: int, pids: tuple[int, ...]) -> None:
        """Records an instance; one without processes of its own leaves no record."""
        processes = tuple(Process(pid, start) for pid in pids if (start := _start(pid)) is not None)
        if not processes:
            return
        record = Record(self._boot, self._owner, replica, generation, processes)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(replica)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(record))
        fresh.replace(path)

    def remove(self, replica: str) -> None:
        self._path(replica).unlink(missing_ok=True)

    async def reap(self) -> tuple[str, ...]:
        """Kills what earlier lives left running, waits until it is gone; returns the replicas it
        belonged to.

        Raises EngineError if the folder belongs to a process that still runs, or if something will
        not die.
        """
        found = self._read()
        for record in found.values():
            other = record.owner
            if other.pid != os.getpid() and record.boot == self._boot and _runs(other):
                raise EngineError(
                    f"the state in {str(self._folder.parent)!r} belongs to process {other.pid}, "
                    "which still runs: stop it, or use another state directory"
                )
        stale = [
            process
            for record in found.values()
            if record.boot == self._boot
            for process in record.processes
        ]
        orphans = [process for process in dict.fromkeys(stale) if _runs(process)]
        for process in orphans:
            _kill(process.pid)
        await _all_gone(orphans)
        for path in found:
            path.unlink(missing_ok=True)
        killed = [
            record.replica for record in found.values() if set(record.processes) & set(orphans)
        ]
        return tuple(sorted(killed))

    def _read(self) -> dict[Path, Record]:
        found: dict[Path, Record] = {}
        for path in sorted(self._folder.glob("*.json")):
            try:
                found[path] = msgspec.json.decode(path.read_bytes(), type=Record)
            except (OSError, msgspec.DecodeError):
                path.unlink(missing_ok=True)  # torn by the crash: its worker dies with its parent
        return found

    def _path(self, replica: str) -> Path:
        return self._folder / f"{hashlib.sha256(replica.encode()).hexdigest()[:24]}.json"


async def _all_gone(processes: list[Process]) -> None:
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while left := [process.pid for process in processes if _runs(process)]:
        if asyncio.get_running_loop().time() > deadline:
            raise EngineError(
                f"processes {left} of an earlier run do not end although they were killed: "
                "end them by hand"
            )
        await asyncio.sleep(_POLL_S)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _runs(process: Process) -> bool:
    return _start(process.pid) == process.start


def _start(pid: int) -> int | None:
    """When a process started; None if it does not run (any more), or only waits for its parent to
    notice its end.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
