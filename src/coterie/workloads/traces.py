"""A recorded trace is read whole or refused: an error names the file, the line and the column.

A trace is CSV or JSON lines, plain or gzip, by its name: `.csv`, `.csv.gz`, `.jsonl`, `.jsonl.gz`.
Columns: `arrival_s` (or `at_s`), `expert`, `prompt_tokens`, `output_tokens`; others are ignored.
This is the format of the arena27 trace as it is published, so that needs no reader of its own.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from coterie.errors import TraceInvalid
from coterie.workloads.requests import Arrival

TIME_COLUMNS = ("arrival_s", "at_s")


def read_trace(path: Path) -> list[Arrival]:
    """The arrivals of a file, in order of time. Raises TraceInvalid."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind not in ("csv", "jsonl"):
        raise TraceInvalid(
            f"{str(path)!r} is no trace by its name: use .csv or .jsonl, either with .gz"
        )
    try:
        with _opened(path) as text:
            arrivals = list((read_csv if kind == "csv" else read_jsonl)(text, str(path)))
    except FileNotFoundError as error:
        raise TraceInvalid(f"no trace at {str(path)!r}: check the path") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise TraceInvalid(f"{str(path)!r} cannot be read as {kind}: {error}") from error
    if not arrivals:
        raise TraceInvalid(f"{str(path)!r} holds no request: it needs a line for each")
    return sorted(arrivals, key=lambda arrival: arrival.at_s)


def read_csv(lines: Iterable[str], name: str) -> Iterator[Arrival]:
    """Arrivals of CSV text with a line of column names first."""
    rows = csv.DictReader(lines)
    columns = rows.fieldnames or ()
    for wanted in ("expert", "prompt_tokens", "output_tokens"):
        if wanted not in columns:
            raise TraceInvalid(f"{name!r}, line 1: no column {wanted!r} among {list(columns)}")
    if not any(column in columns for column in TIME_COLUMNS):
        raise TraceInvalid(
            f"{name!r}, line 1: no column 'arrival_s' or 'at_s' among {list(columns)}"
        )
    for row in rows:
        yield _arrival(row, f"{name!r}, line {rows.line_num}")


def read_jsonl(lines: Iterable[str], name: str) -> Iterator[Arrival]:
    """Arrivals of JSON lines; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{name!r}, line {number}"
        try:
            row = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise TraceInvalid(f"{place}: not a JSON object: {error}") from error
        yield _arrival(row, place)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _arrival(row: Mapping[str, Any], place: str) -> Arrival:
    time_column = next(
        (column for column in TIME_COLUMNS if row.get(column) is not None), "arrival_s"
    )
    expert = row.get("expert")
    if not isinstance(expert, str) or not expert:
        raise TraceInvalid(f"{place}: 'expert' is {expert!r}, expected a name")
    return Arrival(
        at_s=_number(row, time_column, place),
        expert=expert,
        prompt_tokens=_whole(row, "prompt_tokens", place),
        output_tokens=_whole(row, "output_tokens", place),
    )


def _number(row: Mapping[str, Any], column: str, place: str) -> float:
    value = row.get(column)
    try:
        number = float(str(value))
    except ValueError as error:
        raise TraceInvalid(f"{place}: {column!r} is {value!r}, expected a number") from error
    if not 0 <= number < float("inf"):
        raise TraceInvalid(f"{place}: {column!r} is {value!r}, expected a number from 0 up")
    return number


def _whole(row: Mapping[str, Any], column: str, place: str) -> int:
    number = _number(row, column, place)
    if number != int(number):
        raise TraceInvalid(f"{place}: {column!r} is {row[column]!r}, expected a whole number")
    return int(number)
