"""The answer to one request, written straight onto its connection: begun, it only grows or is cut.

aiohttp's own responses build a map of headers and await four times for each answer, which is a
third of what a small answer costs here: docs/benchmarks.md has the table.
"""

import asyncio
from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from coterie.errors import CoterieError
from coterie.gateway.render import error_body, error_fields

JSON = b"application/json"
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class Reply:
    """Use one of: `whole`, or `begin`, then `write` as often as there is data, then `end`.

    `labels` are header fields that go with the answer whatever it will be, errors included.
    `keeps`: whether the connection outlives the answer.
    """

    def __init__(self, request: web.BaseRequest, *, closing: bool = False) -> None:
        self._protocol = request.protocol
        self._writer = request.writer
        self._framed = request.version >= HttpVersion11
        self.keeps = self._framed and request.keep_alive and not closing
        self._bare = request.method == "HEAD"
        self._streams_events = False
        self._head = b""
        self.labels = b""
        self.begun = False
        self.ended = False

    @property
    def lost(self) -> bool:
        """Whether the client is gone."""
        return self._protocol.transport is None

    @property
    def writing_paused(self) -> bool:
        """Whether the client reads slower than we write, by more than a buffer."""
        return self._protocol.writing_paused

    def close_after(self) -> None:
        """The connection ends with this answer."""
        self.keeps = False

    def whole(self, status: int, fields: bytes, body: bytes, media: bytes = JSON) -> None:
        """Sends a complete answer in one write."""
        assert not self.begun, "an answer was begun already"
        self.begun = self.ended = True
        self._send(
            b"%bcontent-type: %b\r\n%b%b%bcontent-length: %d\r\n\r\n%b"
            % (
                _status_line(status),
                media,
                self.labels,
                fields,
                b"" if self.keeps else b"connection: close\r\n",
                len(body),
                b"" if self._bare else body,
            )
        )

    def begin(self, status: int, fields: bytes, media: bytes) -> None:
        """Starts an answer of unknown length; its head leaves with the first `write`."""
        assert not self.begun, "an answer was begun already"
        self.begun = True
        self._streams_events = media.startswith(b"text/event-stream")
        self._head = b"%bcontent-type: %b\r\n%b%b%b%b%b\r\n" % (
            _status_line(status),
            media,
            b"cache-control: no-cache\r\nx-accel-buffering: no\r\n"
            if self._streams_events
            else b"",
            self.labels,
            fields,
            b"transfer-encoding: chunked\r\n" if self._framed else b"",
            b"" if self.keeps else b"connection: close\r\n",
        )

    def write(self, data: bytes, *, last: bool = False) -> None:
        """Sends data now; nothing is kept back. The `last` of it completes the answer. Data for a
        client that left is dropped.
        """
        if self._framed:
            if data:
                data = b"%x\r\n%b\r\n" % (len(data), data)
            if last:
                data += b"0\r\n\r\n"
        self.ended |= last
        data = self._head + data
        self._head = b""
        if data:
            self._send(data)

    def end(self) -> None:
        """Completes the answer."""
        self.write(b"", last=True)

    def cut(self) -> None:
        """Breaks the connection off, so that nobody takes what was sent for a whole answer."""
        self.ended = True
        self.keeps = False
        if self._protocol.transport is not None:
            self._protocol.transport.abort()

    def fail(self, error: CoterieError) -> None:
        """Ends the answer with an error: in its own right, as a frame of a stream, or by a cut."""
        if not self.begun:
            if error.status == 413:
                self.close_after()
            self.whole(error.status, error_fields(error), error_body(error))
        else:
            self.fail_begun(error_body(error))

    def fail_begun(self, body: bytes) -> None:
        """The same for an answer that has begun, with the error's JSON on one line."""
        if self.ended:
            return
        if self._streams_events:
            self.write(b"data: %b\n\ndata: [DONE]\n\n" % body)
            self.end()
        else:
            self.cut()

    async def drained(self, patience_s: float) -> None:
        """Returns when the client has read enough to be sent more; cuts one that does not read."""
        if not self._protocol.writing_paused:
            return
        try:
            async with asyncio.timeout(patience_s):
                await self._writer.drain()
        except TimeoutError:
            self.cut()
            raise ConnectionResetError("the client did not read its answer") from None

    def _send(self, data: bytes) -> None:
        transport = self._protocol.transport
        if transport is not None:
            transport.write(data)


class Sent(web.StreamResponse):
    """What aiohttp's server wants of a handler: here, that a reply was already written."""

    def __init__(self, reply: Reply) -> None:
        # Not super().__init__(), which builds what is never used.
        self._keeps = reply.keeps

    @property
    def keep_alive(self) -> bool:
        return self._keeps

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None: ...


def labels(request: str, expert: str) -> bytes:
    """The header fields of every answer that an expert gives."""
    return f"x-coterie-request: {request}\r\nx-coterie-expert: {expert}\r\n".encode()


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status
