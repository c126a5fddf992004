"""CSV with a line of column names first."""

import csv
from collections.abc import Iterator, Sequence

from coterie.errors import TraceInvalid
from coterie.workloads.lines import Lines


def rows_of(lines: Lines, wanted: Sequence[str]) -> tuple[list[str], Iterator[list[str]]]:
    """The names of the columns, and the rows; blank lines are passed over.

    Raises TraceInvalid where a wanted column is missing, and with its line where a row is no CSV.
    """
    rows = _rows(lines)
    columns = [column.strip() for column in next(rows, [])]
    for column in wanted:
        if column not in columns:
            raise TraceInvalid(f"{lines}: no column {column!r} among {columns}")
    return columns, rows


def _rows(lines: Lines) -> Iterator[list[str]]:
    try:
        for row in csv.reader(lines):
            if row:
                yield row
    except csv.Error as error:
        raise TraceInvalid(f"{lines}: not CSV: {error}; is a quotation mark missing?") from error
