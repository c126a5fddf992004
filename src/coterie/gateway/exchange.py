"""One answer at a time over one connection to a replica, buffered within a bound."""

import asyncio
from time import perf_counter
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from coterie.errors import WorkerLost

BUFFER_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024


class Endpoint(Protocol):
    """Who a connection belongs to, and is told what becomes of it."""

    address: str

    def opened(self) -> None: ...

    def closed(self, exchange: "Exchange") -> None: ...

    def keep(self, exchange: "Exchange") -> bool:
        """Takes it for the next request, if it wants it."""

    def replace(self) -> None:
        """It ends with an answer that came whole."""

    def forget(self, exchange: "Exchange") -> None:
        """It is of no use for a next request."""


class Exchange(asyncio.Protocol):
    """A connection, and the answer that comes over it now. Buffers at most what was asked for."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._loss = ""
        self._reset()
        self.complete = True  # nothing was asked yet

    def _reset(self) -> None:
        self.status = 0
        self.media = b"application/json"
        self.first_byte_at = 0.0
        self.complete = False
        self._head_bytes = 0
        self._head_done = False
        self._sized = False
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._enough = 1
        self._paused = False
        self._reusable = False

    @property
    def answered(self) -> bool:
        """Whether a byte of the answer has come."""
        return self.first_byte_at > 0.0

    def send(self, message: bytes) -> None:
        """Sends a request: the connection must be new or from the idle ones."""
        self._reset()
        if self._transport is not None:
            self._transport.write(message)

    async def fill(self, enough: int) -> None:
        """Returns when `enough` bytes of the body can be taken, or its last. Raises WorkerLost."""
        self._enough = enough
        while not self.complete and self._buffered < enough:
            if self._loss:
                raise WorkerLost(f"the replica at {self._endpoint.address!r} {self._loss}")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def take(self) -> bytes:
        """What has come of the body and was not yet taken."""
        pieces = self._pieces
        if not pieces:
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self._buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def release(self) -> None:
        """The exchange is over: its connection is kept if it can be, else closed at once."""
        kept = self.complete and self._reusable and not self._paused and self._endpoint.keep(self)
        if kept:
            return
        if self.complete:
            self._endpoint.replace()
        self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # The transport's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports only look like asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._endpoint.opened()

    def data_received(self, data: bytes) -> None:
        if self.complete:
            self._lose("sent more than was asked for")
            return
        if not self.first_byte_at:
            self.first_byte_at = perf_counter()
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._lose(f"does not speak HTTP: {error}")
            return
        if not self._head_done:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._lose(f"sent a head of more than {HEAD_BYTES} bytes")
        elif self._buffered >= self._enough or self.complete:
            self._wake()
        if self._buffered >= max(self._enough, BUFFER_BYTES) and not self._paused:
            assert self._transport is not None
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._endpoint.closed(self)
        if exc is None and self._head_done and not self._sized:
            self.complete = True
        else:
            self._loss = self._loss or f"broke off the connection{f': {exc}' if exc else ''}"
        self._wake()

    # The parser's calls.

    def on_message_begin(self) -> None:
        if self.complete:
            raise ValueError("sent more than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-type":
            self.media = value
        elif name in (b"content-length", b"transfer-encoding"):
            self._sized = True

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._head_done = self.status >= 200

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self._head_done:
            self.complete = True
            self._reusable = self._parser.should_keep_alive()

    def _lose(self, reason: str) -> None:
        self._loss = self._loss or reason
        self._reusable = False
        self._endpoint.forget(self)
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
