"""The profile of the hours, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.hours import (
    HOUR_S,
    PULL,
    WEEK,
    Hours,
    Profile,
    profile_of,
    watched_hours,
)

TIMES_S = st.integers(0, 400 * 60).map(lambda minutes: minutes * 60.0)


def test_arrivals_are_counted_by_the_hour_of_the_week() -> None:
    hours = Hours()
    for at_s in (0.0, HOUR_S - 1, HOUR_S, WEEK * HOUR_S + 5):
        hours.observe(at_s)
    assert hours.seen == {0: 3.0, 1: 1.0}


def test_watched_hours_are_counted_by_their_kind() -> None:
    assert watched_hours(0.5 * HOUR_S, 2.25 * HOUR_S, 4) == (0.5, 1.0, 0.25, 0.0)
    assert watched_hours(3 * HOUR_S, 12 * HOUR_S, 4) == (2.0, 2.0, 2.0, 3.0)
    assert watched_hours(5.0, 5.0, 2) == (0.0, 0.0)
    assert watched_hours(0.0, HOUR_S, 0) == ()


@given(TIMES_S, TIMES_S, st.sampled_from([24, 168]))
def test_watched_hours_are_what_a_count_of_minutes_is(
    begin_s: float, watched_s: float, period: int
) -> None:
    minutes = [0] * period
    for minute in range(int(begin_s // 60), int((begin_s + watched_s) // 60)):
        minutes[minute // 60 % period] += 1
    found = watched_hours(begin_s, begin_s + watched_s, period)
    assert found == pytest.approx([count / 60 for count in minutes])


def test_pieces_are_cut_at_full_hours() -> None:
    profile = Profile((2.0, 0.5))
    assert list(profile.pieces(0.5 * HOUR_S, 2.5 * HOUR_S)) == [
        (0.5 * HOUR_S, HOUR_S, 2.0),
        (HOUR_S, 2 * HOUR_S, 0.5),
        (2 * HOUR_S, 2.5 * HOUR_S, 2.0),
    ]
    assert list(profile.pieces(7.0, 7.0)) == []
    assert list(Profile().pieces(3.0, 9000.0)) == [(3.0, 9000.0, 1.0)]
    assert list(Profile().pieces(3.0, 3.0)) == []
    assert (profile.at(HOUR_S), profile.at(2 * HOUR_S), Profile().at(5.0)) == (0.5, 2.0, 1.0)


def test_few_arrivals_tell_little_and_many_tell_all() -> None:
    few = profile_of({0: 2.0}, (1.0, 1.0))  # one an hour: beside 20 that count as seen
    assert few.factors == pytest.approx((22 / 21, 20 / 21))
    many = profile_of({0: 3e6, 1: 1e6}, (10.0, 10.0))
    assert many.factors == pytest.approx((1.5, 0.5), rel=1e-4)


def test_the_week_folds_into_the_day() -> None:
    seen = {2: 100.0, 26: 200.0, 5: 10.0}
    assert profile_of(seen, (1.0,) * 24) == profile_of({2: 300.0, 5: 10.0}, (1.0,) * 24)


def test_who_was_hardly_seen_is_like_the_others() -> None:
    like = Profile((1.5, 0.5))
    assert profile_of({}, (1.0, 1.0), like) == like
    assert profile_of({}, (1.0, 1.0)) == Profile((1.0, 1.0))
    assert profile_of({0: 1.0}, (), like) == Profile()
    own = profile_of({1: PULL}, (1.0, 1.0), like)  # a mean of 10 an hour
    assert own.factors == pytest.approx((1.5 * 20 / 30, 30 / 30))


@given(
    st.dictionaries(st.integers(0, WEEK - 1), st.integers(1, 500).map(float)),
    st.lists(st.floats(0, 50), min_size=24, max_size=24).filter(lambda hours: sum(hours) > 1e-3),
)
def test_factors_are_one_on_average_over_what_was_watched(
    seen: dict[int, float], hours: list[float]
) -> None:
    profile = profile_of(seen, tuple(hours))
    mean = sum(f * part for f, part in zip(profile.factors, hours, strict=True)) / sum(hours)
    assert mean == pytest.approx(1.0)
    assert min(profile.factors) > 0
