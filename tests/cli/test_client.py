"""Commands reach a running server, and say plainly what is wrong when they cannot."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from coterie.cli.client import call, lines
from coterie.errors import ServerRefused, ServerUnreachable

ECHO = "experts: [{name: parrot, engine: echo}]\n"
KEYS = f"keys: [{{name: me, sha256: {sha256(b'a key').hexdigest()}}}]\n"
ENDLESS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(ECHO)


@pytest.fixture(scope="module")
def locked_url(serve: Callable[[str], str]) -> str:
    return serve(ECHO + KEYS)


@contextlib.contextmanager
def answering(answer: bytes, until: threading.Event | None = None) -> Iterator[str]:
    """A server that answers one request with these bytes, and hangs up (once `until` is set)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_one() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
                if until is not None:
                    until.wait(10.0)

        thread = threading.Thread(target=answer_one)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        if until is not None:
            until.set()
        thread.join(10.0)


def test_an_answer_comes_decoded(url: str) -> None:
    (expert,) = call(url, "/admin/experts")["experts"]
    assert expert["name"] == "parrot"


@pytest.mark.parametrize("suffix", ["/", "/v1", "/v1/"])
def test_the_url_that_clients_are_given_means_the_same_server(url: str, suffix: str) -> None:
    assert call(url + suffix, "/healthz") == {"status": "alive"}


def test_no_proxy_stands_between(url: str, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert call(url, "/healthz") == {"status": "alive"}


def test_the_key_is_taken_from_the_environment(
    locked_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServerRefused, match="no API key"):
        call(locked_url, "/admin/experts")
    monkeypatch.setenv("COTERIE_API_KEY", "a key")
    assert call(locked_url, "/admin/experts")["experts"]
    monkeypatch.setenv("COTERIE_API_KEY", "another")
    with pytest.raises(ServerRefused, match="not one of the composition's"):
        call(locked_url, "/admin/experts")


def test_where_nobody_listens_it_is_said_what_to_do(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    with pytest.raises(ServerUnreachable, match=f"no answer from {url}: Connection refused; is"):
        call(url, "/admin/experts")


@pytest.mark.parametrize("url", ["localhost:8080", "", "ftp://127.0.0.1", "http://", "http://x:y"])
def test_what_is_no_url_is_told_so(url: str) -> None:
    with pytest.raises(ServerUnreachable, match=r"no answer from .*--url"):
        call(url, "/admin/experts")


def test_a_refusal_comes_in_the_servers_words(url: str) -> None:
    with pytest.raises(ServerRefused, match="no expert 'gull': the composition has 'parrot'"):
        call(url, "/admin/experts/gull/load", "POST")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", "not JSON: is it a Coterie"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno", "answered 502 Bad Gateway"),
        (b'HTTP/1.1 404 No\r\ncontent-length: 15\r\n\r\n{"detail":"no"}', "answered 404 No"),
    ],
)
def test_another_kind_of_server_is_recognised(answer: bytes, told: str) -> None:
    with answering(answer) as url, pytest.raises(ServerRefused, match=told):
        call(url, "/admin/experts")


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"]
)
def test_what_is_no_whole_answer_is_none(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(ServerUnreachable, match="no answer from"):
        call(url, "/admin/experts")


def test_lines_come_one_by_one_and_end_in_time() -> None:
    done = threading.Event()
    answer = ENDLESS + b'5\r\n{"a"}\r\n8\r\n\n{"b"}\n{\r\n'
    with answering(answer, until=done) as url:
        assert list(lines(url, "/admin/events", seconds=0.2)) == [b'{"a"}', b'{"b"}']
        assert not done.is_set()


def test_lines_end_with_the_answer() -> None:
    with answering(ENDLESS + b"4\r\n{}\n\n\r\n0\r\n\r\n") as url:
        assert list(lines(url, "/admin/events")) == [b"{}", b""]


def test_a_server_that_breaks_off_is_no_end() -> None:
    got: list[bytes] = []
    with (
        answering(ENDLESS + b"3\r\n{}\n\r\n") as url,
        pytest.raises(ServerUnreachable, match="it broke off"),
    ):
        got.extend(lines(url, "/admin/events"))
    assert got == [b"{}"]
