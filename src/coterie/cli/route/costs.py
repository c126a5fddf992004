"""What experts cost and how long they take, from a list, an object or a composition.

A JSON list has an object for each expert, with its `name` and the first of some keys; a JSON object
has a number for each name; a composition's experts have `cost`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coterie.config import decode
from coterie.errors import BadRequest

COSTS = ("cost", "active_params_b", "params_b")
SECONDS = ("answer_s",)


def read_costs(path: Path) -> dict[str, float]:
    """What an answer of each expert costs, in any unit; of those it is said of. Raises BadRequest,
    CompositionError.
    """
    return _read(path, "costs", COSTS)


def read_seconds(path: Path) -> dict[str, float]:
    """The seconds until each expert has answered. Raises BadRequest."""
    return _read(path, "latencies", SECONDS)


def checked(
    option: str, said: Mapping[str, float], names: Sequence[str], path: Path
) -> dict[str, float]:
    """Those of `names`. Raises BadRequest where one is missing."""
    missing = [name for name in names if name not in said]
    if missing:
        raise BadRequest(
            f"`--{option}`: {path} has none of {', '.join(missing)}: add it, or choose from the "
            "others with --expert",
            option,
        )
    return {name: said[name] for name in names}


def _read(path: Path, option: str, keys: Sequence[str]) -> dict[str, float]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadRequest(
            f"`--{option}`: {path} cannot be read: {error.strerror or error}", option
        ) from error
    if data.lstrip()[:1] == b"[":
        return _listed(_json(path, data, option), path, option, keys)
    if path.suffix == ".json":
        said = _json(path, data, option)
        if not (isinstance(said, dict) and {"nodes", "experts"} <= said.keys()):
            return _object(said, path, option)
    composition = decode(data, path.name)
    if option != "costs":
        raise BadRequest(f"`--{option}`: {path} is a composition, which does not say it", option)
    return {
        name: one.cost
        for one in composition.experts
        if one.cost
        for name in (one.name, *one.aliases)
    }


def _json(path: Path, data: bytes, option: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise BadRequest(f"`--{option}`: {path}: this is not JSON: {error}", option) from error


def _listed(rows: Any, path: Path, option: str, keys: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise BadRequest(f"`--{option}`: {path}: [{i}]: expected an object with a `name`")
        value = next((row[key] for key in keys if row.get(key) is not None), None)
        if value is not None:
            found[row["name"]] = _number(value, row["name"], path, option)
    if not found:
        raise BadRequest(f"`--{option}`: {path} has no {', '.join(map(repr, keys))}", option)
    return found


def _object(said: Any, path: Path, option: str) -> dict[str, float]:
    if not isinstance(said, dict):
        raise BadRequest(f"`--{option}`: {path}: expected a number for each expert", option)
    return {name: _number(value, name, path, option) for name, value in said.items()}


def _number(value: Any, name: str, path: Path, option: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise BadRequest(
            f"`--{option}`: {path}: that of {name!r} is {value!r}: expected a number above 0",
            option,
        )
    return float(value)
