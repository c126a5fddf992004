"""Azure's LLM inference traces (2023 and 2024): moments and tokens, no models.

Columns: `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`.
"""

from collections.abc import Iterator

from coterie.workloads import cells
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.formats.tables import rows_of
from coterie.workloads.lines import Lines
from coterie.workloads.requests import Arrival
from coterie.workloads.stamps import Stamps

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def read_azure(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals without an expert, at seconds since 1970. Raises TraceInvalid."""
    columns, rows = rows_of(lines, COLUMNS)
    stamps = Stamps()
    for values in rows:
        row = dict(zip(columns, values, strict=False))
        yield Arrival(
            stamps.seconds(row.get("TIMESTAMP"), "TIMESTAMP", lines),
            "",
            cells.tokens(row, "ContextTokens", lines),
            cells.tokens(row, "GeneratedTokens", lines),
        )
