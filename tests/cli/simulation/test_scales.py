"""Axes have round numbers, whatever their length."""

import pytest

from coterie.cli.simulation.scales import Bins, log_ticks, time_step, time_ticks, whole_ticks


@pytest.mark.parametrize(
    ("end_s", "labels"),
    [
        (0.0, ["0s"]),
        (0.004, ["0s", "0.5ms", "1ms", "1.5ms", "2ms", "2.5ms", "3ms", "3.5ms", "4ms"]),
        (10.0, ["0s", "2s", "4s", "6s", "8s", "10s"]),
        (400.0, ["0s", "1m", "2m", "3m", "4m", "5m", "6m"]),
        (9000.0, ["0s", "30m", "1h", "1h30m", "2h", "2h30m"]),
        (3 * 86400.0, ["0s", "12h", "1d", "1d12h", "2d", "2d12h", "3d"]),
    ],
)
def test_times_are_ticked_as_people_read_them(end_s: float, labels: list[str]) -> None:
    assert [label for _, label in time_ticks(end_s)] == labels


def test_there_is_a_step_for_any_time() -> None:
    for end_s in (1e-9, 1e-3, 1.0, 1e5, 3e7, 1e12):
        assert 0 < end_s / time_step(end_s, 100) <= 100 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (0.3, [0, 1]),
        (1, [0, 1]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 50, 100]),
        (12345, [0, 5000, 10000, 15000]),
    ],
)
def test_numbers_are_ticked_up_to_the_most(most: float, ticks: list[int]) -> None:
    assert whole_ticks(most) == ticks


def test_a_logarithmic_axis_has_powers_of_ten_and_more_where_it_is_short() -> None:
    assert log_ticks(0.02, 300) == [0.1, 1, 10, 100]
    assert log_ticks(0.3, 12) == [0.5, 1, 2, 5, 10]


def test_moments_fall_into_parts_and_late_ones_into_the_last() -> None:
    bins = Bins(10.0, 5)
    assert (bins.step_s, bins.count) == (2.0, 5)
    assert bins.counted([0, 1.9, 2, 9, 10, 50]) == [2, 1, 0, 0, 3]
    assert Bins(0.0).counted([0.0]) == [1]


def test_what_is_held_is_averaged_over_each_part() -> None:
    bins, sums = Bins(10.0, 5), [0.0] * 5
    bins.add(sums, 1.0, 5.0, 10)
    assert sums == [5, 10, 5, 0, 0]
    bins.add(sums, 9.0, 10.0, 4)
    assert sums[4] == 2


def test_the_last_part_may_be_shorter() -> None:
    bins, sums = Bins(9.0, 5), [0.0] * 5
    bins.add(sums, 0.0, 99.0, 3)
    assert (bins.count, sums) == (5, [3.0] * 5)
