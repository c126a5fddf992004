"""Errors in OpenAI's shape, made from `status`, `code` and the message alone."""

from math import ceil
from typing import Any

import msgspec

from coterie.errors import BadRequest, CoterieError, Refused, WrongMethod

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_MESSAGE_CHARS = 4096


class ErrorObject(msgspec.Struct, frozen=True):
    message: str
    type: str
    param: str | None = None
    code: str | int | None = None
    eta_s: float | msgspec.UnsetType = msgspec.UNSET


def error_type(status: int) -> str:
    """OpenAI's word for a kind of error."""
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")


def error_body(error: CoterieError) -> bytes:
    """`{"error": {…}}`, on one line."""
    eta_s = error.eta_s if isinstance(error, Refused) else None
    return msgspec.json.encode(
        {
            "error": ErrorObject(
                message=str(error).encode("utf-8", "backslashreplace").decode(),
                type=error_type(error.status),
                param=error.param if isinstance(error, BadRequest) else None,
                code=error.code,
                eta_s=msgspec.UNSET if eta_s is None else round(eta_s, 3),
            )
        }
    )


def error_fields(error: CoterieError) -> bytes:
    """The header fields that go with an error."""
    if isinstance(error, Refused):
        return b"retry-after: %d\r\n" % max(1, ceil(error.retry_after_s))
    if isinstance(error, WrongMethod):
        return f"allow: {', '.join(error.allow)}\r\n".encode()
    if error.status == 401:
        return b"www-authenticate: Bearer\r\n"
    return b""


def engine_error(status: int, body: bytes) -> bytes:
    """An engine's own error, put into OpenAI's shape where it is in another; on one line."""
    try:
        document: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    given = document.get("error") if isinstance(document, dict) else None
    if isinstance(given, str):
        given = {"message": given}
    if not isinstance(given, dict) or not isinstance(given.get("message"), str):
        text = body.decode("utf-8", "replace").strip()[:_MESSAGE_CHARS]
        given = {"message": text or f"the engine answered with status {status}"}
    if not isinstance(given.get("type"), str):
        given["type"] = error_type(status)
    return msgspec.json.encode({"error": {"param": None, "code": status, **given}})
