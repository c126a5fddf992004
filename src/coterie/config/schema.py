"""The JSON schema of a composition, for editors: made from the types, so it cannot disagree."""

from typing import Any

import msgspec

from coterie.config.composition import Composition
from coterie.config.units import DURATION_PATTERN, SIZE_PATTERN

_HUMAN = {
    "bytes": {"pattern": SIZE_PATTERN, "examples": ["480MiB", "1.5GiB", "500MB"]},
    "seconds": {"pattern": DURATION_PATTERN, "examples": ["30s", "250ms", "5m", "1h30m"]},
}


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. Sizes and durations may be numbers or text for people (`1.5GiB`, `30s`)."""
    schema = msgspec.json.schema(Composition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Coterie composition",
        **_opened(schema),
    }


def _opened(schema: Any) -> Any:
    """The schema with numbers that have a unit opened to text in that unit."""
    if isinstance(schema, list):
        return [_opened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {key: _opened(value) for key, value in schema.items() if key != "unit"}
    unit = schema.get("unit")
    if isinstance(unit, str):
        opened |= {"type": [schema["type"], "string"], **_HUMAN[unit]}
    return opened
