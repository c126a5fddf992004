"""Bounds of a rate, beside the distribution that they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincinv

from coterie.planner.recomposition.forecast import ExpertForecast, Forecast, bounds


@pytest.mark.parametrize("shape", [2.0, 5.0, 10.0, 100.0])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_bounds_are_near_the_quantiles_of_a_gamma_distribution(shape: float, level: float) -> None:
    mean = 3.0
    low, high = bounds(mean, mean * mean / shape, level)
    scale = mean / shape
    assert low == pytest.approx(scale * gammaincinv(shape, (1 - level) / 2), abs=0.01 * mean)
    assert high == pytest.approx(scale * gammaincinv(shape, (1 + level) / 2), rel=0.01)


def test_what_is_certain_has_no_width() -> None:
    assert bounds(2.0, 0.0, 0.9) == (2.0, 2.0)
    assert bounds(0.0, 0.0, 0.9) == (0.0, 0.0)


def test_a_rate_of_which_nothing_was_seen_may_still_be_some() -> None:
    low, high = bounds(0.0, 0.5, 0.9)  # one half of an arrival, by Jeffreys: a scale of 1
    assert low == 0.0
    assert high == pytest.approx(gammaincinv(0.5, 0.95), rel=0.05)


@given(st.floats(0, 1e3), st.floats(1e-9, 1e6), st.floats(0.01, 0.99))
def test_bounds_hold_the_mean(mean: float, variance: float, level: float) -> None:
    low, high = bounds(mean, variance, level)
    assert 0 <= low <= mean <= high


def test_a_rate_that_has_all_but_faded_is_like_one_of_which_nothing_was_seen() -> None:
    assert bounds(1e-200, 0.5, 0.9)[1] == bounds(0.0, 0.5, 0.9)[1]


def test_a_forecast_is_found_by_name_and_says_what_it_knows_of_the_hours() -> None:
    one, two = ExpertForecast("code", 1.0), ExpertForecast("prose", 2.0)
    day = Forecast(0.0, 600.0, (one, two), watched_s=3.5 * 86400, period_hours=24)
    assert day.by_name == {"code": one, "prose": two}
    assert day.remark == "by the hour of the day, of 3.5 days that were watched"
    week = Forecast(0.0, 600.0, (), watched_s=15 * 86400, period_hours=168)
    assert week.remark == "by the hour of the week, of 15.0 days that were watched"
    hours = Forecast(0.0, 600.0, (), watched_s=5400)
    assert hours.remark.startswith("no time of day: 1.5 hours were watched")
