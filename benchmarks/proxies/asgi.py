"""ASGI proxies with aiohttp's client, with and without Starlette, on uvicorn or Granian.

Arguments: uvicorn|granian starlette|raw PORT UPSTREAM. Run by the Python of the environment with
these servers: Coterie's own has none of them, which is why their imports are not checked.
"""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp

Message = MutableMapping[str, Any]
UPSTREAM = os.environ.get("UPSTREAM", "")
HEADERS = {"Content-Type": "application/json"}
sessions: list[aiohttp.ClientSession] = []


def session() -> aiohttp.ClientSession:
    """One session a process, made on the loop that uses it."""
    if not sessions:
        sessions.append(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                auto_decompress=False,
                raise_for_status=False,
            )
        )
    return sessions[0]


async def raw(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["method"] == "GET":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    async with session().post(UPSTREAM + scope["path"], data=body, headers=HEADERS) as answer:
        content_type = answer.headers["Content-Type"].encode()
        if not content_type.startswith(b"text/event-stream"):
            content = await answer.read()
            headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(content))]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": content})
            return
        headers = [(b"content-type", content_type)]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        async for chunk in answer.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def starlette() -> Any:
    from starlette.applications import Starlette  # type: ignore[import-not-found]
    from starlette.requests import Request  # type: ignore[import-not-found]
    from starlette.responses import PlainTextResponse, Response, StreamingResponse  # type: ignore[import-not-found]
    from starlette.routing import Route  # type: ignore[import-not-found]

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def chat(request: Request) -> Response:
        body = await request.body()
        answer = await session().post(UPSTREAM + request.url.path, data=body, headers=HEADERS)
        kind = answer.headers["Content-Type"]
        if not kind.startswith("text/event-stream"):
            content = await answer.read()
            return Response(content, answer.status, {"Content-Type": kind})

        async def pieces() -> AsyncIterator[bytes]:
            async with answer:
                async for chunk in answer.content.iter_any():
                    yield chunk

        return StreamingResponse(pieces(), answer.status, {"Content-Type": kind})

    return Starlette(
        routes=[Route("/healthz", alive), Route("/v1/chat/completions", chat, methods=["POST"])]
    )


def make() -> Any:
    return starlette() if os.environ["KIND"] == "starlette" else raw


if __name__ == "__main__":
    server, os.environ["KIND"], port, os.environ["UPSTREAM"] = sys.argv[1:]
    sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120
    if server == "uvicorn":
        import uvicorn  # type: ignore[import-not-found]

        uvicorn.run(
            "asgi:make", factory=True, host="127.0.0.1", port=int(port), loop="uvloop", log_level=40
        )
    else:
        from granian import Granian  # type: ignore[import-not-found]
        from granian.constants import Interfaces, Loops  # type: ignore[import-not-found]

        Granian(
            "asgi:make",
            factory=True,
            address="127.0.0.1",
            port=int(port),
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            log_enabled=False,
        ).serve()
