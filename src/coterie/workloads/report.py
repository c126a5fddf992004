"""A result is what was measured: a request without an answer has no time."""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from coterie.types import NO_BUDGET, Budget


class Answer(Struct, frozen=True):
    """What became of a request. Times are seconds from its sending, `sent_s` from the start.

    `status` is the HTTP status, 0 where no answer came. `waited_s` is how long it could not even be
    sent because the bound on requests in flight was reached; it counts into no other time.
    """

    expert: str
    sent_s: float
    status: int
    total_s: float
    first_s: float | None = None
    waited_s: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0
    error: str = ""

    @property
    def is_good(self) -> bool:
        return self.status == 200 and not self.error


class Times(Struct, frozen=True):
    """Percentiles of a duration, in seconds."""

    p50_s: float
    p95_s: float
    p99_s: float
    max_s: float


class Summary(Struct, frozen=True):
    """A run in numbers. Times are of the good answers alone; None where there was none."""

    sent: int
    answered: int
    wall_s: float
    requests_per_s: float
    output_tokens_per_s: float
    prompt_tokens: int
    output_tokens: int
    first_token: Times | None
    total: Times | None
    waited_s: float
    errors: dict[str, int]
    in_time: int | None = None  # within the latency budget; None: there was none


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of them lie, linear between neighbours; NaN of none."""
    if not 0 <= percent <= 100:
        raise ValueError(f"no percentile {percent!r}: give 0 to 100")
    if not values:
        return math.nan
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def times(values: Sequence[float]) -> Times | None:
    """Percentiles of the values; None of none."""
    if not values:
        return None
    return Times(
        p50_s=percentile(values, 50),
        p95_s=percentile(values, 95),
        p99_s=percentile(values, 99),
        max_s=max(values),
    )


def summarise(answers: Sequence[Answer], wall_s: float, within: Budget = NO_BUDGET) -> Summary:
    """The numbers of a run that took `wall_s`; `within`: the latency that each was to keep to."""
    good = [answer for answer in answers if answer.is_good]
    output_tokens = sum(answer.output_tokens for answer in good)
    return Summary(
        sent=len(answers),
        answered=len(good),
        wall_s=wall_s,
        requests_per_s=len(good) / wall_s if wall_s > 0 else 0.0,
        output_tokens_per_s=output_tokens / wall_s if wall_s > 0 else 0.0,
        prompt_tokens=sum(answer.prompt_tokens for answer in good),
        output_tokens=output_tokens,
        first_token=times([answer.first_s for answer in good if answer.first_s is not None]),
        total=times([answer.total_s for answer in good]),
        waited_s=max((answer.waited_s for answer in answers), default=0.0),
        errors=_counted(answer for answer in answers if not answer.is_good),
        in_time=sum(is_in_time(answer, within) for answer in good) if within.is_bounded else None,
    )


def is_in_time(answer: Answer, within: Budget) -> bool:
    """Did a good answer keep to a latency budget, as its client saw it?"""
    if within.ttft and (answer.first_s is None or answer.first_s > within.ttft):
        return False
    return not within.e2e or answer.total_s <= within.e2e


def rows(summary: Summary) -> list[tuple[str, str]]:
    """The summary for people: a name and a value a row."""
    lines = [
        ("requests answered", f"{summary.answered} of {summary.sent}"),
        ("requests/s", f"{summary.requests_per_s:.2f}"),
        ("output tokens/s", f"{summary.output_tokens_per_s:.1f}"),
        ("tokens in / out", f"{summary.prompt_tokens} / {summary.output_tokens}"),
        ("time to first token", _spelt(summary.first_token)),
        ("end to end", _spelt(summary.total)),
    ]
    if summary.in_time is not None:
        lines.insert(1, ("within the budget", f"{summary.in_time} of {summary.sent}"))
    if summary.waited_s > 0:
        lines.append(("held back here at most", f"{summary.waited_s * 1000:.1f} ms"))
    lines += [(f"failed: {error}", str(count)) for error, count in summary.errors.items()]
    return lines


def _counted(failed: Iterable[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for answer in failed:
        error = answer.error or f"HTTP {answer.status}"
        counts[error] = counts.get(error, 0) + 1
    return dict(sorted(counts.items()))


def _spelt(measured: Times | None) -> str:
    if measured is None:
        return "no answer"
    return "  ".join(
        f"{name} {seconds * 1000:.1f} ms"
        for name, seconds in (
            ("p50", measured.p50_s),
            ("p95", measured.p95_s),
            ("p99", measured.p99_s),
        )
    )
