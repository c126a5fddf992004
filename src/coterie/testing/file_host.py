"""A host of one file on loopback, that misbehaves as told: for whoever fetches files.

`async with FileHost(content) as host:` serves it at `host.url`.
"""

import asyncio
from typing import Literal, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

Fault = Literal[
    "drop", "stall", "busy", "ignore-range", "short-length", "no-validator", "wrong-range"
]


class FileHost:
    """Serves `content` under every path. `faults` are taken one a request; then it behaves.

    It drops a connection only once `hear` has told it that the client wrote something: a client may
    lose what it has not read when a connection breaks.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"v1"'
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self.drop_at = 2 << 20
        self.status = 200
        self.ranges: list[str | None] = []
        self.headers: list[dict[str, str]] = []
        self.extra: dict[str, str] = {}
        self.written = asyncio.Event()
        self.released = asyncio.Event()
        self.url = ""
        self._server: TestServer | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.answer)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()
        self.url = str(self._server.make_url("/dir/model.gguf"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.released.set()
        assert self._server is not None
        await self._server.close()

    def hear(self, done_bytes: int, total_bytes: int | None) -> None:
        """A client's progress."""
        if done_bytes:
            self.written.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(headers={**self.extra, "ETag": self.etag}, status=self.status)
        self.ranges.append(request.headers.get("Range"))
        self.headers.append(dict(request.headers))
        fault = self.always or (self.faults.pop(0) if self.faults else None)
        if self.status != 200:
            return web.Response(status=self.status)
        if fault == "busy":
            return web.Response(status=503, headers={"Retry-After": "0"})
        first = self._first(request, fault)
        if first > len(self.content):
            return web.Response(status=416)
        response = web.StreamResponse(status=206 if first else 200)
        body = self.content[first:]
        if first:
            shown = first + 1 if fault == "wrong-range" else first
            last = len(self.content) - 1
            response.headers["Content-Range"] = f"bytes {shown}-{last}/{len(self.content)}"
        if fault != "no-validator":
            response.headers["ETag"] = self.etag
        response.content_length = len(body) + (7 if fault == "short-length" else 0)
        await response.prepare(request)
        if fault in ("drop", "stall"):
            await response.write(body[: max(0, self.drop_at - first)])
            if fault == "stall":
                await self.released.wait()
            elif self.drop_at:
                await self.written.wait()
            self._hang_up(request)
        else:
            await response.write(body)
        if fault == "short-length":
            self._hang_up(request)
        return response

    def _first(self, request: web.Request, fault: Fault | None) -> int:
        asked = request.headers.get("Range")
        unchanged = request.headers.get("If-Range", self.etag) == self.etag
        if asked is None or not unchanged or fault == "ignore-range":
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _hang_up(self, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.close()
