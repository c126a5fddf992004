import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.processes import NotReady, descendants, free_port, running

# A parent with a child in another session, which a signal to the parent's group does not reach.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
print(child.pid, flush=True)
import http.server
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])),
                       http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_all_that_was_started_is_ended_in_other_sessions_too(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    command = [sys.executable, "-c", PARENT, str(port)]
    with running(command, log=log, ready=f"http://127.0.0.1:{port}/") as pid:
        child = int(log.read_text().split()[0])
        assert child in descendants(pid)
        assert is_alive(pid)
        assert is_alive(child)
    assert not is_alive(pid)
    assert not is_alive(child)


def test_a_server_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such model')"]
    ready = f"http://127.0.0.1:{free_port()}/"
    with (
        pytest.raises(NotReady, match="no such model"),
        running(command, log=tmp_path / "log", ready=ready),
    ):
        pass


def test_this_process_has_no_part_in_what_it_did_not_start() -> None:
    assert os.getpid() not in descendants(os.getpid())


BENCHMARK = """
import pathlib, sys, time
from benchmarks.processes import running, unwind_on_sigterm
unwind_on_sigterm()
server = [sys.executable, "-c", "import time; time.sleep(60)"]
with running(server, log=pathlib.Path(sys.argv[1])) as pid:
    print(pid, flush=True)
    time.sleep(60)
"""


def test_a_benchmark_that_is_told_to_end_ends_its_servers_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BENCHMARK, str(tmp_path / "log")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        assert is_alive(server)
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
    assert not is_alive(server)
