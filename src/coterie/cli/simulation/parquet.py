"""Simulations as Parquet: a row for each request, residence, and moment of the queue.

Files are written a row group at a time. They appear together and whole, or not at all.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from coterie.cli.simulation.files import together
from coterie.cli.simulation.variant import Variant
from coterie.errors import CommandError
from coterie.simulator.tallies import keeps

GROUP = 65_536  # rows


class _Sheet(NamedTuple):
    """A file: its columns with their Arrow types, and its rows of one variant."""

    name: str
    columns: dict[str, str]
    rows: Callable[[Variant], Iterator[tuple[Any, ...]]]


def write_parquet(folder: Path, variants: Sequence[Variant]) -> list[Path]:
    """`requests.parquet`, `residences.parquet` and `queue.parquet`, in a folder that is made where
    there is none; the column `variant` tells variants apart. Times are seconds from the beginning,
    but `first_s`, `total_s` and budgets, which are from a request's arrival; what did not happen by
    the end is null.

    Raises CommandError, also without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet as pq
    except ImportError as error:
        raise CommandError("Parquet needs pyarrow: pip install 'coterie[parquet]'") from error
    targets = [folder / sheet.name for sheet in SHEETS]
    with together(targets) as parts:
        for sheet, part in zip(SHEETS, parts, strict=True):
            fields = {"variant": "string"} | sheet.columns
            schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in fields.items()])
            with pq.ParquetWriter(part, schema, compression="zstd") as file:
                for columns in _groups(sheet, variants):
                    arrays = [
                        pa.array(column, field.type)
                        for column, field in zip(columns, schema, strict=True)
                    ]
                    file.write_batch(pa.record_batch(arrays, schema=schema))
    return targets


def _groups(sheet: _Sheet, variants: Sequence[Variant]) -> Iterator[list[Sequence[Any]]]:
    """Columns of a row group each."""
    for variant in variants:
        rows = sheet.rows(variant)
        while group := list(islice(rows, GROUP)):
            yield [[variant.name] * len(group), *zip(*group, strict=True)]


def _requests(variant: Variant) -> Iterator[tuple[Any, ...]]:
    for request, answer in zip(variant.requests, variant.outcome.answers, strict=True):
        budget = request.budget
        kept = answer.is_good and keeps(answer, budget) if budget.is_bounded else None
        yield (
            request.request,
            request.at,
            request.expert,
            request.tenant,
            request.priority,
            answer.status,
            answer.error,
            answer.first_s,
            answer.total_s,
            answer.prompt_tokens,
            answer.output_tokens,
            budget.ttft or None,
            budget.tpot or None,
            budget.e2e or None,
            kept,
        )


def _residences(variant: Variant) -> Iterator[tuple[Any, ...]]:
    for stay in variant.outcome.residences:
        yield (
            stay.expert,
            stay.device,
            stay.size_bytes,
            stay.from_s,
            *(
                at_s if isfinite(at_s) else None
                for at_s in (stay.hot_s, stay.leaves_s, stay.gone_s)
            ),
            stay.requests,
            stay.reason,
            stay.ending,
        )


def _queue(variant: Variant) -> Iterator[tuple[Any, ...]]:
    for moment in variant.outcome.queue:
        yield moment.at_s, moment.waiting, moment.running


SHEETS = (
    _Sheet(
        "requests.parquet",
        {
            "request": "string",
            "at_s": "double",
            "expert": "string",
            "tenant": "string",
            "priority": "string",
            "status": "int16",
            "error": "string",
            "first_s": "double",
            "total_s": "double",
            "prompt_tokens": "int64",
            "output_tokens": "int64",
            "budget_ttft_s": "double",
            "budget_tpot_s": "double",
            "budget_e2e_s": "double",
            "kept": "bool",
        },
        _requests,
    ),
    _Sheet(
        "residences.parquet",
        {
            "expert": "string",
            "device": "string",
            "size_bytes": "int64",
            "from_s": "double",
            "hot_s": "double",
            "leaves_s": "double",
            "gone_s": "double",
            "requests": "int64",
            "reason": "string",
            "ending": "string",
        },
        _residences,
    ),
    _Sheet(
        "queue.parquet",
        {"at_s": "double", "waiting": "int64", "running": "int64"},
        _queue,
    ),
)
