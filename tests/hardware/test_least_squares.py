import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.hardware.least_squares import Points, line, proportion


def test_a_line_without_noise_is_found_exactly() -> None:
    found = line([(x, 0.5 + 0.02 * x) for x in (10, 40, 160, 640)])
    assert (found.intercept, found.slope) == pytest.approx((0.5, 0.02))
    assert found.intercept_error == pytest.approx(0.0, abs=1e-9)
    assert found.slope_error == pytest.approx(0.0, abs=1e-9)


def test_errors_are_those_of_repeating_it() -> None:
    """The standard errors that are told, beside the scatter of fits to fresh noise of 5 %."""
    chance = random.Random(7)
    places = [10, 20, 40, 80, 160, 320] * 4
    fits = [
        line([(x, (0.5 + 0.02 * x) * chance.gauss(1.0, 0.05)) for x in places]) for _ in range(300)
    ]
    for value, error, truth in (
        ([one.slope for one in fits], [one.slope_error for one in fits], 0.02),
        ([one.intercept for one in fits], [one.intercept_error for one in fits], 0.5),
    ):
        mean = sum(value) / len(value)
        scatter = (sum((one - mean) ** 2 for one in value) / len(value)) ** 0.5
        assert mean == pytest.approx(truth, rel=0.01)
        assert sum(error) / len(error) == pytest.approx(scatter, rel=0.15)


def test_a_line_begins_at_nothing_or_later_and_does_not_fall() -> None:
    steep = line([(1, 0.1), (10, 10.0), (100, 120.0)])
    assert steep.intercept == 0.0
    assert 0 < steep.slope < 1.2
    falling = line([(1, 2.0), (10, 1.0)])
    assert (falling.slope, falling.slope_error) == (0.0, 0.0)
    assert 1.0 < falling.intercept < 2.0


def test_one_place_alone_tells_no_slope() -> None:
    found = line([(5, 1.0), (5, 1.2), (5, 1.1)])
    assert found.slope == 0.0
    assert 1.0 < found.intercept < 1.2
    assert found.intercept_error > 0.0
    assert line([(5, 1.0)]).intercept == 1.0
    assert line([(0, 1.0), (0, 1.0)]).intercept == 1.0


def test_a_proportion_goes_through_nothing() -> None:
    assert proportion([(1, 2.0), (10, 20.0)]) == pytest.approx((2.0, 0.0))
    slope, error = proportion([(1, 1.8), (1, 2.2)])
    assert slope == pytest.approx(2.0, rel=0.03)
    assert error > 0.1


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 0.0)],
        [(1, -1.0)],
        [(1, float("nan"))],
        [(1, float("inf"))],
        [(float("nan"), 1.0)],
        [(-1, 1.0)],
    ],
)
def test_what_is_no_observation_is_refused(points: Points) -> None:
    with pytest.raises(ValueError, match="expected"):
        line(points)
    with pytest.raises(ValueError, match="expected"):
        proportion(points)


def test_nothing_alone_has_no_proportion() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        proportion([(0, 1.0)])


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(1e-6, 1e6)), min_size=1, max_size=20))
def test_no_observations_give_a_line_below_nothing(points: list[tuple[float, float]]) -> None:
    found = line(points)
    assert found.intercept >= 0.0
    assert found.slope >= 0.0
    assert found.intercept_error >= 0.0
    assert found.slope_error >= 0.0
