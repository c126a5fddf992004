"""What becomes of processes: how one ended, in words, and when one is gone for good."""

import asyncio
import os
import signal
from pathlib import Path

_POLL_S = 0.005


def outcome(code: int) -> str:
    """An exit code (negative: the signal's number) in words."""
    if code >= 0:
        return f"exited with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "an unknown signal"
    return f"was killed by {name} ({-code})"


async def gone(pid: int) -> None:
    """Returns when no thread of a process that is not our child runs any more, and so its memory is
    free.
    """
    while is_running(pid):  # noqa: ASYNC110 - the kernel tells only a parent
        await asyncio.sleep(_POLL_S)


def is_running(pid: int) -> bool:
    """False for a process that does not exist, or is only waiting for its parent to take note of
    its end.
    """
    try:
        if not Path("/proc").is_dir():
            os.kill(pid, 0)
            return True
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X") or len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False
