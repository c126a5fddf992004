"""A trace is written whole or not at all, and the same requests give the same bytes.

Times are written to the microsecond.
"""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

import msgspec

from coterie.errors import TraceInvalid
from coterie.workloads.formats.own import COLUMNS, EXTRAS, TIMES
from coterie.workloads.requests import Arrival

KINDS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")


def kind_of(path: Path) -> str:
    """`csv` or `jsonl`, by the name. Raises TraceInvalid."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if not path.name.endswith(KINDS):
        raise TraceInvalid(f"{str(path)!r}: expected a name that ends in {', '.join(KINDS)}")
    return kind


def write_trace(arrivals: Iterable[Arrival], path: Path) -> int:
    """How many were written. Raises TraceInvalid for a name of another kind, or where there is
    nothing to write, and OSError.
    """
    write = _write_csv if kind_of(path) == "csv" else _write_jsonl
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                    count = _as_text(packed, write, arrivals)
            else:
                count = _as_text(raw, write, arrivals)
        if not count:
            raise TraceInvalid(f"no request is left for {str(path)!r}: it is not written")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _as_text(
    raw: io.BufferedWriter | gzip.GzipFile,
    write: Callable[[TextIO, Iterable[Arrival]], int],
    arrivals: Iterable[Arrival],
) -> int:
    text = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
    count = write(text, arrivals)
    text.flush()
    text.detach()
    return count


def _write_csv(file: TextIO, arrivals: Iterable[Arrival]) -> int:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow((TIMES[0], *COLUMNS, *EXTRAS))
    count = 0
    for one in arrivals:
        count += 1
        rows.writerow(
            (
                _micros(one.at_s),
                one.expert,
                one.prompt_tokens,
                one.output_tokens,
                one.tenant,
                one.session,
                "" if one.priority == "standard" else one.priority,
            )
        )
    return count


def _write_jsonl(file: TextIO, arrivals: Iterable[Arrival]) -> int:
    encode = msgspec.json.Encoder().encode
    count = 0
    for one in arrivals:
        count += 1
        row: dict[str, object] = {
            TIMES[0]: round(one.at_s, 6),
            "expert": one.expert,
            "prompt_tokens": one.prompt_tokens,
            "output_tokens": one.output_tokens,
        }
        if one.tenant:
            row["tenant"] = one.tenant
        if one.session:
            row["session"] = one.session
        if one.priority != "standard":
            row["priority"] = one.priority
        file.write(encode(row).decode() + "\n")
    return count


def _micros(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")
