"""`coterie up`, as its users run it: it says what is wrong, serves, and leaves nothing behind."""

import contextlib
import http.client
import json
import re
import socket
import urllib.request
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from coterie.cli.client import call
from coterie.testing.served import Served, served

Coterie = Callable[..., Any]

NODES = "nodes: [{name: local, devices: [{name: ram, hot: 1GiB}]}]\n"
ECHO = """
experts:
- {name: parrot, engine: echo, options: {token_s: 0.02}}
- {name: mynah, engine: echo}
limits: {shutdown: 60s}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path, ECHO)


def write(folder: Path, experts: str) -> Path:
    file = folder / "composition.yaml"
    file.write_text(NODES + experts)
    return file


@contextlib.contextmanager
def stream(url: str, tokens: int) -> Iterator[http.client.HTTPResponse]:
    """A stream of which the first token has come."""
    prompt = {"prompt": "a", "max_tokens": tokens, "ignore_eos": True}
    body = json.dumps({"model": "parrot", "stream": True, **prompt})
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", "/v1/completions", body)
        with connection.getresponse() as response:
            assert response.readline().startswith(b"data: ")
            yield response


def rest_of(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except http.client.IncompleteRead as cut:
        return cut.partial


def assert_gone(server: Served) -> None:
    """It ended as it should, and no process is left of it."""
    assert server.ended() == 0, server.said
    assert "Traceback" not in server.said
    assert server.said.endswith("stopped\n")
    assert server.family() == []


def test_it_greets_serves_and_ends_with_ctrl_c(
    coterie: Coterie, file: Path, tmp_path: Path
) -> None:
    with served(file, tmp_path / "state") as server:
        url = server.until_ready()
        assert f"\nready: {url}/v1\n  experts: parrot, mynah\n" in server.said
        assert "  memory:  local/ram 1GiB\n" in server.said
        (printed,) = re.findall(r"curl (\S+) -H '([^:]+): ([^']+)' \\\n +-d '(.+)'", server.said)
        address, field, value, body = printed
        request = urllib.request.Request(address, body.encode(), {field: value})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["choices"][0]["message"]["content"] == "Hello!"
        said = coterie("up", str(file), "--state", str(tmp_path / "state"), "--port", "0")
        assert (said.code, said.out) == (1, "")
        assert f"another coterie (process {server.pid}) serves from" in said.err
        server.interrupt()
        assert_gone(server)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url + "/healthz", timeout=20)


def test_sigterm_lets_running_requests_end(file: Path, tmp_path: Path) -> None:
    with served(file, tmp_path / "state", "--policy", "lru") as server:
        with stream(server.until_ready(), tokens=25) as response:
            server.terminate()
            assert rest_of(response).endswith(b"data: [DONE]\n\n")
        assert_gone(server)
    (journal,) = (tmp_path / "state" / "journal").iterdir()
    assert '"policy":"lru"' in journal.read_text()


def test_a_second_ctrl_c_stops_at_once(file: Path, tmp_path: Path) -> None:
    with served(file, tmp_path / "state") as server:
        with stream(server.until_ready(), tokens=1_000_000) as response:
            server.interrupt()
            server.until(lambda: "stopping: " in server.said, "says that it stops")
            assert response.readline() == b"\n"
            assert response.readline().startswith(b"data: ")  # the stream goes on …
            server.interrupt()
            assert rest_of(response).count(b"data: ") < 1000  # … and is cut off
        assert_gone(server)


def test_it_can_be_stopped_while_it_loads(tmp_path: Path) -> None:
    experts = "experts: [{name: snail, engine: echo, options: {load_s: 600}}]\n"
    with served(write(tmp_path, experts), tmp_path / "state") as server:
        assert call(server.url, "/admin/experts")["experts"][0]["phase"] == "loading"
        server.interrupt()
        assert_gone(server)
    assert "ready: " not in server.said


def test_an_address_of_ipv6_and_a_key_are_printed_as_they_are_used(
    coterie: Coterie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    key = sha256(b"a key").hexdigest()
    file = write(tmp_path, f"{ECHO}keys: [{{name: me, sha256: {key}}}]\n")
    with served(file, tmp_path / "state", "--host", "::1") as server:
        url = server.until_ready()
        assert re.fullmatch(r"http://\[::1\]:\d+", url)
        assert f'curl {url}/v1/chat/completions -H "authorization: Bearer $COTERIE' in server.said
        assert call(url, "/healthz") == {"status": "alive"}
        monkeypatch.setenv("COTERIE_API_KEY", "a key")
        assert coterie("status", "--url", url).code == 0
        server.interrupt()
        assert_gone(server)


def test_a_taken_port_is_told_and_nothing_is_started(
    coterie: Coterie, file: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = coterie("up", str(file), "--state", str(tmp_path / "state"), "--port", port)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"coterie: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "name another address with --port or --host\n"
    )
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["lock"]


def test_what_check_finds_is_told_in_the_same_lines(coterie: Coterie, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
experts:
- {name: a, engine: echo, options: {hot: 2GiB}}
- {name: b, weights: file://gone.gguf}
- {name: c, engine: echo, options: {lode_s: 1}}
""",
    )
    checked = coterie("check", str(file))
    said = coterie("up", str(file), "--state", str(tmp_path / "state"))
    assert (checked.code, said.code, said.out) == (1, 1, "")
    assert said.err.splitlines() == [f"coterie: {line}" for line in checked.out.splitlines()]
    assert len(said.err.splitlines()) == 3
    assert not (tmp_path / "state").exists()


def test_wrong_words_are_refused(coterie: Coterie, file: Path, tmp_path: Path) -> None:
    said = coterie("up", str(tmp_path / "gone.yaml"))
    assert said.code == 1
    assert (
        said.err
        == f"coterie: {tmp_path / 'gone.yaml'}: cannot be read: No such file or directory\n"
    )
    said = coterie("up", str(file), "--policy", "best")
    assert (said.code, said.err) == (1, "coterie: --policy: no policy 'best'; known: cost, lru\n")
    assert coterie("up", str(file), "--port", "65536").code == 2
