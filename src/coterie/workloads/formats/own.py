"""Coterie's own traces, CSV or JSON lines: what every command reads and writes.

Columns: `arrival_s` (or `at_s`), `expert`, `prompt_tokens`, `output_tokens`, and, where they are
there, `tenant`, `session` and `priority`; others are ignored. The arena27 trace is published like
this.
"""

from collections.abc import Container, Iterator
from sys import intern
from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import TraceInvalid
from coterie.types import Priority
from coterie.workloads import cells
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.formats.tables import rows_of
from coterie.workloads.lines import Lines
from coterie.workloads.requests import Arrival

TIMES = ("arrival_s", "at_s")
COLUMNS = ("expert", "prompt_tokens", "output_tokens")
EXTRAS = ("tenant", "session", "priority")
_PRIORITIES: dict[str, Priority] = {"": "standard", **{one: one for one in cells.PRIORITIES}}


def read_csv(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals of CSV text with a line of column names first. Raises TraceInvalid."""
    columns, rows = rows_of(lines, COLUMNS)
    time = next((column for column in TIMES if column in columns), "")
    if not time:
        raise TraceInvalid(f"{lines}: no column 'arrival_s' or 'at_s' among {columns}")
    at, who, taken, given = (columns.index(column) for column in (time, *COLUMNS))
    tenant, session, urgency = (
        columns.index(column) if column in columns else -1 for column in EXTRAS
    )
    for row in rows:
        try:
            arrival = Arrival(
                float(row[at]),
                intern(row[who]),
                int(row[taken]),
                int(row[given]),
                intern(row[tenant]) if tenant >= 0 else "",
                row[session] if session >= 0 else "",
                _PRIORITIES[row[urgency]] if urgency >= 0 else "standard",
            )
        except (ValueError, LookupError):
            yield _arrival(dict(zip(columns, row, strict=False)), time, lines)
            continue
        if _is_sound(arrival):
            yield arrival
        else:
            yield _arrival(dict(zip(columns, row, strict=False)), time, lines)


class _Line(Struct, gc=False):
    """A line that is as it should be: decoded and checked in one go."""

    expert: str
    prompt_tokens: int
    output_tokens: int
    at_s: float = -1.0
    arrival_s: float = -1.0
    tenant: str = ""
    session: str = ""
    priority: Priority = "standard"


def read_jsonl(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals of JSON lines; blank lines are passed over. Raises TraceInvalid."""
    decode = msgspec.json.Decoder(_Line).decode
    for line in lines:
        try:
            row = decode(line)
        except msgspec.DecodeError:
            if line.strip():
                yield _of_object(line, lines)
            continue
        arrival = Arrival(
            row.arrival_s if row.arrival_s >= 0 else row.at_s,
            intern(row.expert),
            row.prompt_tokens,
            row.output_tokens,
            intern(row.tenant),
            row.session,
            row.priority,
        )
        yield arrival if _is_sound(arrival) else _of_object(line, lines)


def _is_sound(one: Arrival) -> bool:
    """Whether nothing needs a second look, value by value."""
    return (
        0 <= one.at_s <= cells.MOST_SECONDS
        and 0 <= one.prompt_tokens <= cells.MOST_TOKENS
        and 0 <= one.output_tokens <= cells.MOST_TOKENS
        and bool(one.expert)
    )


def _of_object(line: str, place: object) -> Arrival:
    """What is not as it should be, or is so in another way: checked value by value."""
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise TraceInvalid(f"{place}: not a JSON object: {error}") from error
    time = next((column for column in TIMES if row.get(column) is not None), TIMES[0])
    return _arrival(row, time, place)


def _arrival(row: cells.Row, time: str, place: object) -> Arrival:
    """Raises TraceInvalid."""
    return Arrival(
        at_s=cells.seconds(row, time, place),
        expert=intern(cells.name(row, "expert", place)),
        prompt_tokens=cells.tokens(row, "prompt_tokens", place),
        output_tokens=cells.tokens(row, "output_tokens", place),
        tenant=intern(cells.text(row, "tenant", place)),
        session=cells.text(row, "session", place),
        priority=cells.priority(row, place),
    )


def is_own(columns: Container[str]) -> bool:
    """Whether a line of column names, or the keys of an object, are of this format."""
    return any(column in columns for column in (*TIMES, "expert"))
