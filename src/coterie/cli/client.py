"""A running server's admin API, for commands: one connection, one request, one answer.

The connection is direct, whatever proxy the environment names: the server is most often on this
very machine.
"""

import contextlib
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from coterie.errors import ServerRefused, ServerUnreachable

Url = Annotated[
    str,
    typer.Option(help="The running server.", envvar="COTERIE_URL", show_envvar=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT_S = 30.0


def call(url: str, path: str, method: str = "GET", document: Any = None) -> Any:
    """The decoded JSON answer to a request, with a `document` as its body if there is one. Raises
    ServerUnreachable, or ServerRefused in its words.
    """
    body = None if document is None else json.dumps(document).encode()
    with _answer(url, path, method, TIMEOUT_S, body) as (response, _):
        body = response.read()
    return _decoded(url, response.status, body)


def lines(url: str, path: str, seconds: float | None = None) -> Iterator[bytes]:
    """The lines of an endless answer, until the server ends it or so many seconds have passed.

    Raises ServerUnreachable, also if the server breaks off, or ServerRefused.
    """
    end = None if seconds is None else time.monotonic() + seconds
    rest = b""
    with _answer(url, path, "GET", TIMEOUT_S) as (response, connection):
        while True:
            left_s = None if end is None else end - time.monotonic()
            if left_s is not None and left_s <= 0:
                return
            connection.settimeout(left_s)
            try:
                data = response.read1()
            except TimeoutError:
                return
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from whole


@contextlib.contextmanager
def _answer(
    url: str, path: str, method: str, timeout_s: float, body: bytes | None = None
) -> Iterator[tuple[http.client.HTTPResponse, socket.socket]]:
    """An answer of success, and the socket that it comes over."""
    try:
        connection, prefix = _connection(url, timeout_s)
        with contextlib.closing(connection):
            connection.connect()
            wire: socket.socket = connection.sock
            connection.request(method, prefix + path, body, _headers())
            with connection.getresponse() as response:
                if response.status >= 400:
                    raise ServerRefused(_message(response))
                yield response, wire
    except (http.client.HTTPException, OSError, ValueError) as error:
        cut = isinstance(error, http.client.IncompleteRead)
        reason = "it broke off" if cut else getattr(error, "strerror", None) or error
        raise ServerUnreachable(
            f"no answer from {url}: {reason}; is `coterie up` running there? (--url names another)"
        ) from error


def _connection(url: str, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """To the server at `url`, and the path that it is mounted at. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a URL like http://127.0.0.1:8080")
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    # `/v1` is where OpenAI clients are pointed to; who says so here means the same server.
    prefix = parts.path.rstrip("/").removesuffix("/v1")
    return kind(parts.hostname, parts.port, timeout=timeout_s), prefix


def _headers() -> dict[str, str]:
    key = os.environ.get("COTERIE_API_KEY")
    return {"accept": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})


def _decoded(url: str, status: int, body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ServerRefused(
            f"{url} answered {status} with something that is not JSON: is it a Coterie server?"
        ) from error


def _message(response: http.client.HTTPResponse) -> str:
    try:
        return str(json.load(response)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {response.status} {response.reason}"
