"""What a prompt's tokens cost, and what each request costs besides, by how long prompts took.

A short prompt takes as long as reading the weights once: what is more than that, is the request's.
"""

from collections.abc import Iterator, Sequence
from math import log
from statistics import fmean

from msgspec import Struct

from coterie.hardware.fit_steps import BETTER, LEAST, MOST_OFF, Estimate, unit_cost
from coterie.hardware.robust import middle

ROUNDS = 10


class PromptRow(Struct, frozen=True):
    """A prompt: its operations, how long its weights are read, and how long it took."""

    operations: float
    read_s: float
    seconds: float


class Prompts(Struct, frozen=True):
    """Operations a second and seconds of each request, estimates of what was fitted of them, and
    why the rest was not; both by `prefill` and `first_token`.
    """

    rate: float
    first_s: float
    found: dict[str, Estimate]
    lacking: dict[str, str]


def fit_prompts(rows: Sequence[PromptRow], rate: float, first_s: float) -> Prompts:
    """What explains the rows best; what they do not tell stays at `rate` or `first_s`. `rows` has
    LEAST at least.
    """
    begun = [row.operations >= rate * row.read_s for row in rows]
    found, other = (_fit(rows, bound, rate, first_s) for bound in (begun, [True] * len(rows)))
    return other if _off(other, rows) < BETTER * _off(found, rows) else found


def _fit(rows: Sequence[PromptRow], bound: Sequence[bool], rate: float, first_s: float) -> Prompts:
    """Beginning with those that are taken to be bound by operations."""
    found: Prompts | None = None
    for _ in range(ROUNDS):
        if sum(bound) < LEAST:
            break
        alike_s, unit, alike = unit_cost(list(_points(rows, bound)), first_s)
        found = Prompts(
            1.0 / unit.value,
            alike_s,
            {"prefill": Estimate(1.0 / unit.value, unit.error, unit.count, unit.left_out)}
            | ({"first_token": alike} if alike else {}),
            {} if alike else {"first_token": "prompts of one length do not tell it from a token's"},
        )
        before, bound = bound, [row.operations * unit.value >= row.read_s for row in rows]
        if bound == before:
            break
    return _all_read(rows, rate) if found is None else found


def _all_read(rows: Sequence[PromptRow], rate: float) -> Prompts:
    seconds, error = middle([max(0.0, row.seconds - row.read_s) for row in rows])
    return Prompts(
        max(rate, max(row.operations / row.read_s for row in rows if row.read_s)),
        seconds,
        {"first_token": Estimate(seconds, error / seconds if seconds else 0.0, len(rows))},
        {"prefill": "prompts were so short that they took no longer than reading the weights"},
    )


def _off(found: Prompts, rows: Sequence[PromptRow]) -> float:
    return fmean(
        min(
            MOST_OFF,
            abs(log((max(row.operations / found.rate, row.read_s) + found.first_s) / row.seconds)),
        )
        for row in rows
    )


def _points(rows: Sequence[PromptRow], bound: Sequence[bool]) -> Iterator[tuple[float, float]]:
    """Those bound by operations as they are; of others what they take besides reading."""
    for row, is_bound in zip(rows, bound, strict=True):
        if is_bound:
            yield row.operations, row.seconds
        elif row.seconds > row.read_s:
            yield 0.0, row.seconds - row.read_s
