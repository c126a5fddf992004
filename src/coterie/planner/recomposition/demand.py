"""Demand as it was observed, and as it is expected: rates with trend, time of day, and how sure.

Observations are taken one by one and not kept: all that stays is a few sums for each expert, which
fade. A forecast is the mean rate over a horizon, of an over-dispersed Poisson process whose rate
has a damped trend and, once two days were watched, a profile of the hours. Its variance is that of
the estimate and of the arrivals to come.
"""

from collections.abc import Iterable
from math import exp, isfinite, log
from typing import Literal, NamedTuple

from msgspec import Struct, field, structs

from coterie.errors import TraceInvalid
from coterie.planner.recomposition.dispersion import Expected, Variation
from coterie.planner.recomposition.faded import Faded, Level, Span, level
from coterie.planner.recomposition.forecast import ExpertForecast, Forecast, bounds
from coterie.planner.recomposition.hours import (
    Hours,
    Profile,
    profile_of,
    watched_hours,
)
from coterie.planner.recomposition.sessions import Sessions

MEMORY_S = 1800.0
USUAL = 8.0  # memories: what is usual, next to what is of late
NEVER = 0.5  # arrivals that may have come, of an expert of which none did: for the variance alone
GONE = 12.0  # memories, after which nothing is left of an arrival
WARM = 0.25  # memories that are watched before anything is expected of a bin
FACTOR = 4.0  # a trend is not followed to more than so many times the rate, nor to less
STEPS = 24  # of the integral over the horizon
DAILY_S = 2 * 86400.0  # watched before a time of day is believed, ...
WEEKLY_S = 14 * 86400.0  # ... and before one of the week


class _Seen(Struct):
    """One expert's sums."""

    recent: Faded = field(default_factory=Faded)
    usual: Faded = field(default_factory=Faded)
    hours: Hours = field(default_factory=Hours)
    requests: int = 0


class _Question(NamedTuple):
    at_s: float
    horizon_s: float
    certainty: float
    watched_s: float
    memory_s: float


class Demand:
    """Takes observations in order of time, and forecasts.

    `start_s`: since when it was watched; None: since the first observation. `memory_s`: how long an
    arrival counts.
    """

    def __init__(self, start_s: float | None = None, memory_s: float = MEMORY_S) -> None:
        self._start_s = start_s
        self._memory_s = memory_s
        self._now_s = -float("inf") if start_s is None else start_s
        self._variation: Variation | None = None
        self._experts: dict[str, _Seen] = {}
        self._hours = Hours()
        self._sessions = Sessions()

    def observe(self, at_s: float, expert: str, work_s: float, session: str = "") -> None:
        """A request that came at a time and takes so many seconds of service.

        `session`: whose it is (a conversation, or a tenant); what follows what is learnt from it.
        Raises TraceInvalid for a time that is no number, or is before the one before, and for work
        that is no number from 0 up.
        """
        if not (isfinite(at_s) and at_s >= self._now_s):
            raise TraceInvalid(
                f"a request for {expert!r} at {at_s:g} s: expected a time from {self._now_s:g} s "
                "on, where the one before was; sort them by time"
            )
        if not 0 <= work_s < float("inf"):
            raise TraceInvalid(
                f"a request for {expert!r} at {at_s:g} s takes {work_s:g} s of service: expected "
                "seconds from 0 up"
            )
        if self._start_s is None:
            self._start_s = at_s
        if self._variation is None:
            self._variation = Variation(self._start_s, self._memory_s, self._expected)
        self._variation.pass_to(at_s)
        self._variation.count(expert)
        seen = self._experts.get(expert)
        if seen is None:
            seen = self._experts[expert] = _Seen()
        seen.recent.observe(at_s, work_s, self._memory_s)
        seen.usual.observe(at_s, work_s, self._memory_s * USUAL)
        seen.hours.observe(at_s)
        self._hours.observe(at_s)
        seen.requests += 1
        self._sessions.observe(at_s, expert, session)
        self._now_s = at_s

    def forecast(
        self, at_s: float, horizon_s: float, certainty: float = 0.9, experts: Iterable[str] = ()
    ) -> Forecast:
        """What is expected over `horizon_s` from `at_s` on, in intervals that hold it with
        probability `certainty`. `experts`: further ones to tell of, whether they were asked or not.

        Raises TraceInvalid where `at_s` is before the last observation, and for a horizon or a
        certainty that makes no sense.
        """
        if not (isfinite(at_s) and at_s >= self._now_s):
            raise TraceInvalid(
                f"a forecast at {at_s:g} s: expected a time from {self._now_s:g} s on, when the "
                "last request came"
            )
        if not (0 < horizon_s < float("inf") and 0 < certainty < 1):
            raise TraceInvalid(
                f"a forecast over {horizon_s:g} s with certainty {certainty:g}: expected seconds "
                "above 0, and a certainty between 0 and 1"
            )
        watched_s = max(1.0, at_s - (at_s if self._start_s is None else self._start_s))
        period = _period(watched_s)
        hours = watched_hours(at_s - watched_s, at_s, period)
        shared = profile_of(self._hours.seen, hours)
        question = _Question(at_s, horizon_s, certainty, watched_s, self._memory_s)
        found = []
        for name in sorted({*self._experts, *experts}):
            seen = self._experts.get(name) or _Seen()
            own = profile_of(seen.hours.seen, hours, shared)
            found.append(self._expert(name, seen, own, question))
        return Forecast(
            at_s=at_s,
            horizon_s=horizon_s,
            level=certainty,
            watched_s=watched_s,
            common_variance=self._variation.common_variance(horizon_s) if self._variation else 0.0,
            period_hours=period,
            experts=tuple(found),
        )

    def _expert(
        self, name: str, seen: _Seen, profile: Profile, question: _Question
    ) -> ExpertForecast:
        at_s, memory_s = question.at_s, question.memory_s
        recent, usual = structs.replace(seen.recent), structs.replace(seen.usual)
        recent.fade(at_s, memory_s)
        usual.fade(at_s, memory_s * USUAL)
        exposure_s = _exposure_s(question.watched_s, memory_s * USUAL)
        usual_rate = usual.weight / exposure_s
        varied = self._index(name, memory_s)
        now = level(recent, _spans(profile, question), memory_s, varied, usual_rate)
        growth, lead_s = _growth(now, profile, question)
        rate = now.rate * growth
        dispersion = self._index(name, question.horizon_s)
        of_logarithm = now.variance + (now.age_s + lead_s) ** 2 * now.slope_variance
        variance = rate * rate * of_logarithm
        variance += dispersion * rate / question.horizon_s
        variance = max(variance, NEVER / exposure_s**2)
        low, high = bounds(rate, variance, question.certainty)
        repeats = self._sessions.repeats(name)
        return ExpertForecast(
            expert=name,
            rate=rate,
            low=low,
            high=high,
            variance=variance,
            work_s=usual.work_s / usual.weight if usual.weight > 0 else 0.0,
            rate_now=now.rate * profile.at(at_s),
            usual_rate=usual_rate,
            slope=now.slope,
            dispersion=dispersion,
            requests=seen.requests,
            repeats=repeats.share,
            repeat_gap_s=repeats.gap_s,
            followers=self._sessions.followers(name),
        )

    def _index(self, name: str, scale_s: float) -> float:
        return self._variation.index(name, scale_s) if self._variation else 1.0

    def _expected(self, bin_s: float, begin_s: float) -> Expected:
        """What a bin that begins now is expected to hold; of too short a past, nothing."""
        memory_s, watched_s = self._memory_s, begin_s - (self._start_s or 0.0)
        if watched_s < WARM * memory_s:
            return Expected({}, 0.0)
        exposure_s = _exposure_s(watched_s, memory_s)
        arrivals = {}
        for name, seen in self._experts.items():
            left = exp(-max(0.0, begin_s - seen.recent.at_s) / memory_s)
            arrivals[name] = seen.recent.weight * left / exposure_s * bin_s
        return Expected(arrivals, bin_s * _exposure_s(watched_s, memory_s / 2) / exposure_s**2)


def _exposure_s(watched_s: float, memory_s: float) -> float:
    """What an arrival a second would come to, faded."""
    return memory_s * (1.0 - exp(-watched_s / memory_s))


def _period(watched_s: float) -> Literal[0, 24, 168]:
    if watched_s < DAILY_S:
        return 0
    return 24 if watched_s < WEEKLY_S else 168


def _spans(profile: Profile, question: _Question) -> list[Span]:
    """What was watched, by age, as far back as arrivals count."""
    at_s = question.at_s
    back_s = min(question.watched_s, GONE * question.memory_s)
    return [
        Span(at_s - end_s, at_s - begin_s, factor)
        for begin_s, end_s, factor in profile.pieces(at_s - back_s, at_s)
    ]


def _growth(now: Level, profile: Profile, question: _Question) -> tuple[float, float]:
    """The mean over the horizon as a multiple of the rate now, and how far ahead its trend leads.

    The trend is damped: it is followed for as long again as it was seen, and fades.
    """
    memory_s, most = question.memory_s, log(FACTOR)
    growth = ahead_s = 0.0
    for step in range(STEPS):
        passed_s = (step + 0.5) / STEPS * question.horizon_s
        lead_s = memory_s * (1.0 - exp(-passed_s / memory_s))
        trend = exp(min(most, max(-most, now.slope * lead_s)))
        growth += trend * profile.at(question.at_s + passed_s) / STEPS
        ahead_s += lead_s / STEPS
    return growth, ahead_s
