"""Demand of known rates is observed, and forecast."""

from math import exp, inf, log1p, nan
from random import Random

import pytest

from coterie.errors import TraceInvalid
from coterie.planner.recomposition.demand import Demand
from coterie.planner.recomposition.forecast import ExpertForecast

HOUR_S = 3600.0


def steady(demand: Demand, expert: str, rate: float, until_s: float) -> None:
    for number in range(int(rate * until_s)):
        demand.observe((number + 0.5) / rate, expert, 2.0)


def poisson(random: Random, demand: Demand, rates: dict[str, float], until_s: float) -> None:
    at_s, total = 0.0, sum(rates.values())
    names, weights = list(rates), list(rates.values())
    while (at_s := at_s + random.expovariate(total)) < until_s:
        demand.observe(at_s, random.choices(names, weights)[0], 1.0)


def only(demand: Demand, at_s: float, horizon_s: float = 600.0) -> ExpertForecast:
    (found,) = demand.forecast(at_s, horizon_s).experts
    return found


def test_steady_demand_goes_on() -> None:
    demand = Demand(0.0)
    steady(demand, "code", 0.2, 6 * HOUR_S)
    found = only(demand, 6 * HOUR_S)
    assert found.rate == pytest.approx(0.2, rel=0.01)
    assert found.rate_now == pytest.approx(0.2, rel=0.01)
    assert found.usual_rate == pytest.approx(0.2, rel=0.01)
    assert found.low < 0.2 < found.high
    assert found.work_s == pytest.approx(2.0)
    assert found.requests == 4320
    assert found.dispersion == 1.0


def test_intervals_hold_as_often_as_they_say() -> None:
    held = told = 0
    for seed in range(12):
        demand, random = Demand(0.0), Random(seed)
        rates = {"a": 0.05, "b": 0.01, "c": 0.003, "d": 0.001}
        poisson(random, demand, rates, 4 * HOUR_S)
        for one in demand.forecast(4 * HOUR_S, 1e9, certainty=0.8, experts=rates).experts:
            held += one.low <= rates[one.expert] <= one.high
            told += 1
    assert told == 48
    assert held / told >= 0.7


def test_a_trend_is_followed_and_then_damped() -> None:
    slope, watched_s, arrivals = 1 / 3600, 3 * HOUR_S, 2000
    whole = exp(slope * watched_s) - 1
    demand = Demand(0.0)
    for number in range(arrivals):
        demand.observe(log1p(whole * (number + 0.5) / arrivals) / slope, "code", 1.0)
    now = arrivals * slope * exp(slope * watched_s) / whole
    soon, late = only(demand, watched_s, 60.0), only(demand, watched_s, 100 * HOUR_S)
    assert 0.5 * slope < soon.slope < slope  # a drift may be chance: it is not believed whole
    assert soon.low < now < soon.high
    assert soon.rate < late.rate < soon.rate_now * exp(1800 * slope)
    assert late.high - late.low > soon.high - soon.low


@pytest.mark.parametrize("start_s", [None, 0.0])
def test_bursts_are_seen_since_whenever_it_is_watched(start_s: float | None) -> None:
    demand = Demand(start_s, memory_s=600.0)
    for burst in range(100):
        for _ in range(10):
            demand.observe(burst * 200.0 + 50.0, "code", 1.0)
    found = only(demand, 20_000.0)
    assert found.dispersion > 3.0
    assert found.low < 0.05 < found.high


def test_what_all_experts_share_is_told() -> None:
    together, apart = Demand(0.0), Demand(0.0)
    for demand, shift in ((together, 0), (apart, 1)):
        for half in range(20):
            for number in range(60):
                names = [name for n, name in enumerate("ab") if (half + shift * n) % 2]
                for name in names:
                    demand.observe(1800.0 * half + number * 30.0, name, 1.0)
    assert together.forecast(36_000.0, 1800.0).common_variance > 0.2
    assert apart.forecast(36_000.0, 1800.0).common_variance == 0.0


def test_after_two_days_the_hour_is_known() -> None:
    demand = Demand(0.0)
    for day in range(4):
        for number in range(240):  # all of them between nine and ten
            demand.observe(day * 86400.0 + 9 * HOUR_S + number * 15.0, "code", 1.0)
    at_s = 4 * 86400.0 + 8 * HOUR_S
    before, during = only(demand, at_s, HOUR_S), only(demand, at_s + HOUR_S, HOUR_S)
    assert demand.forecast(at_s, HOUR_S).period_hours == 24
    assert during.rate > 10 * before.rate
    first = Demand(0.0)
    first.observe(9 * HOUR_S, "code", 1.0)
    assert first.forecast(1.9 * 86400, HOUR_S).period_hours == 0
    assert first.forecast(15 * 86400.0, HOUR_S).period_hours == 168


def test_sessions_tell_who_comes_next() -> None:
    demand = Demand(0.0)
    for at_s, expert in ((0.0, "code"), (10.0, "code"), (15.0, "prose")):
        demand.observe(at_s, expert, 1.0, session="one")
    code, prose = demand.forecast(20.0, 600.0).experts
    assert (code.expert, prose.expert) == ("code", "prose")
    assert dict(code.followers).keys() == {"code", "prose"}
    assert code.repeat_gap_s == 10.0
    assert 0 < code.repeats < 1
    assert (prose.followers, prose.repeats) == ((), 0.0)


def test_of_whom_nobody_asked_nothing_is_expected_yet_it_is_not_certain() -> None:
    demand = Demand(0.0)
    steady(demand, "code", 0.1, HOUR_S)
    code, never = demand.forecast(HOUR_S, 600.0, experts=("never", "code")).experts
    assert (code.expert, never.expert) == ("code", "never")
    assert (never.rate, never.requests, never.work_s) == (0.0, 0, 0.0)
    assert never.variance > 0
    assert 0 < never.high < code.low


def test_before_anything_came_there_is_nothing_to_tell() -> None:
    told = Demand().forecast(5.0, 600.0)
    assert (told.experts, told.common_variance, told.period_hours) == ((), 0.0, 0)
    (known,) = Demand(0.0).forecast(5.0, 600.0, experts=["code"]).experts
    assert known.rate == 0.0


def test_a_forecast_changes_nothing() -> None:
    demand, undisturbed = Demand(0.0), Demand(0.0)
    for one in (demand, undisturbed):
        steady(one, "code", 0.1, HOUR_S)
    demand.forecast(40 * HOUR_S, 600.0)
    assert demand.forecast(HOUR_S, 600.0) == undisturbed.forecast(HOUR_S, 600.0)
    demand.observe(HOUR_S, "code", 1.0)


def test_who_falls_silent_is_expected_less_and_less_and_never_certainly_gone() -> None:
    demand = Demand(0.0)
    steady(demand, "code", 0.1, 2 * HOUR_S)
    rates = [only(demand, (2 + hours) * HOUR_S).rate for hours in (0.0, 0.5, 1.0, 2.0)]
    assert rates == sorted(rates, reverse=True)
    for days in (8, 30, 65, 400):
        late = only(demand, days * 86400.0)
        assert 0 <= late.rate < 1e-6
        assert late.low <= late.rate <= late.high
        assert late.variance > 0


@pytest.mark.parametrize("at_s", [9.0, nan, inf])
def test_requests_come_in_order_of_time(at_s: float) -> None:
    demand = Demand()
    demand.observe(10.0, "code", 1.0)
    with pytest.raises(TraceInvalid, match=r"'code' at \S+ s: expected a time from 10 s on"):
        demand.observe(at_s, "code", 1.0)
    with pytest.raises(TraceInvalid, match=r"a forecast at \S+ s: expected a time from 10 s on"):
        demand.forecast(at_s, 600.0)


@pytest.mark.parametrize("work_s", [-1.0, nan, inf])
def test_work_is_some_seconds(work_s: float) -> None:
    with pytest.raises(TraceInvalid, match="expected seconds from 0 up"):
        Demand().observe(0.0, "code", work_s)


@pytest.mark.parametrize(
    ("horizon_s", "certainty"), [(0.0, 0.9), (inf, 0.9), (nan, 0.9), (60.0, 0.0), (60.0, 1.0)]
)
def test_a_forecast_is_over_some_seconds_with_some_certainty(
    horizon_s: float, certainty: float
) -> None:
    with pytest.raises(TraceInvalid, match="expected seconds above 0, and a certainty between"):
        Demand().forecast(0.0, horizon_s, certainty)
