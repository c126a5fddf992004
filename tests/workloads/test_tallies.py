from random import Random
from statistics import fmean

import pytest

from coterie.workloads import tallies
from coterie.workloads.tallies import Gaps, Reservoir, Series, Sessions, Windows


def test_gaps_have_a_rate_and_a_variation() -> None:
    gaps = Gaps()
    for at_s in (10.0, 11.0, 12.0, 15.0):
        gaps.add(at_s)
    assert (gaps.count, gaps.begin_s, gaps.duration_s, gaps.rate) == (4, 10.0, 5.0, 0.6)
    assert gaps.cv == pytest.approx((8 / 9) ** 0.5 / (5 / 3))


def test_one_moment_has_no_rate() -> None:
    gaps = Gaps()
    for at_s in (3.0, 3.0, 3.0):
        gaps.add(at_s)
    assert (gaps.rate, gaps.cv) == (None, None)


def test_windows_count_what_is_in_them_and_those_with_nothing() -> None:
    windows = Windows(10)
    for at_s, name in ((5, "a"), (6, "b"), (14.9, "a"), (15, "a"), (46, "c"), (54.95, "c")):
        windows.add(at_s, name)
    windows.close()
    assert windows.count == 5  # from 5 to 55, the last all but over
    assert (windows.most, windows.mean) == (3, 1.2)
    assert windows.variance == pytest.approx(1.7)
    assert (windows.distinct, windows.most_distinct) == (4, 2)


def test_a_window_that_is_not_over_is_left_out() -> None:
    windows = Windows(10)
    for at_s in (0, 1, 2, 12):
        windows.add(at_s, "a")
    windows.close()
    assert (windows.count, windows.most) == (1, 3)


def test_a_window_has_a_length() -> None:
    with pytest.raises(ValueError, match="expected more than 0"):
        Windows(0)


def test_a_reservoir_keeps_all_of_few_and_a_fair_part_of_many() -> None:
    few: Reservoir[int] = Reservoir(5, Random(0))
    many: Reservoir[int] = Reservoir(2000, Random(0))
    for i in range(4):
        few.add(i)
    for i in range(40_000):
        many.add(i)
    assert few.kept == [0, 1, 2, 3]
    assert len(many.kept) == 2000
    assert fmean(many.kept) == pytest.approx(20_000, rel=0.03)


def test_a_timeline_grows_with_time_and_not_in_bins() -> None:
    series = Series()
    for i in range(5000):
        series.add(100.0 + i, "a" if i < 2500 else "b")
    assert len(series.total()) <= tallies.MOST_BINS
    assert series.bin_s == 64
    assert sum(series.total()) == 5000
    assert series.total()[:3] == (64, 64, 64)
    assert sum(series.of("a")[:39]) == 2496
    assert sum(series.of("b")[:39]) == 0


def test_few_sessions_are_counted_exactly() -> None:
    sessions = Sessions()
    for i in range(300):
        sessions.add(f"s{i % 100}", float(i))
    assert (sessions.requests, sessions.estimate, sessions.is_estimate) == (300, 100, False)
    assert set(sessions.turns()) == {3}
    assert set(sessions.think_s.kept) == {100.0}


def test_many_sessions_are_estimated_from_a_uniform_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_SESSIONS", 2000)
    sessions = Sessions()
    for i in range(60_000):
        sessions.add(f"s{i % 30_000 if i % 3 else i % 10_000}", float(i))
    assert sessions.is_estimate
    assert len(sessions.turns()) <= 2000
    assert sessions.estimate == pytest.approx(23_333, rel=0.1)
    assert sum(sessions.turns()) / len(sessions.turns()) == pytest.approx(60_000 / 23_333, rel=0.1)
