"""How many tokens an answer took, read from its end alone: passing streams are not parsed."""

import msgspec

TAIL_BYTES = 16 * 1024


class Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Timings(msgspec.Struct, frozen=True):
    """llama.cpp's own account, in the last chunk of every stream."""

    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0


class Ending(msgspec.Struct, frozen=True):
    usage: Usage | None = None
    timings: Timings | None = None


_ENDING = msgspec.json.Decoder(Ending)


class Tally:
    """Keeps the last bytes of a stream, and counts its events where it ends without an account."""

    def __init__(self) -> None:
        self._tail = b""
        self._events = 0

    def add(self, data: bytes) -> None:
        self._events += data.count(b"data: {")
        tail = self._tail + data if len(data) < TAIL_BYTES else data
        self._tail = tail[-TAIL_BYTES:]

    @property
    def at_event_end(self) -> bool:
        return not self._tail or self._tail.endswith((b"\n\n", b"\r\n\r\n"))

    def tokens(self) -> tuple[int, int]:
        """Tokens of the prompt and of the answer: the engine's account, or (0, events seen)."""
        for line in reversed(self._tail.splitlines()):
            if line.startswith(b"data: {") and (b'"usage"' in line or b'"timings"' in line):
                counted = tokens(line[6:])
                if counted != (0, 0):
                    return counted
        return 0, self._events


def tokens(answer: bytes) -> tuple[int, int]:
    """Tokens of the prompt and of the answer by a JSON object's account; zeros if it has none."""
    try:
        ending = _ENDING.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0, 0
    if ending.usage is not None:
        return ending.usage.prompt_tokens, ending.usage.completion_tokens
    if ending.timings is not None:
        return ending.timings.cache_n + ending.timings.prompt_n, ending.timings.predicted_n
    return 0, 0
