"""One value of a row, checked: what is wrong is told with its place, its column and itself.

A place is anything whose text says where: only then is the text made.
"""

import math
from collections.abc import Mapping
from typing import Any, cast, get_args

from coterie.errors import TraceInvalid
from coterie.types import Priority

MOST_TOKENS = 1_000_000_000
MOST_SECONDS = 1e10  # 300 years: above, a clock is too coarse to tell requests apart
PRIORITIES: tuple[Priority, ...] = get_args(Priority)

Row = Mapping[str, Any]


def number(row: Row, column: str, place: object) -> float:
    """A number from 0 up. Raises TraceInvalid, as the others do."""
    value = row.get(column)
    if type(value) is float and 0 <= value < math.inf:
        return value
    try:
        found = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError as error:
        raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a number") from error
    if not 0 <= found < math.inf:
        raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a number from 0 up")
    return found


def seconds(row: Row, column: str, place: object) -> float:
    """A time from the beginning."""
    found = number(row, column, place)
    if found > MOST_SECONDS:
        raise TraceInvalid(
            f"{place}: {column!r} is {shown(row.get(column))}, expected seconds, at most "
            f"{MOST_SECONDS:,.0f}"
        )
    return found


def tokens(row: Row, column: str, place: object) -> int:
    """A whole number of tokens."""
    value = row.get(column)
    if type(value) is int and 0 <= value <= MOST_TOKENS:
        return value
    if type(value) is str and len(value) < 10 and value.isdecimal():
        return int(value)
    found = number(row, column, place)
    if found != int(found):
        raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a whole number")
    if found > MOST_TOKENS:
        raise TraceInvalid(
            f"{place}: {column!r} is {shown(value)}, expected at most {MOST_TOKENS:,}"
        )
    return int(found)


def name(row: Row, column: str, place: object) -> str:
    """A name that is not empty."""
    value = row.get(column)
    if not isinstance(value, str) or not value.strip():
        raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a name")
    return value


def text(row: Row, column: str, place: object) -> str:
    """A name, or nothing."""
    value = row.get(column)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a name, or nothing")


def priority(row: Row, place: object) -> Priority:
    """One of the three, `standard` where it is not said."""
    value = row.get("priority") or "standard"
    if value not in PRIORITIES:
        raise TraceInvalid(
            f"{place}: 'priority' is {shown(value)}, expected {', '.join(PRIORITIES)}, or nothing"
        )
    return cast(Priority, value)


def shown(value: Any) -> str:
    """A value for a message: not the whole of a long one."""
    written = repr(value)
    return written if len(written) <= 60 else f"{written[:57]}..."
