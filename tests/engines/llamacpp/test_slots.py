"""Saving and restoring slots, beside a worker that does not do as it is asked. (With one that does:
`test_engine`.)
"""

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from coterie.engines.llamacpp import slots

ANSWERS = {
    "few": (200, b'{"n_saved": 3, "n_restored": 3}'),
    "fails": (500, b'{"error": "no space left"}'),
    "no JSON": (200, b"<html>"),
    "no numbers": (200, b'{"n_saved": null, "n_restored": null}'),
    "a list": (200, b"[1]"),
    "breaks off": (0, b""),
}


class Server(HTTPServer):
    answer = (200, b"")
    paths: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        status, body = self.server.answer
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        made.paths = []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def worker() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


@pytest.mark.skipif(not slots.CAN_SAVE, reason="files of another process cannot be limited here")
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_not_saved_well_is_not_there(
    server: Server, worker: int, answer: str, tmp_path: Path
) -> None:
    server.answer = ANSWERS[answer]
    (tmp_path / "0.kv").write_bytes(b"half of it")
    address = f"http://127.0.0.1:{server.server_port}"
    slots.save(address, {}, str(tmp_path), 2, 1000, worker)
    assert server.paths == ["/slots/0?action=save", "/slots/1?action=save"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_only_what_was_saved_is_asked_for(server: Server, answer: str, tmp_path: Path) -> None:
    server.answer = ANSWERS[answer]
    (tmp_path / "1.kv").write_bytes(b"x")
    address = f"http://127.0.0.1:{server.server_port}"
    assert slots.restore(address, {}, str(tmp_path), 2) == (3 if answer == "few" else 0)
    assert server.paths == ["/slots/1?action=restore"]


def test_a_worker_that_is_gone_has_nothing_to_give(tmp_path: Path) -> None:
    (tmp_path / "0.kv").write_bytes(b"x")
    assert slots.restore("http://127.0.0.1:1", {}, str(tmp_path), 1) == 0
