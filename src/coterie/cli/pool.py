"""The experts that may be deployed, from a composition or a JSON list: what each takes, and costs.

A list has an object for each expert: its `name`, its size as `bytes` or `bf16_gb`, and where known
`active_params_b` (or `params_b`), `load_s` and `answer_s`; and the fields of an expert in a
composition (`weights`, `engine`, `context`, …) if one is to be written. Of weights that are on this
machine, the size is what a replica takes. Several files add to each other; the last has the say.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from coterie import engines
from coterie.cli.state import state_dir
from coterie.config import Composition, decode, parse_size
from coterie.config.document import read
from coterie.config.reader import Reader
from coterie.errors import PlanImpossible
from coterie.planner import Candidate
from coterie.registry import Registry
from coterie.types import Expert

DECLARED = tuple(field.encode_name for field in structs.fields(Expert))
SIZES = ("bytes", "bf16_gb", "weights", "engine")


class Pool(Struct, frozen=True):
    """`rows`: what the files say of each expert, by its name; `document`: the composition among
    them, as it is written, and `folder`, where it lies. `closed`: those whose size is null.
    """

    candidates: tuple[Candidate, ...]
    rows: dict[str, dict[str, Any]]
    document: dict[str, Any]
    folder: Path
    closed: tuple[str, ...]

    def declared(self, name: str) -> dict[str, Any]:
        """What a composition says of it."""
        return {key: value for key, value in self.rows[name].items() if key in DECLARED}

    def can_run(self, name: str) -> bool:
        """Whether enough is known to serve it."""
        said = self.declared(name)
        if "weights" in said or "engine" not in said:
            return "weights" in said
        return not engines.create(said["engine"], self.folder).needs_weights


def read_pool(paths: Sequence[Path], state: Path | None, load_rate: int) -> Pool:
    """`load_rate`: bytes a second, for experts of which no `load_s` is said. Raises PlanImpossible,
    CompositionError, WeightsError.
    """
    rows: dict[str, dict[str, Any]] = {}
    document: dict[str, Any] = {}
    folder = Path()
    name = "coterie"
    for path in paths:
        found, composition = _read(path)
        if composition is not None:
            if document:
                raise PlanImpossible(f"{path}: a second composition: give one, and lists beside it")
            document, folder, name = found, path.resolve().parent, composition.name
            listed = found["experts"]
        else:
            listed = found
            folder = folder if document else path.resolve().parent
        for row in listed:
            said = {key: value for key, value in row.items() if value is not None}
            rows[row["name"]] = rows.get(row["name"], {}) | said | _nulls(row, rows)
    where = state_dir(state, name)
    registry = Registry(where, folder)
    closed = tuple(one for one, row in rows.items() if _is_closed(row))
    candidates = tuple(
        _candidate(row, registry, where, load_rate)
        for one, row in rows.items()
        if one not in closed
    )
    return Pool(candidates, rows, document, folder, closed)


def _read(path: Path) -> tuple[Any, Composition | None]:
    """The rows of a list, or a document and its composition."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanImpossible(f"{path}: cannot be read: {error.strerror or error}") from error
    if data.lstrip()[:1] != b"[":
        composition = decode(data, path.name)
        return read(data, path.name).value, composition
    try:
        rows = json.loads(data)
    except ValueError as error:
        raise PlanImpossible(f"{path}: this is not JSON: {error}") from error
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise PlanImpossible(f"{path}: [{i}]: expected an object with a `name`")
    return rows, None


def _nulls(row: dict[str, Any], rows: dict[str, dict[str, Any]]) -> dict[str, None]:
    """Sizes that are said to be none, of an expert that has no other."""
    before = rows.get(row["name"], {})
    return {key: None for key in SIZES if key in row and row[key] is None and key not in before}


def _is_closed(row: dict[str, Any]) -> bool:
    said = [row[key] for key in SIZES if key in row]
    return bool(said) and all(value is None for value in said)


def _candidate(row: dict[str, Any], registry: Registry, state: Path, load_rate: int) -> Candidate:
    size_bytes = _size(row, registry, state)
    billions = _number(row, "active_params_b") or _number(row, "params_b") or 0.0
    load_s = _number(row, "load_s")
    return Candidate(
        row["name"],
        size_bytes,
        active_parameters=billions * 1e9,
        load_s=size_bytes / load_rate if load_s is None else load_s,
        answer_s=_number(row, "answer_s") or 0.0,
    )


def _size(row: dict[str, Any], registry: Registry, state: Path) -> int:
    said = row.get("bytes")
    if said is not None:
        try:
            size = parse_size(str(said))
        except ValueError as error:
            raise PlanImpossible(f"expert {row['name']!r}: `bytes`: {error}") from error
    else:
        billions = _number(row, "bf16_gb")
        size = _footprint(row, registry, state) or round((billions or 0.0) * 1e9)
    if size <= 0:
        raise PlanImpossible(
            f"expert {row['name']!r}: its size is not known, since its weights are not on this "
            "machine: give `--experts SIZES.json` as well, a list that says its `bytes`"
        )
    return size


def _footprint(row: dict[str, Any], registry: Registry, state: Path) -> int:
    """Bytes that a replica takes; 0: its weights are not here."""
    if "weights" not in row and "engine" not in row:
        return 0
    reader = Reader()
    expert = reader.read({key: row[key] for key in DECLARED if key in row}, Expert)
    for path, message in reader.findings:
        field = ".".join(map(str, path))
        raise PlanImpossible(f"expert {row['name']!r}: {field}: {message}")
    engine = engines.create(expert.engine, state)
    weights = registry.glance(expert.weights) if expert.weights else None
    if weights is None and engine.needs_weights:
        return 0
    return engine.footprint(expert, weights).hot_bytes


def _number(row: dict[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise PlanImpossible(f"expert {row['name']!r}: `{key}` is {value!r}: expected 0 or more")
    return float(value)
