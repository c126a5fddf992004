"""What a benchmark starts, it ends: the process, its group, and each descendant by its own id."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class NotReady(RuntimeError):
    """A server that was started did not come up; the end of its log is in the message."""


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    ready: str = "",
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    patience_s: float = 120.0,
) -> Iterator[int]:
    """Runs a server in a group of its own, on one core if told; its id, once `ready` answers."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*pinned, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
            start_new_session=True,
        )
    try:
        if ready:
            _wait_until_ready(process, ready, log, patience_s)
        yield process.pid
    finally:
        end(process)


def unwind_on_sigterm() -> None:
    """Makes SIGTERM leave every `with` block on its way out, as Ctrl-C does."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def end(process: subprocess.Popen[bytes], grace_s: float = 15.0) -> None:
    """Ends a process politely, then by force, and all that descends from it."""
    family = descendants(process.pid)
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        family |= descendants(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid, born in family.items():
        if _runs(pid, born):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + grace_s + 5.0
    while time.monotonic() < deadline and any(_runs(*member) for member in family.items()):
        time.sleep(0.005)


def descendants(root: int) -> dict[int, str]:
    """The processes below `root` and in its session, each with its birth: ids are used again."""
    children: dict[int, list[int]] = {}
    family: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        fields = _stat(int(entry.name))
        if not fields:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        if int(fields[3]) == root and int(entry.name) != root:
            family[int(entry.name)] = fields[19]
    waiting = [*children.get(root, ()), *family]
    while waiting:
        pid = waiting.pop()
        family[pid] = _born(pid)
        waiting += [child for child in children.get(pid, ()) if child not in family]
    return family


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(
    process: subprocess.Popen[bytes], url: str, log: Path, patience_s: float
) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotReady(f"{process.args!r} ended with {process.returncode}:\n{_end_of(log)}")
        with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5) as r:
            if r.status == 200:
                return
        time.sleep(0.05)
    raise NotReady(f"{url!r} did not answer within {patience_s:g} s:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _born(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if fields else ""


def _runs(pid: int, born: str) -> bool:
    """Whether that very process is still there, and more than an entry that nobody has read."""
    fields = _stat(pid)
    return bool(fields) and fields[19] == born and fields[0] != "Z"


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: 1 parent, 3 session, 19 start time."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()
