"""Rated prompts: how well each expert answered each of them, read from JSONL, CSV or Parquet.

A file has a row for each prompt, with the columns `prompt`, and where known `id`, `category` (also
`domain` or `label`) and a score from 0 to 1 for each expert: JSONL in an object `scores`, all
formats in columns `score:EXPERT`. Two files are joined by `id`: prompts in one, and in the other
`id` and a column for each expert. A score that is left blank was not measured. Files may be
gzipped.
"""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.errors import RatingsInvalid

Floats = npt.NDArray[np.float32]

CATEGORIES = ("category", "domain", "label")
PREFIX = "score:"


@dataclass(frozen=True)
class Ratings:
    """n prompts by m experts. `scores`: n x m, from 0 to 1, NaN where it was not measured;
    `categories`: n, empty strings where they are not known.
    """

    ids: tuple[str, ...]
    prompts: tuple[str, ...]
    categories: tuple[str, ...]
    experts: tuple[str, ...]
    scores: Floats

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def has_categories(self) -> bool:
        return any(self.categories)

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Ratings":
        """Those rows, in that order."""
        return replace(
            self,
            ids=tuple(self.ids[i] for i in rows),
            prompts=tuple(self.prompts[i] for i in rows),
            categories=tuple(self.categories[i] for i in rows),
            scores=self.scores[np.asarray(rows, dtype=np.int64)],
        )

    def only(self, experts: Sequence[str]) -> "Ratings":
        """Those experts, in that order. Raises RatingsInvalid where one has no scores."""
        for name in experts:
            if name not in self.experts:
                raise RatingsInvalid(
                    f"expert {name!r} has no scores: there are {', '.join(self.experts)}"
                )
        columns = [self.experts.index(name) for name in experts]
        return replace(self, experts=tuple(experts), scores=self.scores[:, columns])


def read_ratings(paths: Sequence[Path]) -> Ratings:
    """One file of ratings, or one of prompts and one of scores. Raises RatingsInvalid."""
    if len(paths) == 1:
        return _ratings(str(paths[0]), _rows(paths[0]))
    if len(paths) != 2:
        raise RatingsInvalid(
            f"{len(paths)} files; expected one, or one of prompts and one of scores"
        )
    first, second = (list(_rows(path)) for path in paths)
    (prompts, at), (scores, other) = (first, paths[0]), (second, paths[1])
    if first and "prompt" not in first[0][1]:
        (prompts, at), (scores, other) = (second, paths[1]), (first, paths[0])
    return _ratings(str(at), _joined(prompts, scores, str(at), str(other)))


def _joined(
    prompts: list[tuple[int, dict[str, Any]]],
    scores: list[tuple[int, dict[str, Any]]],
    at: str,
    other: str,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Prompts with their scores. Raises RatingsInvalid where the two disagree on who is there."""
    by_id: dict[str, dict[str, Any]] = {}
    for line, row in _unique(scores, other):
        if row.get("id") in (None, ""):
            raise RatingsInvalid(f"{other}:{line}: no `id`: two files are joined by it")
        by_id[str(row["id"])] = row
    for line, row in _unique(prompts, at):
        found = by_id.pop(str(row.get("id", "")), None)
        if found is None:
            raise RatingsInvalid(
                f"{at}:{line}: the prompt {row.get('id')!r} has no scores in {other}: the files "
                "disagree; remove it, or add its scores"
            )
        yield line, {**row, "scores": {k: v for k, v in found.items() if k != "id"}}
    if by_id:
        raise RatingsInvalid(
            f"{other}: {len(by_id)} scores are of prompts that {at} has not, such as "
            f"{next(iter(by_id))!r}: the files disagree"
        )


def _unique(
    rows: Iterable[tuple[int, dict[str, Any]]], name: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Those rows. Raises RatingsInvalid where two have one id."""
    seen: set[str] = set()
    for line, row in rows:
        if row.get("id") not in (None, ""):
            if str(row["id"]) in seen:
                raise RatingsInvalid(f"{name}:{line}: the id {row['id']!r} was there before")
            seen.add(str(row["id"]))
        yield line, row


def _ratings(name: str, rows: Iterable[tuple[int, dict[str, Any]]]) -> Ratings:
    ids: list[str] = []
    prompts: list[str] = []
    categories: list[str] = []
    measured: list[dict[str, float]] = []
    experts: dict[str, None] = {}
    for line, row in _unique(rows, name):
        where = f"{name}:{line}"
        prompt = row.get("prompt")
        if not isinstance(prompt, str):
            raise RatingsInvalid(
                f"{where}: no `prompt`: each row needs one; there are {_columns(row)}"
            )
        category = next((row[key] for key in CATEGORIES if row.get(key) not in (None, "")), "")
        scores = {
            expert: score
            for expert, value in _scores(row, where)
            if (score := _score(value, expert, where)) is not None
        }
        experts |= dict.fromkeys(expert for expert, _ in _scores(row, where))
        ids.append(str(line if row.get("id") in (None, "") else row["id"]))
        prompts.append(prompt)
        categories.append(str(category))
        measured.append(scores)
    if not prompts:
        raise RatingsInvalid(f"{name}: no rows: expected prompts")
    names = tuple(experts)
    table = np.full((len(prompts), len(names)), np.nan, dtype=np.float32)
    columns = {expert: j for j, expert in enumerate(names)}
    for i, scores in enumerate(measured):
        for expert, score in scores.items():
            table[i, columns[expert]] = score
    for j, expert in enumerate(names):
        if np.isnan(table[:, j]).all():
            raise RatingsInvalid(
                f"{name}: expert {expert!r} has no score at all: leave its column out"
            )
    return Ratings(tuple(ids), tuple(prompts), tuple(categories), names, table)


def _scores(row: dict[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    nested = row.get("scores")
    if nested is not None:
        if not isinstance(nested, dict):
            raise RatingsInvalid(
                f"{where}: `scores` is no object of an expert's name and its score"
            )
        yield from nested.items()
    for key, value in row.items():
        if key.startswith(PREFIX):
            yield key[len(PREFIX) :], value


def _score(value: Any, expert: str, where: str) -> float | None:
    """A score; None: not measured."""
    if value is None or value == "":
        return None
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not 0 <= score <= 1:
        raise RatingsInvalid(
            f"{where}: the score of {expert!r} is {value!r}: expected a number from 0 to 1, or "
            "nothing where it was not measured"
        )
    return score


def _columns(row: dict[str, Any]) -> str:
    return ", ".join(map(repr, list(row)[:8])) or "none"


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered rows. Raises RatingsInvalid."""
    name = path.name.removesuffix(".gz")
    try:
        if name.endswith(".parquet"):
            yield from enumerate(_parquet(path), 1)
            return
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            text = io.TextIOWrapper(file, "utf-8-sig", newline="")
            if name.endswith(".csv"):
                yield from _csv(text, path)
            elif name.endswith((".jsonl", ".ndjson")):
                yield from _jsonl(text, path)
            else:
                raise RatingsInvalid(
                    f"{path}: expected a name that ends in .jsonl, .csv or .parquet"
                )
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RatingsInvalid(f"{path}: cannot be read: {reason}") from error


def _csv(lines: Iterable[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(csv.DictReader(lines, strict=True), 2):
        if None in row:  # where DictReader puts what has no column
            raise RatingsInvalid(f"{path}: row {number} has more fields than there are columns")
        yield number, row


def _jsonl(lines: Iterable[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RatingsInvalid(f"{path}:{number}: this is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise RatingsInvalid(f"{path}:{number}: expected an object")
        yield number, row


def _parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise RatingsInvalid(
            f"{path}: Parquet needs pyarrow: pip install 'coterie[parquet]'"
        ) from error
    with path.open("rb") as file:
        try:
            found: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
        except (ValueError, OSError) as error:  # pyarrow's own errors are of these
            raise RatingsInvalid(f"{path}: this is not Parquet: {error}") from error
    return found
