"""How processes end, in words; and when they are gone."""

import asyncio
import os
import subprocess
import sys

import pytest

from coterie.engines.llamacpp.processes import gone, is_running, outcome


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "was killed by SIGKILL (9)"),
        (-11, "was killed by SIGSEGV (11)"),
        (-99, "was killed by an unknown signal (99)"),
    ],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert outcome(code) == words


def start_waiting() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


async def test_a_process_is_gone_though_its_parent_has_not_noticed() -> None:
    process = start_waiting()
    assert is_running(process.pid)
    process.kill()
    async with asyncio.timeout(10):
        await gone(process.pid)
    assert not is_running(process.pid)
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def test_this_process_runs_and_one_that_never_was_does_not() -> None:
    assert is_running(os.getpid())
    assert not is_running(2**22 + 1)
