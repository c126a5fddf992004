from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from coterie.config import decode, json_schema
from coterie.errors import CompositionError

GOOD: dict[str, Any] = {
    "nodes": [{"name": "n", "devices": [{"name": "ram", "hot": "480MiB"}]}],
    "experts": [{"name": "a", "idle_ttl": "1h30m"}],
}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_sizes_and_durations_may_be_numbers_or_text() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.validate(GOOD)
    validator.validate({**GOOD, "limits": {"wait": 3, "body": 4096, "keepalive": 0.5}})
    validator.validate({**GOOD, "limits": {"wait": "250ms", "body": "1.5Gi", "load_base": "1h 5m"}})


@pytest.mark.parametrize(
    "change",
    [
        {"limits": {"body": "much"}},
        {"limits": {"wait": "5 weeks"}},
        {"limits": {"wait": -1}},
        {"limits": {"wiat": 1}},
        {"experts": []},
        {"version": 2},
        {"keys": [{"name": "k", "sha256": "abc"}]},
        {"names": "x"},
    ],
)
def test_what_the_decoder_refuses_by_type_an_editor_marks(change: dict[str, Any]) -> None:
    document = {**GOOD, **change}
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(document))
    with pytest.raises(CompositionError):
        decode(str(document).encode(), "x.yaml")


def test_every_field_says_what_it_is_for() -> None:
    bare = [where for where, field in _fields(json_schema()) if "description" not in field]
    assert bare == []


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for struct, definition in schema["$defs"].items():
        for name, field in definition["properties"].items():
            yield f"{struct}.{name}", field
