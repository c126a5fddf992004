"""The hop to a replica: HTTP/1.1 over kept connections, one exchange at a time on each.

With aiohttp's client a proxied small request takes 2.4 times the processor time that it takes with
this one, on the same parser (llhttp): docs/benchmarks.md has the table. It does only what the hop
needs: POST, no redirects, cookies, proxies or compression.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from coterie.errors import WorkerLost

CONNECT_S = 5.0
KEPT_CONNECTIONS = 64
BUFFER_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024


class Upstream:
    """All kept connections, by address."""

    def __init__(self) -> None:
        self._endpoints: dict[str, _Endpoint] = {}

    async def post(
        self,
        address: str,
        headers: Mapping[str, str],
        path: str,
        body: bytes,
        enough: int,
        sent: Callable[[], None] = lambda: None,
    ) -> "Exchange":
        """Sends the request; returns when `enough` bytes of its answer are here, or all of it.
        `sent` is called while the replica works.

        A kept connection that turns out to be closed is replaced without a word. Raises WorkerLost
        if the replica cannot be reached or breaks off. The caller must `release` what it gets.
        """
        endpoint = self._endpoint(address, headers)
        message = endpoint.message(path, body)
        while True:
            kept = endpoint.idle.pop() if endpoint.idle else None
            exchange = kept or await endpoint.connect()
            try:
                exchange.send(message)
                sent()
                await exchange.fill(enough)
            except WorkerLost:
                exchange.release()
                if kept is None or exchange.answered:
                    raise
            except BaseException:
                exchange.release()
                raise
            else:
                return exchange

    def close(self) -> None:
        """Ends the connections that are kept; those in use end with their exchange."""
        for endpoint in tuple(self._endpoints.values()):
            endpoint.close()
        self._endpoints.clear()

    def _endpoint(self, address: str, headers: Mapping[str, str]) -> "_Endpoint":
        known = self._endpoints.get(address)
        if known is not None and known.headers == headers:
            return known
        endpoint = _Endpoint(address, headers, self._forget)
        if known is not None:
            known.close()  # another replica has the port now
        self._endpoints[address] = endpoint
        return endpoint

    def _forget(self, endpoint: "_Endpoint") -> None:
        if self._endpoints.get(endpoint.address) is endpoint:
            del self._endpoints[endpoint.address]


class _Endpoint:
    """One replica's address, its idle connections, and the heads of requests to it.

    `unused` is called when the last connection has gone: most addresses never come back.
    """

    def __init__(
        self, address: str, headers: Mapping[str, str], unused: Callable[["_Endpoint"], None]
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is no address of a replica: expected http://HOST:PORT")
        self.address = address
        self.headers = dict(headers)
        self.idle: list[Exchange] = []
        self._unused = unused
        self._open = 0
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._netloc = parts.netloc
        self._heads: dict[str, bytes] = {}
        self._closed = False

    def message(self, path: str, body: bytes) -> bytes:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = self._head(path)
        return b"%b%d\r\n\r\n%b" % (head, len(body), body)

    async def connect(self) -> "Exchange":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, exchange = await loop.create_connection(
                    lambda: Exchange(self), self._host, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            if not self._open:
                self._unused(self)
            reason = str(error) or f"no connection within {CONNECT_S:g} s"
            raise WorkerLost(
                f"the replica at {self.address!r} cannot be reached: {reason}"
            ) from error
        return exchange

    def keep(self, exchange: "Exchange") -> bool:
        if self._closed or len(self.idle) >= KEPT_CONNECTIONS:
            return False
        self.idle.append(exchange)
        return True

    def opened(self) -> None:
        self._open += 1

    def closed(self, exchange: "Exchange") -> None:
        self._open -= 1
        self.forget(exchange)
        if not self._open:
            self._unused(self)

    def forget(self, exchange: "Exchange") -> None:
        if exchange in self.idle:
            self.idle.remove(exchange)

    def close(self) -> None:
        self._closed = True
        for exchange in tuple(self.idle):
            exchange.abort()
        self.idle.clear()

    def _head(self, path: str) -> bytes:
        fields = {
            "host": self._netloc,
            "content-type": "application/json",
            **{name.lower(): value for name, value in self.headers.items()},
        }
        lines = [f"POST {self._prefix}{path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return ("\r\n".join(lines) + "\r\ncontent-length: ").encode("latin-1")


class Exchange(asyncio.Protocol):
    """A connection, and the answer that comes over it now. Buffers at most what was asked for."""

    def __init__(self, endpoint: _Endpoint) -> None:
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._loss = ""
        self._reset()

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
        if not (
            self.complete and self._reusable and not self._paused and self._endpoint.keep(self)
        ):
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
        elif not self.complete:
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
