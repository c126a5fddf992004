"""Plain values to types, by the types alone: everything wrong is found at once, each with its path.

msgspec's own conversion stops at the first error. This one goes on: what is wrong is replaced by a
default or an empty value, so that the checks on the whole can still run.
"""

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from msgspec import NODEFAULT, inspect

from coterie.config.finding import Finding, Path, listed, nearest, shorten
from coterie.config.units import (
    MAX_RATE,
    MAX_SECONDS,
    format_duration,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_operations,
    parse_size,
)

MAX_INTEGER = 2**63 - 1
MAX_DEPTH = 64


class _Wrong:
    """Stands where a value could not be read."""


_WRONG: Final = _Wrong()
_RATES: Final = {
    "bytes/s": (parse_bandwidth, "a bandwidth such as 1.8TB/s"),
    "operations/s": (parse_operations, "a rate such as 989TFLOP/s"),
}


class Reader:
    """Reads values as types; `findings` collects what was wrong."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def read(self, value: Any, kind: type) -> Any:
        """The value as a `kind`. Where `findings` grew, parts of it are stand-ins."""
        return self._read(value, _described(kind), ())

    def _wrong(self, path: Path, message: str) -> _Wrong:
        self.findings.append(Finding(path, message))
        return _WRONG

    def _read(self, value: Any, kind: inspect.Type, path: Path) -> Any:
        kind, extra = _unwrapped(kind)
        unit = extra.get("unit")
        match kind:
            case inspect.StructType():
                return self._struct(value, kind, path)
            case inspect.VarTupleType():
                return self._tuple(value, kind, path)
            case inspect.DictType() if isinstance(kind.value_type, inspect.AnyType):
                return self._plain_mapping(value, path)
            case inspect.DictType():
                return self._mapping(value, kind, path)
            case inspect.UnionType() if kind.includes_none:
                if value is None:
                    return None
                (inner,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
                return self._read(value, inner, path)
            case inspect.IntType() if unit == "bytes":
                return self._integer(self._human(value, parse_size, path), kind, path, format_size)
            case inspect.IntType():
                return self._integer(value, kind, path, str)
            case inspect.FloatType() if unit == "seconds":
                return self._seconds(self._human(value, parse_duration, path), kind, path)
            case inspect.FloatType() if unit in _RATES:
                parse, wanted = _RATES[unit]
                return self._rate(self._human(value, parse, path), wanted, path)
            case inspect.FloatType():
                return self._number(value, kind, path)
            case inspect.StrType():
                return self._string(value, kind, path, extra.get("expected", "other text"))
            case inspect.BoolType():
                if isinstance(value, bool):
                    return value
                return self._wrong(path, f"expected true or false, not {_said(value)}")
            case inspect.LiteralType():
                if type(value) in map(type, kind.values) and value in kind.values:
                    return value
                known = " or ".join(map(repr, kind.values))
                return self._wrong(path, f"expected {known}, not {_said(value)}")
            case _:
                raise AssertionError(f"the document has no values of type {kind!r}")

    def _struct(self, value: Any, kind: inspect.StructType, path: Path) -> Any:
        fields = {field.encode_name: field for field in kind.fields}
        required = [name for name, field in fields.items() if field.required]
        if not isinstance(value, dict):
            keys = listed(required or list(fields)[:3])
            self._wrong(path, f"expected a mapping with {keys}, not {_said(value)}")
            value = {}
        else:
            for key in value:
                if key not in fields:
                    hint = nearest(key, list(fields)) or f"; known are {listed(list(fields), 20)}"
                    self._wrong((*path, key), f"unknown key{hint}")
            for name in required:
                if name not in value:
                    self._wrong((*path, name), f"missing{_purpose(fields[name].type)}")
        arguments = {}
        for name, field in fields.items():
            read = _WRONG
            if name in value:
                read = self._read(value[name], field.type, (*path, name))
            arguments[field.name] = _stand_in(field) if read is _WRONG else read
        return kind.cls(**arguments)

    def _tuple(self, value: Any, kind: inspect.VarTupleType, path: Path) -> Any:
        if not isinstance(value, list):
            plain = isinstance(value, str) and value.isprintable()
            hint = f"; write [{value}]" if plain else ""
            return self._wrong(path, f"expected a list, not {_said(value)}{hint}")
        if len(value) < (kind.min_length or 0):
            self._wrong(path, f"expected at least {kind.min_length}, not an empty list")
        items = (self._read(item, kind.item_type, (*path, i)) for i, item in enumerate(value))
        return tuple(_empty(kind.item_type) if item is _WRONG else item for item in items)

    def _human(self, value: Any, parse: Callable[[str], float], path: Path) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except ValueError as error:
            return self._wrong(path, str(error))

    def _integer(
        self, value: Any, kind: inspect.IntType, path: Path, shown: Callable[[int], str]
    ) -> Any:
        if value is _WRONG:
            return value
        if not isinstance(value, int) or isinstance(value, bool):
            wanted = "a whole number" if shown is str else "a size such as 480MiB or 1.5GiB"
            return self._wrong(path, f"expected {wanted}, not {_said(value)}")
        least = MAX_INTEGER * -1 if kind.ge is None else kind.ge
        most = MAX_INTEGER if kind.le is None else kind.le
        if value < least:
            return self._wrong(path, f"expected at least {shown(least)}, not {shorten(value)}")
        if value > most:
            return self._wrong(path, f"expected at most {shown(most)}, not {shorten(value)}")
        return value

    def _seconds(self, value: Any, kind: inspect.FloatType, path: Path) -> Any:
        if value is _WRONG:
            return value
        if not isinstance(value, int | float) or isinstance(value, bool):
            return self._wrong(path, f"expected a duration such as 30s or 5m, not {_said(value)}")
        if kind.gt is not None and value <= kind.gt:
            least = format_duration(kind.gt)
            return self._wrong(path, f"expected more than {least}, not {shorten(value)}")
        if kind.ge is not None and value < kind.ge:
            least = format_duration(kind.ge)
            return self._wrong(path, f"expected at least {least}, not {shorten(value)}")
        if not value <= MAX_SECONDS:  # NaN, too, is not
            return self._wrong(path, f"expected at most 365d, not {shorten(value)}")
        return float(value)

    def _rate(self, value: Any, wanted: str, path: Path) -> Any:
        if value is _WRONG:
            return value
        if not isinstance(value, int | float) or isinstance(value, bool):
            return self._wrong(path, f"expected {wanted}, not {_said(value)}")
        if not 0 < value <= MAX_RATE:  # NaN, too, is not
            return self._wrong(path, f"expected {wanted}, more than 0, not {shorten(value)}")
        return float(value)

    def _number(self, value: Any, kind: inspect.FloatType, path: Path) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return self._wrong(path, f"expected a number, not {_said(value)}")
        least = -MAX_INTEGER if kind.ge is None else kind.ge
        most = MAX_INTEGER if kind.le is None else kind.le
        is_above = kind.gt is None or value > kind.gt
        if not (least <= value <= most and is_above):  # NaN, too, is not
            bounds = (
                f"from {least:g} to {most:g}" if kind.le is not None else f"of at least {least:g}"
            )
            if kind.gt is not None:
                limit = f", at most {most:g}" if kind.le is not None else ""
                bounds = f"above {kind.gt:g}{limit}"
            return self._wrong(path, f"expected a number {bounds}, not {shorten(value)}")
        return float(value)

    def _string(self, value: Any, kind: inspect.StrType, path: Path, expected: str) -> Any:
        if not isinstance(value, str):
            quotes = "" if value is None or isinstance(value, list | dict) else "; put it in quotes"
            return self._wrong(path, f"expected text, not {_said(value)}{quotes}")
        if not _encodable(value) or "\0" in value:
            return self._wrong(path, f"{shorten(value)} holds characters that no text has")
        if kind.pattern is not None and not re.fullmatch(kind.pattern, value):
            return self._wrong(path, f"expected {expected}, not {shorten(value)}")
        if len(value) < (kind.min_length or 0):
            return self._wrong(path, "expected text, not ''")
        return value

    def _plain_mapping(self, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, f"expected a mapping, not {_said(value)}")
        before = len(self.findings)
        self._plain(value, path)
        return value if len(self.findings) == before else _WRONG

    def _mapping(self, value: Any, kind: inspect.DictType, path: Path) -> Any:
        """Words to values of one type; what is wrong is left out."""
        if not isinstance(value, dict):
            return self._wrong(path, f"expected a mapping, not {_said(value)}")
        found = {}
        for key, item in value.items():
            if not _encodable(key):
                self._wrong(path, f"the key {shorten(key)} holds characters that no text has")
                continue
            read = self._read(item, kind.value_type, (*path, key))
            if read is not _WRONG:
                found[key] = read
        return found

    def _plain(self, value: Any, path: Path) -> None:
        """Any value that JSON has, too."""
        if len(path) > MAX_DEPTH:
            self._wrong(path[:8], f"nested more than {MAX_DEPTH} deep")
        elif isinstance(value, dict):
            for key, item in value.items():
                if not _encodable(key):
                    self._wrong(path, f"the key {shorten(key)} holds characters that no text has")
                self._plain(item, (*path, key))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                self._plain(item, (*path, i))
        elif isinstance(value, str) and not _encodable(value):
            self._wrong(path, f"{shorten(value)} holds characters that no text has")
        elif isinstance(value, float) and not math.isfinite(value):
            self._wrong(path, f"expected a finite number, not {value}")
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            self._wrong(path, f"expected a number of at most 64 bits, not {shorten(value)}")


@cache
def _described(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    if isinstance(kind, inspect.Metadata):
        return kind.type, kind.extra or {}
    return kind, {}


def _purpose(kind: inspect.Type) -> str:
    """What a field is for, in brackets, by its own description."""
    extra = kind.extra_json_schema if isinstance(kind, inspect.Metadata) else None
    return f" ({extra['description']})" if extra and "description" in extra else ""


def _stand_in(field: inspect.Field) -> Any:
    if field.default is not NODEFAULT:
        return field.default
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return _empty(field.type)


def _empty(kind: inspect.Type) -> Any:
    kind, _ = _unwrapped(kind)
    match kind:
        case inspect.StructType():
            return kind.cls(**{field.name: _stand_in(field) for field in kind.fields})
        case inspect.VarTupleType():
            return ()
        case inspect.StrType():
            return ""
        case inspect.LiteralType():
            return kind.values[0]
        case _:
            return 0


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _said(value: Any) -> str:
    """A value as the document has it, for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return shorten(value)
