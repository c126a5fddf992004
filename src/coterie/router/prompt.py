"""What a router reads of a request: a bounded text, a few facts, and which conversation it is of.

A request of megabytes costs no more than one of a page, and no body is too odd to be read: what is
not as OpenAI has it counts as not there.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct, field

TEXT = 8192  # characters of the last message that are read: half from its head, half from its tail
CONTEXT = 2048  # characters of the user's messages before it
BRIEF = 200  # a last message with fewer characters is judged together with those before it
BYTES_PER_TOKEN = 4
MOST_MESSAGES = 4096  # of a conversation that are looked at, from its end
MOST_PARTS = 256  # of a message's content
MOST_METADATA = 64
MOST_KEY = 256  # characters of a key that a client gives
SAMPLE = 4096

IMAGES = ("image_url", "input_image", "image")
JSON_FORMATS = ("json_object", "json_schema")
CODE = re.compile(  # in linear time: every repetition ends at the end of a line
    r"""```|Traceback\ \(most\ recent|(?:[{}]|\);)[ \t]*\n[ \t]*[\w}]
    |\b(?:def|fn|func|function)\ \w{1,80}\([^()\n]{0,160}\)[ \t]*(?:[:{]|->)
    |</(?:div|script|html|body|p|a|span|table)>
    |^[ \t]*(?:\#include\b|\#!/|def\ \w+\(|class\ \w+[:({]
        |import\ \w+[ \t]*$|from\ [\w.]+\ import[ ]
        |(?:public|private|static|export|async)\ (?:class|def|fn|function|void|int|static|const)\b
        |(?:func|fn|function)\ \w+\(|(?:const|let|var)\ \w+\ ?=|SELECT\ .{1,200}\ FROM[ ])""",
    re.VERBOSE | re.MULTILINE,
)


class Prompt(Struct, frozen=True):
    """`text`: what the user said last; `context`: said before that, the latest first; `tokens`: of
    everything that is sent, about (a quarter of its bytes); `turn`: which turn of the
    `conversation` it is, the same for a request that is sent again; `begins`: nothing was answered
    in it before, and its key is made of nothing but its content.
    """

    text: str = ""
    context: str = ""
    tokens: int = 0
    output_tokens: int = 0
    tools: bool = False
    images: bool = False
    json: bool = False
    code: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    turns: int = 0
    conversation: str = ""
    turn: str = ""
    begins: bool = True

    @property
    def judged(self) -> str:
        """The text by which categories and scores are found: a short message such as `and in
        French?` says little without those before it.
        """
        if len(self.text) >= BRIEF or not self.context:
            return self.text
        return f"{self.text}\n{self.context}"

    @property
    def wants(self) -> tuple[str, ...]:
        """What an expert must be capable of."""
        said = (("tools", self.tools), ("json", self.json), ("images", self.images))
        return tuple(name for name, wanted in said if wanted)


def read_prompt(
    body: Mapping[str, Any], *, tenant: str = "", session: str = "", output_tokens: int = 0
) -> Prompt:
    """Reads the body of a chat, a completion or a response. Never raises, whatever is in it.

    `session`: the conversation's key where a header says it; else the body's `prompt_cache_key` or
    `conversation`; else it is made of the tenant, the system's words and the user's first message.
    (`user` is somebody with many conversations.)
    """
    messages = list(_messages(body))
    asked = [text for role, text, _ in messages if role == "user"]
    text = asked[-1] if asked else ""
    system = next((text for role, text, _ in messages if role in ("system", "developer")), "")
    given = session or _given(body)
    bounded = _ends(text, TEXT)
    return Prompt(
        text=bounded,
        context=_earlier(asked[:-1]),
        tokens=_tokens(body, messages),
        output_tokens=output_tokens,
        tools=_is_list(body.get("tools")) or _is_list(body.get("functions")),
        images=any(images for _, _, images in messages),
        json=_wants_json(body),
        code=CODE.search(bounded) is not None,
        metadata=_metadata(body.get("metadata")),
        turns=len(asked),
        conversation=_key(tenant, "given", given)
        if given
        else _key(tenant, system, asked[0] if asked else ""),
        turn=_key(str(len(asked)), text),
        begins=not given and all(role != "assistant" for role, _, _ in messages),
    )


def _messages(body: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Role, text, and whether it has images, of each message. A prompt is a user's message."""
    said = body.get("messages")
    if said is None:
        said = body.get("input")
    if said is None:
        said = body.get("prompt")
    if isinstance(body.get("instructions"), str):
        yield "system", body["instructions"], False
    if isinstance(said, str):
        yield "user", said, False
    if not isinstance(said, list):
        return
    first, rest = said[:2], said[2:]
    for message in (*first, *rest[-MOST_MESSAGES:]):
        if isinstance(message, str):  # several prompts in one
            yield "user", message, False
        elif isinstance(message, dict):
            role = message.get("role")
            text, images = _content(message.get("content"))
            yield role if isinstance(role, str) else "", text, images


def _content(content: Any) -> tuple[str, bool]:
    if isinstance(content, str):
        return content, False
    if not isinstance(content, list):
        return "", False
    texts: list[str] = []
    images = False
    for part in content[:MOST_PARTS]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            if isinstance(part.get("text"), str):
                texts.append(part["text"])
            images |= part.get("type") in IMAGES
    return "\n".join(texts), images


def _ends(text: str, most: int) -> str:
    """Head and tail of a text: what is asked mostly stands before or after what it is asked of."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n{text[-half:]}"


def _earlier(asked: list[str]) -> str:
    pieces: list[str] = []
    left = CONTEXT
    for text in reversed(asked):
        if left <= 0:
            break
        pieces.append(_ends(text, left))
        left -= len(text) + 1
    return "\n".join(pieces)


def _tokens(body: Mapping[str, Any], messages: list[tuple[str, str, bool]]) -> int:
    size = sum(_bytes(text) for _, text, _ in messages)
    for name in ("tools", "functions"):
        if _is_list(body.get(name)):
            size += _written(body[name])
    ids: Any = body.get("prompt")
    if _is_list(ids) and isinstance(ids[0], int):  # a completion may come in tokens
        size += len(ids) * BYTES_PER_TOKEN
    return size // BYTES_PER_TOKEN


def _bytes(text: str) -> int:
    """Of the text in UTF-8; of a long one judged by its beginning."""
    if text.isascii():
        return len(text)
    sample = text[:SAMPLE]
    return len(sample.encode("utf-8", "replace")) * len(text) // len(sample)


def _written(value: Any) -> int:
    """About how many characters a value has in JSON; 0 where there is no telling."""
    try:
        return len(repr(value))
    except (ValueError, RecursionError):  # a number of thousands of digits; nested too deeply
        return 0


def _wants_json(body: Mapping[str, Any]) -> bool:
    form = body.get("response_format")
    if form is None and isinstance(text := body.get("text"), dict):
        form = text.get("format")
    return isinstance(form, dict) and form.get("type") in JSON_FORMATS


def _metadata(said: Any) -> dict[str, str]:
    """Plain values as text; what has parts is left out."""
    if not isinstance(said, dict):
        return {}
    found: dict[str, str] = {}
    for key, value in list(said.items())[:MOST_METADATA]:
        if isinstance(value, bool):
            found[key] = "true" if value else "false"
        elif isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63):
            found[key] = str(value)
    return found


def _given(body: Mapping[str, Any]) -> str:
    conversation = body.get("conversation")
    if isinstance(conversation, dict):
        conversation = conversation.get("id")
    for said in (body.get("prompt_cache_key"), conversation):
        if isinstance(said, str) and said:
            return said
    return ""


def _key(*parts: str) -> str:
    """A digest of texts, each by its ends and its length."""
    digest = sha256()
    for part in parts:
        bounded = _ends(part, TEXT).encode("utf-8", "surrogatepass")
        digest.update(b"%d:%d:%b" % (len(part), len(bounded), bounded))
    return digest.hexdigest()[:32]


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)
