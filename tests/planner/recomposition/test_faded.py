"""Sums that fade, beside all arrivals; and the rates and slopes that are found again from them."""

from math import exp, expm1, inf, log, log1p
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.faded import SLOPE, Faded, Level, Span, level

MEMORY_S = 1000.0


def seen(times_s: list[float], now_s: float, work_s: float = 1.0) -> Faded:
    sums = Faded()
    for at_s in times_s:
        sums.observe(at_s, work_s, MEMORY_S)
    sums.fade(now_s, MEMORY_S)
    return sums


def steady(rate: float, watched_s: float) -> list[float]:
    return [(number + 0.5) / rate for number in range(int(rate * watched_s))]


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 60)), max_size=20), st.floats(0, 3000))
def test_the_sums_are_those_over_all_arrivals(
    requests: list[tuple[float, float]], rest_s: float
) -> None:
    sums, at_s, all_ = Faded(), 0.0, []
    for passed_s, work_s in requests:
        at_s += passed_s
        sums.observe(at_s, work_s, MEMORY_S)
        all_.append((at_s, work_s))
    now_s = at_s + rest_s
    sums.fade(now_s, MEMORY_S)
    weights = [(exp((at - now_s) / MEMORY_S), now_s - at, work) for at, work in all_]
    assert sums.at_s == now_s
    assert sums.weight == pytest.approx(sum(w for w, _, _ in weights))
    assert sums.aged == pytest.approx(sum(w * age for w, age, _ in weights))
    assert sums.squared == pytest.approx(sum(w * w for w, _, _ in weights))
    assert sums.work_s == pytest.approx(sum(w * work for w, _, work in weights))


def test_who_never_asked_has_no_rate_but_may_have_any_trend() -> None:
    nothing = Level(slope_variance=(SLOPE / MEMORY_S) ** 2)
    assert level(Faded(), [Span(0.0, 500.0)], MEMORY_S, 1.0, 0.0) == nothing
    assert level(Faded(), [], MEMORY_S, 1.0, 1.0) == nothing
    assert level(Faded(), [Span(7.0, 7.0)], MEMORY_S, 1.0, 1.0) == nothing


def test_a_silence_lowers_what_is_usual_but_not_to_nothing() -> None:
    found = level(Faded(), [Span(0.0, 99_000.0)], MEMORY_S, 3.0, usual_rate=1 / 4000)
    assert found.rate == pytest.approx(1 / 5000)  # one arrival in a memory and 4000 s
    assert found.slope == 0.0
    assert found.age_s == pytest.approx(MEMORY_S)
    assert found.variance == 3.0


def test_steady_arrivals_have_their_rate_and_no_slope() -> None:
    sums = seen(steady(2.0, 6000.0), 6000.0)
    found = level(sums, [Span(0.0, 6000.0)], MEMORY_S, 1.0, usual_rate=2.0)
    assert found.rate == pytest.approx(2.0, rel=1e-4)
    assert found.slope * MEMORY_S == pytest.approx(0.0, abs=1e-3)
    # Of a sum W of weights, with a sum of squares W / 2: one over twice as many arrivals.
    assert found.variance == pytest.approx(1 / 4000, rel=0.01)
    assert found.slope_variance < 0.01 * (SLOPE / MEMORY_S) ** 2


@pytest.mark.parametrize("slope", [-1e-3, -2e-4, 3e-4, 1e-3])
def test_an_exponential_trend_is_found_again(slope: float) -> None:
    watched_s, arrivals = 3000.0, 20_000
    whole = expm1(slope * watched_s)
    times_s = [log1p(whole * (n + 0.5) / arrivals) / slope for n in range(arrivals)]
    rate_now = arrivals * slope * exp(slope * watched_s) / whole
    sums = seen(times_s, watched_s)
    found = level(sums, [Span(0.0, watched_s)], MEMORY_S, 1.0, usual_rate=rate_now)
    assert found.slope == pytest.approx(slope, rel=0.02)
    assert found.rate == pytest.approx(rate_now, rel=0.02)


@pytest.mark.parametrize("silent_memories", [300, 400, 1000])
def test_a_silence_of_weeks_is_as_if_nobody_had_come(silent_memories: int) -> None:
    now_s, spans = silent_memories * MEMORY_S, [Span(0.0, 12_000.0)]
    found = level(seen([0.0], now_s), spans, MEMORY_S, 1.0, usual_rate=1e-5)
    nobody = level(Faded(at_s=now_s), spans, MEMORY_S, 1.0, usual_rate=1e-5)
    assert found == nobody


def test_three_requests_in_a_row_are_no_trend() -> None:
    sums = seen([2990.0, 2995.0, 3000.0], 3000.0)
    found = level(sums, [Span(0.0, 3000.0)], MEMORY_S, 1.0, usual_rate=1e-3)
    assert 0 < found.slope * MEMORY_S < log(3)
    bursts = level(sums, [Span(0.0, 3000.0)], MEMORY_S, 30.0, usual_rate=1e-3)
    assert 0 < bursts.slope < found.slope / 5
    assert bursts.slope_variance > found.slope_variance


def slopes_of(log_slope: float, arrivals: float, memories: float, count: int) -> list[float]:
    """Times the memory, of processes that come to so many arrivals in a memory by now."""
    found = []
    watched_s = memories * MEMORY_S
    for seed in range(count):
        draw, at_s, times_s = Random(seed), 0.0, []
        most = arrivals / MEMORY_S * max(1.0, exp(-memories * log_slope))
        while (at_s := at_s + draw.expovariate(most)) < watched_s:
            rate = arrivals / MEMORY_S * exp(log_slope * (at_s - watched_s) / MEMORY_S)
            if draw.random() < rate / most:
                times_s.append(at_s)
        if times_s:
            sums, usual_rate = seen(times_s, watched_s), len(times_s) / watched_s
            spans = [Span(0.0, watched_s)]
            found.append(level(sums, spans, MEMORY_S, 1.0, usual_rate).slope * MEMORY_S)
    return found


@pytest.mark.parametrize("arrivals", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_constant_demand_is_rarely_called_a_trend_however_low(arrivals: float) -> None:
    slopes = slopes_of(0.0, arrivals, 6.0, 100)
    assert abs(mean(slopes)) < 0.08
    assert sum(abs(slope) > 0.3 for slope in slopes) < 0.15 * len(slopes)


def test_what_really_rises_or_falls_is_still_found() -> None:
    assert mean(slopes_of(-1.0, 2.0, 3.0, 40)) == pytest.approx(-0.8, abs=0.1)
    assert mean(slopes_of(-1.0, 10.0, 3.0, 20)) == pytest.approx(-0.95, abs=0.1)
    assert mean(slopes_of(1.0, 40.0, 3.0, 20)) > 0.5


def test_hours_that_are_dense_anyway_are_no_trend() -> None:
    spans = [Span(0.0, 1000.0, 1.8), Span(1000.0, 4000.0, 0.2)]
    times_s = [3000.0 * (n + 0.5) / 600 for n in range(600)]
    times_s += [3000.0 + 1000.0 * (n + 0.5) / 1800 for n in range(1800)]
    sums = seen(times_s, 4000.0)
    found = level(sums, spans, MEMORY_S, 1.0, usual_rate=1.0)
    assert found.rate == pytest.approx(1.0, rel=1e-3)
    assert found.slope * MEMORY_S == pytest.approx(0.0, abs=1e-3)
    blind = level(sums, [Span(0.0, 4000.0)], MEMORY_S, 1.0, usual_rate=1.0)
    assert blind.slope * MEMORY_S > 0.3


@given(
    st.lists(st.floats(0, 5000), min_size=1, max_size=30).map(sorted),
    st.floats(1, 60),
    st.floats(1e-6, 10),
)
def test_a_level_makes_sense_whatever_came(
    times_s: list[float], dispersion: float, usual_rate: float
) -> None:
    sums = seen(times_s, 5000.0)
    found = level(sums, [Span(0.0, 5000.0)], MEMORY_S, dispersion, usual_rate)
    assert 0 < found.rate < inf
    assert abs(found.slope) <= 4.0 / MEMORY_S
    assert 0 <= found.age_s <= 5000.0
    assert 0 < found.slope_variance <= (SLOPE / MEMORY_S) ** 2
    assert 0 < found.variance <= dispersion
