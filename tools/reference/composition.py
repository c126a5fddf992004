"""Every field of the document and every option of our engines, from the types that read them."""

from collections.abc import Iterator
from typing import Any

from msgspec import NODEFAULT, inspect

from coterie.config import (
    Composition,
    Journal,
    Key,
    Limits,
    SchedulerOptions,
    Tenant,
    format_duration,
    format_size,
)
from coterie.config.flow import Accept, Flow, Stage
from coterie.config.route import Category, Route, Rule
from coterie.engines.echo.engine import OPTIONS as ECHO
from coterie.engines.llamacpp.options import OPTIONS as LLAMACPP
from coterie.types import Budget, Device, Expert, Node
from tools.reference.markdown import code, page, said, table, value

STRUCTS: tuple[tuple[str, type], ...] = (
    ("The document", Composition),
    ("`nodes[]`", Node),
    ("`nodes[].devices[]`", Device),
    ("`experts[]`", Expert),
    ("`budget`", Budget),
    ("`flows[]`", Flow),
    ("`flows[].stages[]`", Stage),
    ("`flows[].stages[].accept`", Accept),
    ("`routes[]`", Route),
    ("`routes[].rules[]`", Rule),
    ("`routes[].categories[]`", Category),
    ("`limits`", Limits),
    ("`scheduler`", SchedulerOptions),
    ("`keys[]`", Key),
    ("`tenants[]`", Tenant),
    ("`journal`", Journal),
)
_CHILDREN = {struct.__name__: title.strip("`") for title, struct in STRUCTS}

INTRODUCTION = """
One YAML or JSON file describes a whole system. Only `nodes` and `experts` are required.
[`examples/full.yaml`](../../examples/full.yaml) shows every field; `coterie check FILE` says all
that is wrong with a file at once, each problem with its path, its line and what to do.

**Sizes** are bytes: `480MiB` and `1.5GiB` (also `Mi`, `Gi`) count in 1024s, `500MB` in 1000s, a
bare number is bytes. **Durations** are seconds: `250ms`, `30s`, `5m`, `1h30m`, `2d`, a bare number
is seconds; the longest is `365d`. An unknown key is an error. A key appears once. YAML is read by
the core schema of version 1.2: `no` is text, not false.

Editors with a YAML language server complete and check a document that begins with a line like
this one. The schema is [`composition.schema.json`](../composition.schema.json); `coterie schema`
prints it.

```yaml
# yaml-language-server: $schema=./composition.schema.json
```
"""

OPTIONS_NOTE = """
What an expert may say under `options` is its engine's matter. An unknown option is an error.
[Plug-ins](../guides/plugging-in-an-engine.md) have options of their own.
"""


def composition_page() -> str:
    """`composition.md`."""
    return page("The composition document", INTRODUCTION, *_sections(), *_options())


def _sections() -> Iterator[str]:
    for title, struct in STRUCTS:
        described = inspect.type_info(struct)
        assert isinstance(described, inspect.StructType)
        rows = [_row(field) for field in described.fields]
        yield f"## {title}"
        yield said(struct)
        yield table(("field", "type", "default", "what it is"), rows)


def _row(field: inspect.Field) -> tuple[str, str, str, str]:
    kind, extra = field.type, {}
    description = ""
    if isinstance(kind, inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description", "")
        extra = kind.extra or {}
        kind = kind.type
    assert description, f"{field.encode_name} has no description"
    unit = extra.get("unit", "")
    return code(field.encode_name), _kind(kind, unit), _default(field, unit), description


def _kind(kind: inspect.Type, unit: str = "") -> str:
    if isinstance(kind, inspect.Metadata):
        return _kind(kind.type, (kind.extra or {}).get("unit", ""))
    match kind:
        case inspect.IntType() if unit == "bytes":
            return "size"
        case inspect.FloatType() if unit == "seconds":
            return "duration" + ("" if kind.gt is None else f" > {kind.gt:g}")
        case inspect.IntType():
            return "whole number" + _bounds(kind)
        case inspect.FloatType():
            return "number" + _bounds(kind)
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return " or ".join(value(one) for one in kind.values)
        case inspect.VarTupleType():
            return f"list of {_kind(kind.item_type)}"
        case inspect.DictType():
            return "mapping"
        case inspect.UnionType():
            return _kind(next(one for one in kind.types if not isinstance(one, inspect.NoneType)))
        case inspect.StructType():
            title = _CHILDREN[kind.cls.__name__]
            anchor = "".join(letter for letter in title if letter.isalnum())
            return f"[{title}](#{anchor})"
        case _:
            raise AssertionError(f"no word for {kind!r}")


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    least = "" if kind.ge is None else f" ≥ {kind.ge}"
    most = "" if kind.le is None else f", ≤ {kind.le}"
    return least + most


def _default(field: inspect.Field, unit: str) -> str:
    if field.required:
        return "required"
    given: Any = field.default
    if given is NODEFAULT:
        given = field.default_factory()
    if isinstance(field.type, inspect.Metadata) and isinstance(field.type.type, inspect.StructType):
        return "its defaults"
    if unit == "bytes":
        return code(format_size(given) if given else "0")
    if unit == "seconds":
        return code(format_duration(given) if given else "0")
    return value(given) if given not in ("", None) else "empty"


def _options() -> Iterator[str]:
    yield "## Options of engines"
    yield OPTIONS_NOTE
    yield "### `llamacpp`"
    yield "Runs a GGUF file with llama.cpp, in a worker process for each replica."
    rows = [
        (code(name), _words(option.kind), option.doc) for name, option in sorted(LLAMACPP.items())
    ]
    yield table(("option", "type", "what it is"), rows)
    yield "### `echo`"
    yield "Answers with what it was asked. Needs no weights; for trying out clients and for tests."
    yield table(("option", "what it is"), [(code(name), doc) for name, doc in sorted(ECHO.items())])


def _words(kind: str | tuple[str, ...]) -> str:
    if isinstance(kind, tuple):
        return ", ".join(map(code, kind))
    words = {
        "int": "whole number",
        "float": "number",
        "bool": "true or false",
        "str": "text",
        "lora": "list of `{path, scale}`",
    }
    return words[kind]
