"""How good choices are, by hand."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from coterie.router.embedders import Floats, Integers
from coterie.router.evaluate import (
    Point,
    aiq,
    auroc,
    calibration,
    confusion,
    hull,
    interval,
    quality,
)
from coterie.router.ratings import Ratings

NAN = float("nan")


def of(*scores: list[float]) -> Ratings:
    n = len(scores)
    table = np.array(scores, dtype=np.float32).reshape(n, -1)
    names = tuple("abc"[: table.shape[1]])
    return Ratings(tuple(map(str, range(n))), ("",) * n, ("",) * n, names, table)


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


def integers(*values: int) -> Integers:
    return np.array(values, dtype=np.int64)


# Against the best single expert, chance, and an oracle.


def test_a_router_stands_between_the_best_single_expert_and_the_oracle() -> None:
    held = of([1, 0], [1, 0.5], [0, 1], [0.5, 1])
    found = quality(held, integers(0, 0, 1, 0), best=0)
    assert found.prompts == 4
    assert (found.quality, found.best, found.best_expert) == (0.875, 0.625, "a")
    assert (found.random, found.oracle) == (0.625, 1.0)
    assert found.gain == 0.25
    assert found.gap == pytest.approx(0.25 / 0.375)
    assert found.low <= found.gain <= found.high


def test_the_best_single_expert_closes_no_gap_and_the_oracle_all() -> None:
    held = of([1, 0], [0, 1], [1, 0])
    single = quality(held, integers(0, 0, 0), best=0)
    assert (single.gap, single.gain, single.low, single.high) == (0, 0, 0, 0)
    oracle = quality(held, integers(0, 1, 0), best=0)
    assert oracle.gap == pytest.approx(1)
    worse = quality(held, integers(1, 0, 1), best=0)
    assert worse.gap == pytest.approx(-2)


def test_where_there_is_no_gap_none_is_closed() -> None:
    found = quality(of([1, 0], [1, 0]), integers(0, 0), best=0)
    assert found.oracle == found.best == 1
    assert found.gap == 0


def test_prompts_that_were_not_measured_do_not_count() -> None:
    held = of([1, NAN], [NAN, 1], [0.5, 1])
    found = quality(held, integers(0, 1, 1), best=0)
    assert found.prompts == 2
    assert (found.quality, found.best, found.oracle) == (1.0, 0.75, 1.0)
    assert found.random == pytest.approx(2.5 / 3)
    none = quality(of([NAN, 1], [NAN, 0]), integers(1, 1), best=0)
    assert (none.prompts, none.quality, none.oracle, none.gap) == (0, 0, 0, 0)


@pytest.mark.parametrize("spread", [0.1, 0.4])
def test_the_interval_covers_the_true_mean_in_about_95_of_100(spread: float) -> None:
    covered, width = 0, []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        low, high = interval((0.02 + spread * draw.standard_normal(150)).astype(np.float32))
        assert low < high
        covered += low <= 0.02 <= high
        width.append(high - low)
    assert 0.89 <= covered / 200 <= 0.99
    assert np.mean(width) == pytest.approx(2 * 1.96 * spread / np.sqrt(150), rel=0.05)


def test_the_interval_of_what_never_differs_is_a_point() -> None:
    assert interval(floats(0.25, 0.25)) == (0.25, 0.25)
    assert interval(floats()) == (0, 0)
    draws = floats(0.1, 0.9, 0.3)
    assert interval(draws) == interval(draws)


# How true confidences are.


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_truth() -> None:
    error, bins = calibration(floats(0.91, 0.93, 0.35, 0.35), floats(1, 0, 0, 0))
    assert [count for _, _, count in bins] == [2, 2]
    assert bins[0][:2] == pytest.approx((0.35, 0.0))
    assert bins[1][:2] == pytest.approx((0.92, 0.5))
    assert error == pytest.approx((0.35 * 2 + 0.42 * 2) / 4)


def test_the_ends_are_in_a_bin() -> None:
    error, bins = calibration(floats(0.0, 1.0), floats(0, 1))
    assert error == 0
    assert bins == [(0.0, 0.0, 1), (1.0, 1.0, 1)]
    assert calibration(floats(), floats()) == (0, [])


def test_what_is_drawn_with_its_confidence_is_calibrated() -> None:
    draw = np.random.default_rng(0)
    sure = draw.random(20_000).astype(np.float32)
    right = (draw.random(20_000) < sure).astype(np.float32)
    assert calibration(sure, right)[0] < 0.015
    assert calibration(sure, 1 - right)[0] > 0.4


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=30),
    st.lists(st.integers(0, 6), min_size=1, max_size=30),
)
def test_auroc_is_that_of_scikit_learn(inside: list[int], outside: list[int]) -> None:
    found = auroc(floats(*(one / 6 for one in inside)), floats(*(one / 6 for one in outside)))
    truth = [1] * len(inside) + [0] * len(outside)
    assert found == pytest.approx(roc_auc_score(truth, [*inside, *outside]), abs=1e-9)


def test_auroc_by_hand() -> None:
    assert auroc(floats(0.9, 0.8), floats(0.1, 0.2, 0.3)) == 1
    assert auroc(floats(0.1), floats(0.9)) == 0
    assert auroc(floats(0.5, 0.5), floats(0.5)) == 0.5
    assert auroc(floats(0.9, 0.3), floats(0.5)) == 0.5


@pytest.mark.parametrize(("inside", "outside"), [((), ()), ((0.5,), ()), ((), (0.5,))])
def test_where_there_is_nobody_to_tell_apart_it_is_chance(
    inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    assert auroc(floats(*inside), floats(*outside)) == 0.5


def test_confusion_counts_what_was_taken_for_what() -> None:
    found = confusion(["a", "a", "b", "", "b"], ["a", "b", "c", "a", ""])
    assert found.categories == ("a", "b", "c")
    assert found.counts.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert confusion([], []).counts.shape == (0, 0)


# Quality and cost.


def points(*pairs: tuple[float, float]) -> list[Point]:
    return [Point(0.0, cost, reached) for cost, reached in pairs]


def line(found: list[Point]) -> list[tuple[float, float]]:
    return [(one.cost, one.quality) for one in found]


def test_the_hull_is_what_nobody_is_above() -> None:
    found = hull(points((3, 0.9), (1, 0.5), (2, 0.6), (2, 0.8), (4, 0.85), (1, 0.3), (2.5, 0.82)))
    assert line(found) == [(1, 0.5), (2, 0.8), (3, 0.9)]


def test_the_hull_leaves_out_what_lies_on_it() -> None:
    assert line(hull(points((1, 0.0), (2, 0.5), (3, 1.0)))) == [(1, 0.0), (3, 1.0)]
    assert line(hull(points((1, 0.5)))) == [(1, 0.5)]
    assert hull([]) == []


spots = st.tuples(st.integers(0, 20).map(float), st.integers(0, 20).map(lambda x: x / 20))


@given(st.lists(spots, min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_no_point_is_above_the_hull(pairs: list[tuple[float, float]], draw: Random) -> None:
    found = hull(points(*pairs))
    costs, reached = [one.cost for one in found], [one.quality for one in found]
    assert costs == sorted(set(costs))
    assert reached == sorted(set(reached))
    assert set(line(found)) <= set(pairs)
    for cost, value in pairs:
        assert cost >= costs[0]
        assert value <= np.interp(cost, costs, reached) + 1e-9
    draw.shuffle(pairs)
    assert line(hull(points(*pairs))) == line(found)


def test_aiq_is_the_mean_height_of_the_hull() -> None:
    assert aiq(points((0, 0.0), (1, 1.0)), 0, 1) == pytest.approx(0.5)
    assert aiq(points((0, 0.5), (1, 1.0), (0.5, 0.2)), 0, 1) == pytest.approx(0.75)
    assert aiq(points((0, 0.4)), 0, 2) == pytest.approx(0.4)
    bent = aiq(points((0, 0.0), (1, 1.0), (2, 1.0)), 0, 2)
    assert bent == pytest.approx(0.75, abs=2e-3)
    assert aiq(points((0, 0.0), (1, 1.0)), 0.5, 1) == pytest.approx(0.75)


def test_costs_that_nothing_was_seen_at_are_worth_nothing() -> None:
    assert aiq(points((1, 1.0)), 0, 2) == pytest.approx(0.5, abs=2e-3)
    assert aiq([], 0, 1) == 0
    assert aiq(points((1, 1.0)), 1, 1) == 0


def test_to_dominate_is_to_have_more_area() -> None:
    better = aiq(points((0, 0.5), (1, 0.8), (2, 0.9)), 0, 2)
    assert better > aiq(points((0, 0.5), (1, 0.7), (2, 0.9)), 0, 2)
    assert better == aiq(points((2, 0.9), (0, 0.5), (1, 0.8), (1.5, 0.1)), 0, 2)
