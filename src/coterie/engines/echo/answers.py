"""What the echo engine answers: the words of the prompt, one a token, as far as the request allows.
Pure.
"""

from collections.abc import Iterable, Mapping
from itertools import cycle, islice
from typing import Any

from msgspec import Struct

_NOTHING = "nothing"
_MOST_TOKENS = 1 << 20


class Answer(Struct, frozen=True):
    """Tokens that join to the text, why it ended, and what it counts."""

    tokens: tuple[str, ...]
    finish_reason: str
    usage: dict[str, int]


def prompt_words(body: Mapping[str, Any], chat: bool) -> list[str] | None:
    """The words of the prompt or of all messages; None if the request has neither."""
    if not chat:
        prompt = body.get("prompt")
        return prompt.split() if isinstance(prompt, str) else None
    messages = body.get("messages")
    if (
        not isinstance(messages, list)
        or not messages
        or not all(isinstance(item, dict) for item in messages)
    ):
        return None
    return [word for item in messages for word in _text(item.get("content")).split()]


def answer(body: Mapping[str, Any], words: list[str]) -> Answer:
    """The last message's words again; with `ignore_eos` over and over, up to `max_tokens`."""
    messages = body.get("messages")
    source = (_text(messages[-1].get("content")).split() if messages else words) or [_NOTHING]
    limit = _limit(body)
    spoken = (
        islice(cycle(source), min(limit, _MOST_TOKENS))
        if body.get("ignore_eos")
        else source[:limit]
    )
    tokens, stopped = _until(_pieces(spoken), _stops(body.get("stop")))
    finish = "length" if not stopped and len(tokens) >= limit else "stop"
    usage = {
        "prompt_tokens": len(words),
        "completion_tokens": len(tokens),
        "total_tokens": len(words) + len(tokens),
    }
    return Answer(tuple(tokens), finish, usage)


def _limit(body: Mapping[str, Any]) -> int:
    for field in ("max_completion_tokens", "max_tokens"):
        value = body.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return _MOST_TOKENS


def _pieces(words: Iterable[str]) -> list[str]:
    return [word if index == 0 else f" {word}" for index, word in enumerate(words)]


def _until(pieces: list[str], stops: list[str]) -> tuple[list[str], bool]:
    """The pieces before the first stop text, the last of them cut; and whether there was one."""
    text = "".join(pieces)
    ends = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    if not ends:
        return pieces, False
    kept, room = [], min(ends)
    for piece in pieces:
        if room <= 0:
            break
        kept.append(piece[:room])
        room -= len(piece)
    return kept, True


def _stops(value: Any) -> list[str]:
    return [value] if isinstance(value, str) and value else [stop for stop in value or [] if stop]


def _text(content: Any) -> str:
    """A message's text: itself, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""
