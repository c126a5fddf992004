"""What one answer says: content begins with the first token, not with the first byte.

Comments and keepalives are no content; an error frame makes a request fail even under status 200.
"""

from collections.abc import Iterator
from typing import Any

import msgspec


class Reading:
    """Fed with the bytes of one event stream; tells when its first token is there."""

    def __init__(self) -> None:
        self.has_content = False
        self.prompt_tokens = 0
        self.output_tokens = 0
        self.error = ""
        self._is_finished = False
        self._pieces = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        for payload in self._payloads(chunk):
            self._take(payload)

    def close(self) -> None:
        """The stream has ended: where no usage was sent, pieces of content stand for tokens."""
        if not self.output_tokens:
            self.output_tokens = self._pieces
        if not self.error and not self._is_finished:
            self.error = "the stream broke off"

    def _payloads(self, chunk: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith((b"data:", b"error:")):
                payload = line.partition(b":")[2].strip()
                if payload == b"[DONE]":
                    self._is_finished = True
                elif payload:
                    yield payload

    def _take(self, payload: bytes) -> None:
        try:
            frame = msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.DecodeError:
            self.error = "the stream held a frame that is not JSON"
            return
        if "error" in frame:
            self.error = _spelt(frame["error"])
        self.prompt_tokens, self.output_tokens = usage(
            frame, (self.prompt_tokens, self.output_tokens)
        )
        choices = frame.get("choices") or ()
        if any(_has_content(choice) for choice in choices):
            self.has_content = True
            self._pieces += 1
        if any(choice.get("finish_reason") for choice in choices):
            self.has_content = self._is_finished = (
                True  # an answer may be empty: then its end is its start
            )


def usage(body: dict[str, Any], otherwise: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Tokens in and out as an answer states them."""
    stated = body.get("usage")
    if not isinstance(stated, dict):
        return otherwise
    return int(stated.get("prompt_tokens") or 0), int(stated.get("completion_tokens") or 0)


def error_of(body: bytes) -> str:
    """What an error's body says, in one short line."""
    try:
        decoded = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return body[:80].decode(errors="replace").strip()
    return _spelt(decoded.get("error", decoded))


def _has_content(choice: dict[str, Any]) -> bool:
    part = choice.get("delta") or choice
    return any(part.get(key) for key in ("content", "reasoning_content", "tool_calls", "text"))


def _spelt(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("code") or error.get("message") or error)[:80]
    return str(error)[:80]
