"""YAML events to plain values: one pass, no recursion, every growth bounded."""

import re
from typing import Any

import yaml

from coterie.config.finding import Finding, Path, shorten

MAX_DEPTH = 64
MAX_VALUES = 1_000_000

_MERGE = "<<"
_CORE_TAG = "tag:yaml.org,2002:"
_CORE_TYPES = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Unreadable(Exception):
    """The document has no meaning at all; the message says where and why."""


class _Frame:
    """A mapping or sequence that is being read, at `place` in the one around it."""

    __slots__ = ("anchor", "before", "container", "key", "key_line", "merged", "merging", "place")

    def __init__(
        self,
        container: dict[str, Any] | list[Any],
        place: str | int | None,
        anchor: str | None,
        before: int,
    ) -> None:
        self.container = container
        self.place = place
        self.anchor = anchor
        self.before = before
        self.key: str | None = None
        self.key_line = 0
        self.merging = False
        self.merged: list[Any] = []

    def item(self) -> str | int | None:
        """The key or index of the value that comes next; None where a key comes next."""
        return len(self.container) if isinstance(self.container, list) else self.key


class Builder:
    """Takes the events of one document; then `value`, `findings` and `lines` say what it holds."""

    def __init__(self) -> None:
        self.value: Any = None
        self.findings: list[Finding] = []
        self.lines: dict[tuple[int, str | int], int] = {}
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Raises Unreadable where the document asks for what no composition needs."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise Unreadable(f"line {line}: a second document begins; keep one to a file")
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                self._alias(event, line)
            case yaml.MappingStartEvent():
                self._open({}, event, line)
            case yaml.SequenceStartEvent():
                self._open([], event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._count(1, line)
        plain = event.implicit[0] and event.tag is None
        if self._stack and self._stack[-1].item() is None:
            self._key(self._stack[-1], event.value, plain, line)
            return
        tag = self._tag(event.tag)
        value = scalar(event.value) if plain or tag not in (None, "str") else event.value
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, line)

    def _key(self, frame: _Frame, key: str, plain: bool, line: int) -> None:
        frame.key, frame.key_line, frame.merging = key, line, plain and key == _MERGE
        if frame.merging:
            return
        if plain and not isinstance(scalar(key), str):
            self._find(f"the key {key or 'null'} is not a word; put it in quotes")
        if key in frame.container:
            first = self.lines.get((id(frame.container), key))
            self._find(f"appears twice, first in line {first}; keep one")

    def _alias(self, event: yaml.AliasEvent, line: int) -> None:
        if event.anchor not in self._anchors:
            raise Unreadable(f"line {line}: no anchor &{event.anchor} ends above this alias")
        value, size = self._anchors[event.anchor]
        self._count(size, line)
        self._put(value, line)

    def _open(self, container: dict[str, Any] | list[Any], event: Any, line: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise Unreadable(f"line {line}: nested more than {MAX_DEPTH} deep")
        self._tag(event.tag)
        place = self._stack[-1].item() if self._stack else None
        frame = _Frame(container, place, event.anchor, self._values)
        self._count(1, line)
        self._put(container, line)
        self._stack.append(frame)

    def _close(self) -> None:
        frame = self._stack[-1]
        sources: list[Any] = []
        for merged in frame.merged:
            sources.extend(merged if isinstance(merged, list) else [merged])
        for source in sources:
            if isinstance(source, dict) and isinstance(frame.container, dict):
                frame.container.update({**source, **frame.container})
            else:
                self._find("'<<' merges mappings only; give it an alias of a mapping")
        self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.container, self._values - frame.before)

    def _put(self, value: Any, line: int) -> None:
        if not self._stack:
            self.value = value
            return
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            self.lines[id(frame.container), len(frame.container)] = line
            frame.container.append(value)
        elif frame.key is None:
            raise Unreadable(f"line {line}: a key must be a word, not a list, mapping or alias")
        else:
            if frame.merging:
                frame.merged.append(value)
            else:
                self.lines[id(frame.container), frame.key] = frame.key_line
                frame.container[frame.key] = value
            frame.key = None

    def _find(self, message: str) -> None:
        """Notes a finding at the item that is being read."""
        places = [frame.place for frame in self._stack] + [f.item() for f in self._stack[-1:]]
        path: Path = tuple(place for place in places if place is not None)
        self.findings.append(Finding(path, message))

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise Unreadable(f"line {line}: more than {MAX_VALUES} values, aliases counted in full")

    def _tag(self, tag: str | None) -> str | None:
        if tag is None or tag == "!":
            return None if tag is None else "str"
        kind = tag.removeprefix(_CORE_TAG)
        if kind not in _CORE_TYPES:
            self._find(f"the tag {shorten(tag)} is not understood; remove it")
        return kind


def scalar(text: str) -> Any:
    """A plain scalar's value by YAML 1.2's core schema; what is too long for a number is a word."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 40:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) or _NO_NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
