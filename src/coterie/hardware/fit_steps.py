"""What bounds output tokens, from how long their steps took: weights that are read, operations, or
what each step costs besides.

By the roofline with the bend that explains the steps best: up to some number of answers at once
weights are read, from there on operations take longer.
"""

from collections.abc import Iterator, Sequence
from math import inf, log
from statistics import fmean, median

from msgspec import Struct

from coterie.hardware.least_squares import Points
from coterie.hardware.robust import Robust, robust_line, robust_proportion

LEAST = 3
LEAST_LINE = 6
SPREAD = 1.3
"""How many times the least that is asked of a machine the most of it must be, to tell what each
unit costs from what all cost alike.
"""
MOST_OFF = 0.5
BETTER = 0.95
"""A bend must leave so much less of the error than none."""


class Row(Struct, frozen=True):
    """A step: bytes read and operations done in it, for so many answers at once."""

    read_bytes: float
    operations: float
    batch: float
    seconds: float


class Pace(Struct, frozen=True):
    """Bytes and operations a second, and seconds of each step besides."""

    read: float
    decode: float
    token_s: float

    def seconds(self, row: Row) -> float:
        return max(row.read_bytes / self.read, row.operations / self.decode) + self.token_s


class Estimate(Struct, frozen=True):
    """A figure, its standard error as a part of it, how many observations it rests on, and how many
    were left out.
    """

    value: float
    error: float
    count: int
    left_out: int = 0


class Steps(Struct, frozen=True):
    """The pace, estimates of what was fitted of it, and why the rest was not; both by `read`,
    `decode` and `token`.
    """

    pace: Pace
    found: dict[str, Estimate]
    lacking: dict[str, str]


def fit_steps(rows: Sequence[Row], start: Pace) -> Steps:
    """What explains the rows best; what they do not tell stays as in `start`, unless it would make
    them slower than they were. `rows` has LEAST at least.
    """
    best: Steps | None = None
    least = inf
    for candidate in _candidates(rows, start):
        off = fmean(_off(candidate.pace, row) for row in rows)
        if best is None or off < BETTER * least:
            best, least = candidate, off
    assert best is not None
    return best


def unit_cost(points: Points, alike_s: float) -> tuple[float, Estimate, Estimate | None]:
    """What all cost alike, seconds of each unit, and how sure the former is; None: too alike to be
    told from the latter, it is `alike_s` (or nothing, where that is more than was seen).

    A unit that costs nothing is an Estimate of 0.
    """
    if len(points) >= LEAST_LINE and is_spread([x for x, _ in points]):
        found = robust_line(points)
        if found.line.slope > 0.0:
            return found.line.intercept, _slope(found), _intercept(found)
    if median(seconds for _, seconds in points) <= 2 * alike_s:
        alike_s = 0.0
    found = robust_proportion([(x, y - alike_s) for x, y in points if y > alike_s])
    return alike_s, _slope(found), None


def is_spread(values: Sequence[float]) -> bool:
    """But for a twentieth at both ends."""
    ranked, cut = sorted(values), len(values) // 20
    return ranked[-1 - cut] >= SPREAD * ranked[cut]


def _candidates(rows: Sequence[Row], start: Pace) -> Iterator[Steps]:
    yield _read_bound(rows, start)
    for bend in range(2, round(max(row.batch for row in rows)) + 1):
        low = [row for row in rows if row.batch < bend - 0.5]
        high = [row for row in rows if row.batch >= bend - 0.5]
        if min(len(low), len(high)) >= LEAST:
            yield _bent(low, high, start)
    if max(row.batch for row in rows) >= 1.5:
        yield _computed(rows, start)


def _read_bound(rows: Sequence[Row], start: Pace) -> Steps:
    token_s, byte, token = unit_cost([(row.read_bytes, row.seconds) for row in rows], start.token_s)
    read = 1.0 / byte.value
    decode = max(start.decode, max(row.operations * read / row.read_bytes for row in rows))
    most = max(row.batch for row in rows)
    return Steps(
        Pace(read, decode, token_s),
        {"read": _inverse(byte)} | ({"token": token} if token else {}),
        {"decode": f"{most:.0f} answer(s) at once, the most there were, do not reach it"}
        | ({} if token else _token_lacking()),
    )


def _bent(low: Sequence[Row], high: Sequence[Row], start: Pace) -> Steps:
    found = _read_bound(low, start)
    token_s = found.pace.token_s
    beyond = [(row.operations, row.seconds - token_s) for row in high if row.seconds > token_s]
    if not beyond:
        return found
    decode = _inverse(_slope(robust_proportion(beyond)))
    lacking = {name: why for name, why in found.lacking.items() if name != "decode"}
    pace = Pace(found.pace.read, decode.value, token_s)
    return Steps(pace, found.found | {"decode": decode}, lacking)


def _computed(rows: Sequence[Row], start: Pace) -> Steps:
    """Operations bound even one answer."""
    token_s, unit, token = unit_cost([(row.operations, row.seconds) for row in rows], start.token_s)
    decode = 1.0 / unit.value
    read = max(start.read, max(row.read_bytes * decode / row.operations for row in rows))
    return Steps(
        Pace(read, decode, token_s),
        {"decode": _inverse(unit)} | ({"token": token} if token else {}),
        {"read": "output tokens are bound by operations, one answer alone as well"}
        | ({} if token else _token_lacking()),
    )


def _token_lacking() -> dict[str, str]:
    return {"token": "experts of one size do not tell it from what a token costs"}


def _off(pace: Pace, row: Row) -> float:
    return min(MOST_OFF, abs(log(pace.seconds(row) / row.seconds)))


def _slope(found: Robust) -> Estimate:
    line = found.line
    return Estimate(line.slope, line.slope_error / line.slope, found.count, found.left_out)


def _intercept(found: Robust) -> Estimate:
    line = found.line
    error = line.intercept_error / line.intercept if line.intercept else 0.0
    return Estimate(line.intercept, error, found.count, found.left_out)


def _inverse(one: Estimate) -> Estimate:
    return Estimate(1.0 / one.value, one.error, one.count, one.left_out)
