"""`coterie up` as its users run it: a process in a session of its own, of which nothing is left.

Linux only: who belongs to the session is read from /proc.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import coterie

PATIENCE_S = 60.0
_POLL_S = 0.01
_PROGRAM = """
import ctypes, signal
PR_SET_PDEATHSIG = 1  # however the test run ends, the kernel ends the server with it
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
from coterie.cli import main
main()
"""
_LISTENING = re.compile(r"^listening on (\S+)$", re.MULTILINE)

Answer = TypeVar("Answer")


class Served:
    """A server that was started. Signals go to it alone, but an interrupt to its whole group, as a
    terminal sends it.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def url(self) -> str:
        """Where it listens, as soon as it does."""
        found: list[str] = self.until(lambda: _LISTENING.findall(self.said), "listens")
        return found[0]

    def until_ready(self) -> str:
        """Its URL, once an expert has generated."""
        self.until(lambda: "ready: " in self.said, "is ready")
        return self.url

    def interrupt(self) -> None:
        os.killpg(self.pid, signal.SIGINT)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def ended(self) -> int:
        """Its exit status, once it has one. Raises TimeoutExpired."""
        return self._process.wait(PATIENCE_S)

    def family(self) -> list[int]:
        """The processes of its session that run, without itself: templates, workers, …"""
        return [pid for pid in session(self.pid) if pid != self.pid]

    def until(self, question: Callable[[], Answer], what: str) -> Answer:
        """The first answer that is true. AssertionError if the server ends before it `what`."""

        def asked() -> Answer:
            status = self._process.poll()
            answer = question()
            assert answer or status is None, f"ended ({status}) before it {what}:\n{self.said}"
            return answer

        return until(asked, lambda: f"it {what}, which said:\n{self.said}")


def until(
    question: Callable[[], Answer], what: Callable[[], str], patience_s: float = PATIENCE_S
) -> Answer:
    """Asks until the answer is true, and returns it. AssertionError if that takes too long."""
    end = time.monotonic() + patience_s
    while not (answer := question()):
        assert time.monotonic() < end, f"waited {patience_s:g} s in vain until {what()}"
        time.sleep(_POLL_S)
    return answer


@contextlib.contextmanager
def served(
    file: Path, state: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """`coterie up FILE --state STATE`, on a free port unless `options` name one.

    On leaving, whatever still runs of it is killed.
    """
    state.parent.mkdir(parents=True, exist_ok=True)
    log = state.with_suffix(f".{time.monotonic_ns()}.log")
    sources = str(Path(coterie.__file__).parents[1])
    path = os.pathsep.join(filter(None, (sources, os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-c", _PROGRAM, "up", str(file), "--state", str(state)]
    port = [] if "--port" in options else ["--port", "0"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *port, *options],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            start_new_session=True,
        )
    try:
        yield Served(process, log)
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kills a process that leads a session, and all that belongs to the session."""

    def none_left() -> bool:
        left = session(process.pid)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        return not left

    until(none_left, lambda: f"the session of {process.pid} has ended", patience_s=10.0)
    process.wait(1.0)


def session(leader: int) -> list[int]:
    """The processes of a session that really run (a zombie does not), by their ids."""
    members = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] not in ("Z", "X"):
                    members.append(int(folder.name))
    return sorted(members)
