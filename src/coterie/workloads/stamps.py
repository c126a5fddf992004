"""Moments as logs write them: ISO 8601, or a number since 1970 in seconds, ms, µs or ns.

Stamps without an offset are taken as UTC; a log that has some with and some without is refused,
for nobody can say how far apart those are.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any

from coterie.errors import TraceInvalid
from coterie.workloads.cells import shown

_NUMBER = re.compile(r"\s*[0-9.]+\s*")
# What is larger than this is of the next smaller unit: as seconds it would be the year 5138.
_UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))


class Stamps:
    """Reads the stamps of one file, and remembers whether they have an offset."""

    def __init__(self) -> None:
        self._zoned = ""
        self._plain = ""

    def seconds(self, value: Any, column: str, place: object) -> float:
        """Seconds since 1970. Raises TraceInvalid."""
        if not isinstance(value, str) or _NUMBER.fullmatch(value):  # digits may pass for ISO 8601
            return self._number(value, column, place)
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return self._number(value, column, place)
        is_zoned = moment.tzinfo is not None
        self._note(is_zoned, column, place)
        seconds = (moment if is_zoned else moment.replace(tzinfo=UTC)).timestamp()
        if seconds < 0:
            raise TraceInvalid(f"{place}: {column!r} is {shown(value)}, expected a time after 1970")
        return seconds

    def _number(self, value: Any, column: str, place: object) -> float:
        try:
            found = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not 0 <= found < math.inf:
            raise TraceInvalid(
                f"{place}: {column!r} is {shown(value)}, expected a time such as "
                "2026-05-04T12:00:00Z, or seconds or milliseconds since 1970"
            )
        self._note(True, column, place)
        return next((found * unit for least, unit in _UNITS if found >= least), found)

    def _note(self, is_zoned: bool, column: str, place: object) -> None:
        if is_zoned:
            self._zoned = self._zoned or str(place)
        else:
            self._plain = self._plain or str(place)
        if self._zoned and self._plain:
            other = self._plain if is_zoned else self._zoned
            one, two = ("with", "without") if is_zoned else ("without", "with")
            raise TraceInvalid(
                f"{place}: {column!r} is {one} an offset from UTC, but {two} one at {other}: "
                "write all of them alike"
            )
