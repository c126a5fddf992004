"""What a client sent: never more of it in memory than the limit, nothing read but what is needed.

The engine gets the very bytes that the client sent, except where the expert has request defaults.
"""

import asyncio
import re
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.web import RequestPayloadError

from coterie.errors import BadRequest, BodyTooLarge
from coterie.gateway.terms import Asked

MOST_TOKENS = 2**31

_FIELD = re.compile(r" - at `\$\.(\w+)[^`]*`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


class StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool | None = None


class Wanted(msgspec.Struct, frozen=True):
    """The fields of a request that the gateway acts on; all others pass through unread."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | float | None = None
    max_completion_tokens: int | float | None = None
    coterie: Asked | None = None

    @property
    def output_tokens(self) -> int:
        """The most tokens that it wants; 0: it does not say."""
        said = self.max_completion_tokens or self.max_tokens or 0
        return max(0, int(said)) if said < MOST_TOKENS else 0


_WANTED = msgspec.json.Decoder(Wanted)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


async def read(request: web.BaseRequest, limit_bytes: int, patience_s: float) -> bytes:
    """The body. Raises BodyTooLarge without reading on, BadRequest where it does not come."""
    content, headers = request.content, request.headers
    declared = request.content_length
    if declared is not None and declared > limit_bytes:
        raise _too_large(limit_bytes)
    if (encoding := headers.get("Content-Encoding", "identity")) != "identity":
        raise BadRequest(f"Content-Encoding {encoding!r} is not read here: send the body as it is")
    if content.is_eof():
        body = content.read_nowait()
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        return body
    if headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(patience_s):
            return await _gather(request, limit_bytes)
    except TimeoutError as error:
        raise BadRequest(
            f"the request body did not arrive within {patience_s:g} s: send it faster"
        ) from error
    except RequestPayloadError as error:
        raise BadRequest(
            "the request body is broken: it ended early or is badly chunked"
        ) from error


async def _gather(request: web.BaseRequest, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await request.content.readany():
        size += len(piece)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def peek(body: bytes) -> Wanted:
    """What the request asks for. Raises BadRequest, which names the field that is wrong."""
    try:
        wanted = _WANTED.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the request body is not JSON: {error}") from error
    if not wanted.model.strip():
        raise BadRequest("`model` is empty: name an expert, as GET /v1/models lists them", "model")
    return wanted


def fields(body: bytes) -> dict[str, Any]:
    """All that a request says. Raises BadRequest."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the request body is not JSON: {error}") from error


def merged(body: bytes, defaults: dict[str, Any], **instead: str) -> bytes:
    """The body over the expert's request defaults: where both have a field, the client's wins, but
    for those that are given `instead`. What is said to Coterie alone goes no further.
    """
    try:
        fields = {**defaults, **_FIELDS.decode(body), **instead}
        fields.pop("coterie", None)
        return msgspec.json.encode(fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the request body is not JSON: {error}") from error


def _invalid(message: str) -> BadRequest:
    if found := _MISSING.search(message):
        field = found.group(1)
        return BadRequest(f"`{field}` is missing: the request must have it", field)
    found = _FIELD.search(message)
    field = found.group(1) if found else None
    complaint = (message[: found.start()] if found else message).replace("`", "")
    subject = f"`{field}`" if field else "the request body"
    return BadRequest(f"{subject} is wrong: {complaint[:1].lower()}{complaint[1:]}", field)


def _too_large(limit_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the request body is larger than the limit of {limit_bytes} bytes")
