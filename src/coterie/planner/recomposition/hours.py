"""How dense requests are at each hour, of the day or of the week, next to an average hour.

An hour of which little was seen is taken to be like the same hour of all experts together, and that
like any other: so many requests as `PULL` would have come at the likelier rate, and count as seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msgspec import Struct, field

HOUR_S = 3600.0
WEEK = 168
PULL = 20.0


class Hours(Struct):
    """Arrivals by hour of the week, which begins at time 0. `seen`: the hours that had any."""

    seen: dict[int, float] = field(default_factory=dict)

    def observe(self, at_s: float) -> None:
        hour = int(at_s // HOUR_S) % WEEK
        self.seen[hour] = self.seen.get(hour, 0.0) + 1.0


@dataclass(frozen=True)
class Profile:
    """A factor for each hour of a period of so many hours; their mean over what was watched is 1.

    No factors: no profile.
    """

    factors: tuple[float, ...] = ()

    def at(self, at_s: float) -> float:
        return self.factors[int(at_s // HOUR_S) % len(self.factors)] if self.factors else 1.0

    def pieces(self, begin_s: float, end_s: float) -> Iterator[tuple[float, float, float]]:
        """Begin, end and factor of each stretch of one factor, in order of time."""
        if not self.factors:
            if end_s > begin_s:
                yield begin_s, end_s, 1.0
            return
        at_s = begin_s
        while at_s < end_s:
            until_s = min(end_s, (at_s // HOUR_S + 1) * HOUR_S)
            yield at_s, until_s, self.at(at_s)
            at_s = until_s


def watched_hours(begin_s: float, end_s: float, period: int) -> tuple[float, ...]:
    """How many hours of each kind there were between two times. A period of 0 hours has none."""
    found = [0.0] * period
    if not period:
        return ()
    rounds, rest_s = divmod(max(0.0, end_s - begin_s), period * HOUR_S)
    for hour in range(period):
        found[hour] = rounds
    at_s, end_s = begin_s, begin_s + rest_s
    while at_s < end_s:
        until_s = min(end_s, (at_s // HOUR_S + 1) * HOUR_S)
        found[int(at_s // HOUR_S) % period] += (until_s - at_s) / HOUR_S
        at_s = until_s
    return tuple(found)


def profile_of(
    seen: Mapping[int, float], hours: tuple[float, ...], like: Profile | None = None
) -> Profile:
    """The profile of arrivals by hour of the week, over so many hours of each kind.

    `like`: what it is taken to be like where little was seen; None: an even one. No hours: none.
    """
    period = len(hours)
    if not period:
        return Profile()
    counts = [0.0] * period
    for hour, count in sorted(seen.items()):
        counts[hour % period] += count
    watched, total = sum(hours), sum(counts)
    if not watched or not total:
        return like or Profile((1.0,) * period)
    rate = total / watched
    usual = like.factors if like else (1.0,) * period
    factors = [
        (count + PULL * usual[i]) / (rate * hours[i] + PULL) for i, count in enumerate(counts)
    ]
    mean = sum(factor * part for factor, part in zip(factors, hours, strict=True)) / watched
    return Profile(tuple(factor / mean for factor in factors))
