"""The echo server: OpenAI-shaped HTTP on loopback. The n-th token of an answer is the n-th word of
what was asked.

It serves as many requests at once as it has slots, in the order in which they came, and drops one
whose client left.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from coterie.engines.echo.answers import Answer, answer, prompt_words

_VECTOR = 16
_BODY_BYTES = 64 << 20


class EchoServer:
    """One replica's server, from `open` to `close`."""

    def __init__(self, name: str, key: str, slots: int, token_s: float) -> None:
        self._name = name
        self._authorization = f"Bearer {key}".encode()
        self._slots = asyncio.Semaphore(slots)
        self._token_s = token_s
        self._served = 0
        self._runner: web.AppRunner | None = None

    @property
    def is_open(self) -> bool:
        return self._runner is not None

    async def open(self) -> str:
        """Listens on a port of the system's choice; returns the address."""
        app = web.Application(client_max_size=_BODY_BYTES, middlewares=[self._check])
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_post("/v1/embeddings", self._embeddings)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=0.01,  # 0 would be: without limit
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Breaks every connection and frees the port. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if request.path != "/health" and not hmac.compare_digest(given, self._authorization):
            return _error(
                401, "authentication_error", "this worker takes requests from its own gateway only"
            )
        response: web.StreamResponse = await handler(request)
        return response

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"object": "list", "data": [{"id": self._name, "object": "model"}]}
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, chat=True)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, chat=False)

    async def _embeddings(self, request: web.Request) -> web.Response:
        body = await _body(request)
        asked = body.get("input") if body is not None else None
        texts = [asked] if isinstance(asked, str) else asked
        if (
            not isinstance(texts, list)
            or not texts
            or not all(isinstance(text, str) for text in texts)
        ):
            return _error(
                400, "invalid_request_error", "'input' has to be a text or a list of texts"
            )
        async with self._slots:
            data = [
                {"object": "embedding", "index": index, "embedding": _vector(text)}
                for index, text in enumerate(texts)
            ]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return web.json_response(
            {"object": "list", "model": self._name, "data": data, "usage": usage}
        )

    async def _answer(self, request: web.Request, chat: bool) -> web.StreamResponse:
        body = await _body(request)
        words = prompt_words(body, chat) if body is not None else None
        if body is None or words is None:
            field = "messages" if chat else "prompt"
            return _error(
                400,
                "invalid_request_error",
                f"the body has to be a JSON object with a valid {field!r}",
            )
        async with self._slots:
            self._served += 1
            shape = _Shape(f"echo-{self._served}", self._name, chat)
            made = answer(body, words)
            if not body.get("stream"):
                await asyncio.sleep(self._token_s * len(made.tokens))
                return web.json_response(shape.whole(made))
            options = body.get("stream_options") or {}
            return await self._stream(
                request, shape.chunks(made, bool(options.get("include_usage")), self._token_s)
            )

    async def _stream(
        self, request: web.Request, chunks: AsyncIterator[dict[str, Any]]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        async for chunk in chunks:
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


class _Shape:
    """How an answer looks on the wire: a chat's or a completion's, whole or in chunks."""

    def __init__(self, number: str, model: str, chat: bool) -> None:
        self._chat = chat
        self._frame = {"id": number, "created": 0, "model": model}
        self._object = "chat.completion" if chat else "text_completion"

    def whole(self, made: Answer) -> dict[str, Any]:
        text = "".join(made.tokens)
        content: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text}} if self._chat else {"text": text}
        )
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": made.finish_reason}
        return {**self._frame, "object": self._object, "choices": [choice], "usage": made.usage}

    async def chunks(
        self, made: Answer, include_usage: bool, token_s: float
    ) -> AsyncIterator[dict[str, Any]]:
        for index, token in enumerate(made.tokens):
            if token_s:
                await asyncio.sleep(token_s)
            role = {"role": "assistant"} if index == 0 else {}
            yield self._chunk(
                {"delta": {**role, "content": token}} if self._chat else {"text": token}, None
            )
        yield self._chunk({"delta": {}} if self._chat else {"text": ""}, made.finish_reason)
        if include_usage:
            yield {**self._frame, "object": self._chunk_object, "choices": [], "usage": made.usage}

    @property
    def _chunk_object(self) -> str:
        return "chat.completion.chunk" if self._chat else self._object

    def _chunk(self, content: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}
        return {**self._frame, "object": self._chunk_object, "choices": [choice]}


async def _body(request: web.Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _vector(text: str) -> list[float]:
    """A unit vector that depends on the text alone."""
    raw = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:_VECTOR]]
    norm = sum(value * value for value in raw) ** 0.5
    return [value / norm for value in raw]


def _error(status: int, kind: str, message: str) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "type": kind, "code": status}}, status=status
    )
