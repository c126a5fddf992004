"""A worker that answers as scripted, and tells what was asked of it and when its client left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

import msgspec
from httptools import HttpParserError, HttpRequestParser

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "one two three"},
        }
    ],
    "usage": USAGE,
}


def chunk(content: str | None, **more: Any) -> dict[str, Any]:
    """A chunk of a streamed chat completion; the last one's `content` is None."""
    delta = {} if content is None else {"content": content}
    finish = None if content is not None else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


class Received:
    """One request, and the means to answer it."""

    def __init__(self, connection: "_Connection", path: str, headers: Mapping[str, str]) -> None:
        self.path = path
        self.headers = headers
        self.body = b""
        self._connection = connection

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def transport(self) -> asyncio.Transport:
        return self._connection.transport

    async def left(self) -> None:
        """Returns when the other side has closed the connection."""
        await self._connection.gone.wait()

    def raw(self, data: bytes) -> None:
        self._connection.write(data)

    def json(self, document: Any, status: int = 200, close: bool = False) -> None:
        """A complete answer."""
        self.text(msgspec.json.encode(document), status, "application/json", close)

    def text(self, body: bytes, status: int, media: str, close: bool = False) -> None:
        end = "connection: close\r\n" if close else ""
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {media}\r\n{end}content-length: {len(body)}"
        self.raw(head.encode() + b"\r\n\r\n" + body)
        if close:
            self.transport.close()

    def begin(self, media: str = "text/event-stream") -> None:
        """The head of a streamed answer."""
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ntransfer-encoding: chunked\r\n\r\n"
        self.raw(head.encode())

    def piece(self, data: bytes) -> None:
        self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, document: Any) -> None:
        self.piece(b"data: " + msgspec.json.encode(document) + b"\n\n")

    def end(self, *, done: bool = True) -> None:
        if done:
            self.piece(b"data: [DONE]\n\n")
        self.raw(b"0\r\n\r\n")

    async def room(self) -> None:
        """Returns when the other side has read enough to be sent more."""
        await self._connection.writable.wait()

    async def stalled(self) -> None:
        """Returns when the other side has stopped reading, by more than all buffers hold."""
        await self._connection.full.wait()

    def die(self) -> None:
        """Breaks off, as a killed worker does."""
        self.transport.abort()


Script = Callable[[Received], Awaitable[None] | None]


def complete(request: Received) -> None:
    """The script to begin with: a short completion, streamed if that was asked."""
    if not request.document.get("stream"):
        request.json(COMPLETION)
        return
    request.begin()
    for word in ("one", " two", " three"):
        request.event(chunk(word))
    timings = {"cache_n": 2, "prompt_n": 5, "predicted_n": 3}
    request.event(chunk(None, timings=timings))
    if (request.document.get("stream_options") or {}).get("include_usage"):
        request.event({**chunk(None), "choices": [], "usage": USAGE})
    request.end()


class ScriptedUpstream:
    """Serves on loopback. `script` answers every request; `received` keeps them."""

    def __init__(self, script: Script = complete) -> None:
        self.script = script
        self.received: list[Received] = []
        self.connections = 0
        self.open: list[asyncio.Transport] = []
        self.tasks: set[asyncio.Future[None]] = set()
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Returns its address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def until_received(self, count: int = 1) -> list[Received]:
        """Returns the requests once there are `count`."""
        while len(self.received) < count:
            await self._arrived.wait()
        return self.received

    def drop_idle(self) -> None:
        """Closes every connection, politely."""
        for transport in self.open:
            transport.close()

    async def stop(self) -> None:
        """Ends it with all its connections."""
        if self._server is None:
            return
        self._server.close()
        for transport in tuple(self.open):
            transport.abort()
        for task in tuple(self.tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def take(self, request: Received) -> None:
        self.received.append(request)
        self._arrived.set()
        self._arrived = asyncio.Event()
        answer = self.script(request)
        if answer is not None:
            task = asyncio.ensure_future(answer)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: ScriptedUpstream) -> None:
        self.gone = asyncio.Event()
        self.full = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self._upstream = upstream
        self._parser = HttpRequestParser(self)
        self._path = ""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self.gone.is_set():
            self.transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._upstream.connections += 1
        self._upstream.open.append(self.transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.transport.abort()

    def pause_writing(self) -> None:
        self.writable.clear()
        self.full.set()

    def resume_writing(self) -> None:
        self.full.clear()
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.open.remove(self.transport)
        self.gone.set()
        self.writable.set()

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []

    def on_url(self, url: bytes) -> None:
        self._path = url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        request = Received(self, self._path, self._headers)
        request.body = b"".join(self._body)
        self._upstream.take(request)
