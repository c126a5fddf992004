"""Bytes to plain values, YAML or JSON: nothing that a document says may surprise.

YAML is read by the core schema of its version 1.2: `no` is a word, and so are `1:30` and a date.
Keys are words and appear once. Nesting and aliases are bounded: a small document stays small.
"""

import json
from typing import Any, NamedTuple

import yaml

from coterie.config.builder import Builder, Unreadable
from coterie.config.finding import Finding, Lines, shorten

MAX_BYTES = 16 * 1024**2


class Document(NamedTuple):
    """Plain values (None, bool, int, float, str, list, dict), and what was wrong on the way."""

    value: Any
    findings: tuple[Finding, ...]
    lines: Lines


def read(data: bytes, name: str) -> Document:
    """`data` as JSON where it is, and as YAML otherwise. Raises Unreadable where it is neither."""
    if len(data) > MAX_BYTES:
        raise Unreadable(
            f"{len(data)} bytes are too many for a composition; the most is {MAX_BYTES}"
        )
    if name.endswith(".json"):
        return _read_json(data)
    if data.lstrip()[:1] == b"{":
        try:
            return _read_json(data)
        except Unreadable:
            return _read_yaml(data)  # a YAML flow mapping looks like JSON, too
    return _read_yaml(data)


def _read_yaml(data: bytes) -> Document:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = Builder()
    try:
        for event in yaml.parse(data, Loader=loader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_syntax_problem(error, data)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Unreadable(f"this is not YAML: {' '.join(str(error).split())}") from error
    return Document(builder.value, tuple(builder.findings), builder.lines)


def _syntax_problem(error: yaml.MarkedYAMLError, data: bytes) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    why = " ".join(part for part in (error.context, error.problem) if part)
    lines = data.splitlines()
    hint = ""
    if mark and mark.line < len(lines) and lines[mark.line].lstrip(b" ")[:1] == b"\t":
        hint = "; indent with spaces, not with tabs"
    return f"this is not YAML: {where}{why or 'it cannot be read'}{hint}"


def _read_json(data: bytes) -> Document:
    findings: list[Finding] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            findings.extend(
                Finding((), f"the key {shorten(key)} appears more than once in one object")
                for key in twice
            )
        return found

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=mapping)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"this is not JSON: {where}: {error.msg}") from error
    except RecursionError as error:
        raise Unreadable("this JSON is nested too deeply for a composition") from error
    except ValueError as error:  # not UTF-8, or a number of thousands of digits
        raise Unreadable(f"this is not JSON: {error}") from error
    return Document(value, tuple(findings), {})
