"""Rated prompts: how well each expert answered each of them, read from JSONL, CSV or Parquet.

A file has a row for each prompt, with the columns `prompt`, and where known `id`, `category` (also
`domain` or `label`) and a score from 0 to 1 for each expert: JSONL in an object `scores`, all
formats in columns `score:EXPERT`. Two files are joined by `id`: prompts in one, and in the other
`id` and a column for each expert. A score that is left blank was not measured.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.errors import RatingsInvalid
from coterie.router.rows import Row, read_rows

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
        return _ratings(str(paths[0]), read_rows(paths[0]))
    if len(paths) != 2:
        raise RatingsInvalid(
            f"{len(paths)} files; expected one, or one of prompts and one of scores"
        )
    first, second = (list(read_rows(path)) for path in paths)
    (prompts, at), (scores, other) = (first, paths[0]), (second, paths[1])
    if first and "prompt" not in first[0][1]:
        (prompts, at), (scores, other) = (second, paths[1]), (first, paths[0])
    return _ratings(str(at), _joined(prompts, scores, str(at), str(other)))


def _joined(
    prompts: list[Row],
    scores: list[Row],
    at: str,
    other: str,
) -> Iterator[Row]:
    """Prompts with their scores. Raises RatingsInvalid where the two disagree on who is there."""
    by_id: dict[str, dict[str, float | None]] = {}
    for line, row in _unique(scores, other):
        if row.get("id") in (None, ""):
            raise RatingsInvalid(f"{other}:{line}: no `id`: two files are joined by it")
        columns = [(name, value) for name, value in row.items() if name != "id"]
        by_id[str(row["id"])] = _measured(columns, f"{other}:{line}")
    for line, row in _unique(prompts, at):
        found = by_id.pop(str(row.get("id", "")), None)
        if found is None:
            raise RatingsInvalid(
                f"{at}:{line}: the prompt {row.get('id')!r} has no scores in {other}: the files "
                "disagree; remove it, or add its scores"
            )
        yield line, {**row, "scores": found}
    if by_id:
        raise RatingsInvalid(
            f"{other}: {len(by_id)} scores are of prompts that {at} has not, such as "
            f"{next(iter(by_id))!r}: the files disagree"
        )


def _unique(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Those rows. Raises RatingsInvalid where two have one id."""
    seen: set[str] = set()
    for line, row in rows:
        if row.get("id") not in (None, ""):
            if str(row["id"]) in seen:
                raise RatingsInvalid(f"{name}:{line}: the id {row['id']!r} was there before")
            seen.add(str(row["id"]))
        yield line, row


def _ratings(name: str, rows: Iterable[Row]) -> Ratings:
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
        category = str(next((row[key] for key in CATEGORIES if row.get(key) not in (None, "")), ""))
        _check_name("category", category, where)
        found = _measured(_scores(row, where), where)
        experts |= dict.fromkeys(found)
        ids.append(str(line if row.get("id") in (None, "") else row["id"]))
        prompts.append(prompt)
        categories.append(category)
        measured.append({name: score for name, score in found.items() if score is not None})
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


def _measured(columns: Iterable[tuple[str, Any]], where: str) -> dict[str, float | None]:
    """The score of each expert that is named; None: it was not measured."""
    found: dict[str, float | None] = {}
    for expert, value in columns:
        _check_name("expert", expert, where)
        score = _score(value, expert, where)
        if score is not None or expert not in found:
            found[expert] = score
    return found


def _check_name(kind: str, name: str, where: str) -> None:
    """Raises RatingsInvalid where it is none that can be written anywhere."""
    if kind == "expert" and not name:
        raise RatingsInvalid(f"{where}: an expert has no name: give its scores one")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise RatingsInvalid(
            f"{where}: the {kind}'s name {name!r} has half a character (a lone surrogate): "
            "expected text"
        ) from error


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
