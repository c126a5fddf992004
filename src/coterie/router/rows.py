"""Rows of a file, with their lines: JSONL, CSV or Parquet by its name, which may end in .gz."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from coterie.errors import RatingsInvalid

Row = tuple[int, dict[str, Any]]
"""Which line, or row, of a file it is, and its columns."""


def read_rows(path: Path) -> Iterator[Row]:
    """Its rows. Raises RatingsInvalid, which names the file and, where it is one that is wrong, the
    line.
    """
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


def _csv(lines: Iterable[str], path: Path) -> Iterator[Row]:
    for number, row in enumerate(csv.DictReader(lines, strict=True), 2):
        if None in row:  # where DictReader puts what has no column
            raise RatingsInvalid(f"{path}: row {number} has more fields than there are columns")
        yield number, row


def _jsonl(lines: Iterable[str], path: Path) -> Iterator[Row]:
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
