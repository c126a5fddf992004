"""The bytes of an answer, on a connection that only records them."""

from typing import Any

import msgspec
import pytest
from aiohttp import HttpVersion10, HttpVersion11

from coterie.errors import BodyTooLarge, CoterieError, WorkerLost
from coterie.gateway.reply import Reply, Sent


class Line:
    """As much of a request, its connection and its transport as a reply touches."""

    def __init__(self, version: Any = HttpVersion11, keep_alive: bool = True) -> None:
        self.version = version
        self.keep_alive = keep_alive
        self.method = "POST"
        self.sent = b""
        self.aborted = False
        self.writing_paused = False

    protocol = transport = writer = property(lambda self: self)

    def write(self, data: bytes) -> None:
        self.sent += data

    def abort(self) -> None:
        self.aborted = True


def reply_on(line: Line, **options: Any) -> Reply:
    return Reply(line, **options)  # type: ignore[arg-type]  # a stand-in for aiohttp's request


def test_a_whole_answer_is_one_write() -> None:
    line = Line()
    reply = reply_on(line)
    reply.labels = b"x-a: 1\r\n"
    reply.whole(200, b"x-b: 2\r\n", b"{}")
    assert line.sent == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-a: 1\r\nx-b: 2\r\n"
        b"content-length: 2\r\n\r\n{}"
    )
    assert Sent(reply).keep_alive


def test_an_unusual_status_still_has_a_line() -> None:
    line = Line()
    reply_on(line).whole(299, b"", b"")
    assert line.sent.startswith(b"HTTP/1.1 299 ")


@pytest.mark.parametrize(
    ("line", "closing"),
    [(Line(keep_alive=False), False), (Line(HttpVersion10), False), (Line(), True)],
)
def test_a_connection_that_ends_says_so(line: Line, closing: bool) -> None:
    reply = reply_on(line, closing=closing)
    reply.whole(200, b"", b"{}")
    assert b"connection: close\r\n" in line.sent
    assert not Sent(reply).keep_alive


def test_the_head_of_a_stream_leaves_with_its_first_bytes() -> None:
    line = Line()
    reply = reply_on(line)
    reply.begin(200, b"x-b: 2\r\n", b"text/event-stream")
    assert line.sent == b""
    reply.write(b"data: 1\n\n")
    assert line.sent == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
        b"x-accel-buffering: no\r\nx-b: 2\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    )
    line.sent = b""
    reply.end()
    assert line.sent == b"0\r\n\r\n"


def test_the_last_of_a_stream_leaves_with_its_end() -> None:
    line = Line()
    reply = reply_on(line)
    reply.begin(200, b"", b"text/event-stream")
    reply.write(b"data: 1\n\n")
    line.sent = b""
    reply.write(b"data: 2\n\n", last=True)
    assert line.sent == b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"
    assert reply.ended


def test_nothing_written_is_no_end_of_the_stream() -> None:
    line = Line()
    reply = reply_on(line)
    reply.begin(200, b"", b"application/x-ndjson")
    reply.write(b"")
    assert line.sent.endswith(b"chunked\r\n\r\n")
    assert b"cache-control" not in line.sent


@pytest.mark.parametrize("version", [HttpVersion10, HttpVersion11])
def test_an_empty_stream_is_complete(version: Any) -> None:
    line = Line(version)
    reply = reply_on(line)
    reply.begin(200, b"", b"text/event-stream")
    reply.end()
    assert line.sent.endswith(b"\r\n\r\n")
    assert line.sent.endswith(b"0\r\n\r\n") is (version == HttpVersion11)


def test_an_old_client_gets_its_stream_unframed() -> None:
    line = Line(HttpVersion10)
    reply = reply_on(line)
    reply.begin(200, b"", b"text/event-stream")
    reply.write(b"data: 1\n\n")
    reply.end()
    assert line.sent.endswith(b"\r\n\r\ndata: 1\n\n")
    assert b"chunked" not in line.sent


def test_an_error_takes_the_form_that_is_left_to_it() -> None:
    first, stream, plain, done = Line(), Line(), Line(), Line()
    reply_on(first).fail(WorkerLost("x"))
    assert first.sent.startswith(b"HTTP/1.1 502")

    streaming = reply_on(stream)
    streaming.begin(200, b"", b"text/event-stream")
    streaming.write(b": hello\n\n")
    stream.sent = b""
    streaming.fail(WorkerLost("x"))
    size, _, rest = stream.sent.partition(b"\r\n")
    frame = rest[: int(size, 16)]
    assert msgspec.json.decode(frame.split(b"\n\n")[0][6:])["error"]["code"] == "worker_lost"
    assert frame.endswith(b"\n\ndata: [DONE]\n\n")
    assert stream.sent.endswith(b"\r\n0\r\n\r\n")

    piping = reply_on(plain)
    piping.begin(200, b"", b"application/json")
    piping.write(b"{")
    piping.fail(WorkerLost("x"))
    assert plain.aborted
    assert not Sent(piping).keep_alive

    ended = reply_on(done)
    ended.whole(200, b"", b"{}")
    sent = done.sent
    ended.fail(CoterieError("too late"))
    assert (done.sent, done.aborted) == (sent, False)


def test_a_body_that_is_not_read_ends_its_connection() -> None:
    line = Line()
    reply = reply_on(line)
    reply.fail(BodyTooLarge("x"))
    assert b"connection: close\r\n" in line.sent
    assert not Sent(reply).keep_alive
