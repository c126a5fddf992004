"""Bytes to a Profile, or every problem of the document at once; and back. Nothing is opened.

Read as compositions are: YAML or JSON, sizes and rates as people write them, each problem with its
path and, for YAML, its line.
"""

from collections.abc import Iterator, Set
from typing import Any

import yaml
from msgspec import Struct, inspect

from coterie.config.builder import Unreadable
from coterie.config.document import read
from coterie.config.finding import Finding, nearest, problems
from coterie.config.reader import Reader
from coterie.config.units import (
    format_bandwidth,
    format_operations,
    parse_bandwidth,
    parse_duration,
    parse_operations,
    parse_size,
)
from coterie.errors import Problem, ProfileInvalid
from coterie.hardware.profile import Profile

MAX_BYTES = 1024**2
_UNITS = {
    "bytes/s": (format_bandwidth, parse_bandwidth),
    "operations/s": (format_operations, parse_operations),
    "seconds": (lambda seconds: f"{seconds * 1000:.6g}ms", parse_duration),
}
_SIZES = (("TB", 10**12), ("TiB", 2**40), ("GB", 10**9), ("GiB", 2**30), ("MiB", 2**20))


def decode(data: bytes, name: str) -> Profile:
    """The profile that `data` (YAML or JSON) describes; `name` is what its file is called.

    Raises ProfileInvalid with all that is wrong, a line for each.
    """
    profile, found = draft(data, name)
    if found or profile is None:
        raise ProfileInvalid("\n".join(f"{name}: {problem}" for problem in found))
    return profile


def draft(data: bytes, name: str) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile as far as it can be read, and all that is wrong with it.

    With problems, what is wrong is a default or 0; None: there is nothing to be read at all.
    """
    if len(data) > MAX_BYTES:
        return None, (Problem("", f"it has more than {MAX_BYTES} bytes: that is no profile"),)
    try:
        document = read(data, name)
    except Unreadable as error:
        return None, (Problem("", str(error)),)
    if document.value is None:
        return None, (Problem("", "the document is empty; it needs name, tiers and compute"),)
    reader = Reader()
    profile: Profile = reader.read(document.value, Profile)
    findings = [*document.findings, *reader.findings]
    if not isinstance(document.value, dict):
        return None, problems(findings)
    wrong = {str(path[0]) for path, _ in findings if path}
    findings += _check(profile, wrong)
    return profile, problems(findings, document.value, document.lines)


def as_document(profile: Profile) -> dict[str, Any]:
    """Plain values as people write them, without what is as it would be anyway.

    Decoded again they are the same profile, to the last digit.
    """
    return _written(profile)


def as_yaml(profile: Profile, remark: str = "") -> bytes:
    """The document, with the remark as comments at its beginning."""
    text = "".join(f"# {line}\n" for line in remark.splitlines())
    text += yaml.safe_dump(as_document(profile), sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


def _check(profile: Profile, wrong: Set[str]) -> Iterator[Finding]:
    """What the types alone do not tell; of fields that are `wrong` already, nothing is said."""
    if profile.links is None and not profile.cores and not {"links", "cores"} & wrong:
        yield Finding(
            ("links",),
            "missing: how weights get from host memory to hot memory; only a CPU (`cores`) runs "
            "them where they are",
        )
    places = profile.places()
    for key, paths in (("sources", profile.sources), ("uncertainty", profile.uncertainty)):
        for path in paths:
            if path not in places and path.partition(".")[0] not in wrong:
                yield Finding(
                    (key, path), f"this profile has no such figure{nearest(path, places)}"
                )


def _written(value: Struct) -> dict[str, Any]:
    written: dict[str, Any] = {}
    kind = inspect.type_info(type(value))
    assert isinstance(kind, inspect.StructType)
    for each in kind.fields:
        inner = getattr(value, each.name)
        is_default = not each.required and inner in (each.default, None, {})
        if not is_default or each.name == "version":
            written[each.encode_name] = _plain(inner, _unit(each.type))
    return written


def _unit(kind: inspect.Type) -> str:
    extra = kind.extra if isinstance(kind, inspect.Metadata) else None
    return str((extra or {}).get("unit", ""))


def _plain(value: Any, unit: str) -> Any:
    """A value as people write it, where that says all of it."""
    if isinstance(value, Struct):
        return _written(value)
    if unit == "bytes":
        return _size(value)
    if unit in _UNITS:
        shown, parse = _UNITS[unit]
        text = shown(value)
        return text if "e" not in text and parse(text) == value else value
    return value


def _size(size_bytes: int) -> str | int:
    """In the largest unit that says it exactly with four digits; else bytes."""
    for unit, one in _SIZES:
        text = f"{size_bytes / one:.4g}{unit}"
        if size_bytes >= one and "e" not in text and parse_size(text) == size_bytes:
            return text
    return size_bytes
