"""The line protocol to a worker program, spoken with programs that do as they are told."""

import asyncio
from pathlib import Path

import pytest

from coterie.engines.llamacpp.template import Host, environment
from coterie.errors import LoadError
from coterie.testing.engine_contract import is_running

TEMPLATE = """
import json, os, signal, sys
def say(**message): os.write(1, json.dumps(message).encode() + b"\\n")
say(template=os.getpid(), threads=1)
for line in sys.stdin:
    request = json.loads(line)
    if "kill" in request:
        os.kill(request["kill"], signal.SIGKILL)
        pid, status = os.waitpid(request["kill"], 0)
        say(exited=pid, status=status)
        continue
    pid = os.fork()
    if not pid:
        signal.pause()
    say(started=request["launch"], pid=pid)
    match request["do"]:
        case "ready":
            say(ready=request["launch"], address="http://x")
        case "fail":
            say(failed=request["launch"], reason="no luck")
            os.kill(pid, signal.SIGTERM)
            say(exited=pid, status=os.waitpid(pid, 0)[1])
        case "die":
            os.kill(pid, signal.SIGKILL)
            os.abort()
"""
SINGLE = """
import json, os, sys
request = json.loads(sys.stdin.readline())
os.write(1, json.dumps({"started": request["launch"], "pid": os.getpid()}).encode() + b"\\n")
if request["do"] == "exit":
    sys.exit(3)
sys.stdin.read()
"""


async def open_host(tmp_path: Path, text: str, single: bool = False) -> Host:
    program = tmp_path / "program.py"
    program.write_text(text)
    return await Host.open(tmp_path / "logs" / "host.log", single, program)


async def test_a_worker_is_ready_and_ends_when_it_is_told(tmp_path: Path) -> None:
    host = await open_host(tmp_path, TEMPLATE)
    worker = host.launch({"do": "ready"})
    assert await worker.ready == "http://x"
    assert worker.pids == (worker.pid, host.pid)
    assert is_running(worker.pids)
    await worker.end()
    assert worker.exited.result() == "was killed by SIGKILL (9)"
    assert not is_running((worker.pid,))
    await worker.end()
    await host.close()
    assert not is_running((host.pid,))


async def test_a_worker_that_fails_says_why(tmp_path: Path) -> None:
    host = await open_host(tmp_path, TEMPLATE)
    worker = host.launch({"do": "fail"})
    assert await worker.exited == "was killed by SIGTERM (15)"
    assert worker.reason == "no luck"
    assert not worker.ready.done()
    await host.close()


async def test_a_worker_may_be_ended_before_it_has_a_pid(tmp_path: Path) -> None:
    host = await open_host(tmp_path, TEMPLATE)
    worker = host.launch({"do": "nothing"})
    assert not worker.pid
    await worker.end()
    assert not is_running((worker.pid,))
    await host.close()


async def test_ending_is_not_left_half_done_by_a_cancellation(tmp_path: Path) -> None:
    host = await open_host(tmp_path, TEMPLATE)
    worker = host.launch({"do": "ready"})
    await worker.ready
    ending = asyncio.create_task(worker.end())
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.wait({ending})
    assert worker.exited.done()
    await host.close()


async def test_when_the_template_dies_its_workers_are_lost(tmp_path: Path) -> None:
    host = await open_host(tmp_path, TEMPLATE)
    worker = host.launch({"do": "die"})
    assert await worker.exited == "ended with its template, which was killed by SIGABRT (6)"
    assert not host.alive
    await host.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise SystemExit", "it ended at once"),
        ("""print('{"template": 1, "threads": 2}', flush=True)""", "has 2 threads"),
        ("""print('{"unusable": "nothing to import"}', flush=True)""", "nothing to import"),
    ],
)
async def test_a_template_that_cannot_fork_is_not_opened(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(LoadError, match=reason):
        await open_host(tmp_path, text)


async def test_a_single_worker_is_its_own_host(tmp_path: Path) -> None:
    host = await open_host(tmp_path, SINGLE, single=True)
    worker = host.launch({"do": "stay"})
    await worker.end()
    assert worker.exited.result() == "was killed by SIGKILL (9)"
    assert worker.pids == (host.pid,)


async def test_a_single_worker_that_exits_is_gone(tmp_path: Path) -> None:
    host = await open_host(tmp_path, SINGLE, single=True)
    assert await host.launch({"do": "exit"}).exited == "exited with status 3"
    assert not host.alive


def test_openmp_threads_spin_little_unless_told_otherwise() -> None:
    assert environment({"A": "1"}) == {"A": "1", "GGML_NO_BACKTRACE": "1", "GOMP_SPINCOUNT": "200"}
    assert environment({"GOMP_SPINCOUNT": "9"})["GOMP_SPINCOUNT"] == "9"
    assert "GOMP_SPINCOUNT" not in environment({"OMP_WAIT_POLICY": "active"})
