import random

import pytest

from coterie.hardware.robust import middle, robust_line, robust_proportion


def noisy(count: int, spread: float = 0.02) -> list[tuple[float, float]]:
    """0.5 s and 2 ms a unit."""
    draw = random.Random(1)
    return [
        (float(x), (0.5 + 0.002 * x) * draw.gauss(1.0, spread))
        for x in (draw.randint(10, 1000) for _ in range(count))
    ]


def test_a_line_is_found_as_if_a_third_were_not_there() -> None:
    points = noisy(200)
    spoilt = [(x, y / 20) if i % 3 == 0 else (x, y) for i, (x, y) in enumerate(points)]
    found = robust_line(spoilt)
    assert found.line.intercept == pytest.approx(0.5, rel=0.03)
    assert found.line.slope == pytest.approx(0.002, rel=0.03)
    assert found.left_out >= 67
    assert found.count + found.left_out == 200


def test_the_truth_lies_within_what_it_is_unsure_of() -> None:
    found = robust_line(noisy(400)).line
    assert 0.0 < found.slope_error < 0.0001
    assert abs(found.slope - 0.002) < 4 * found.slope_error
    assert abs(found.intercept - 0.5) < 4 * found.intercept_error


def test_where_nothing_is_off_nothing_is_left_out() -> None:
    found = robust_line([(float(x), 1.0 + x) for x in range(1, 20)])
    assert (found.count, found.left_out) == (19, 0)
    assert found.line.slope == pytest.approx(1.0)


def test_a_line_that_falls_is_level() -> None:
    found = robust_line([(float(x), 10.0 - x / 10) for x in range(10)])
    assert found.line.slope == 0.0
    assert found.line.intercept == pytest.approx(9.5, rel=0.05)


def test_a_proportion_forgets_what_is_far_off() -> None:
    points = [(float(x), x * 0.1) for x in range(1, 30)] + [(5.0, 50.0), (7.0, 0.001)]
    found = robust_proportion(points)
    assert found.line.slope == pytest.approx(0.1)
    assert (found.count, found.left_out) == (29, 2)


def test_nothing_to_go_by_is_said() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        robust_proportion([(0.0, 1.0)])
    with pytest.raises(ValueError, match="there are none"):
        robust_line([])
    with pytest.raises(ValueError, match="expected more than 0 seconds"):
        robust_line([(1.0, -1.0)])


def test_the_median_is_as_sure_as_there_are_many_values() -> None:
    few, many = middle([1.0, 2.0, 3.0]), middle([1.0, 2.0, 3.0] * 100)
    assert few[0] == many[0] == 2.0
    assert many[1] == pytest.approx(few[1] / 10)
    assert middle([4.0]) == (4.0, 0.0)
