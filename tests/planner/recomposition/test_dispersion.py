"""How much arrivals vary, by hand, in bins of 10 s and of a minute that 16 minutes remember."""

from itertools import repeat
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.dispersion import COMMON_PULL, PULL, Expected, Variation

MEMORY_S, SHORT_S, LONG_S = 60.0, 10.0, 60.0
SHORT_LEFT, LONG_LEFT = exp(-1 / 96), exp(-1 / 16)
MINUTES = [number for minute in range(8) for number in repeat(4 * (minute % 2), 6)]


def filled(means: dict[str, float], error: float, counts: dict[str, list[int]]) -> Variation:
    """So many arrivals in bins of 10 s, the first of which nothing is expected of."""

    def expected(bin_s: float, _: float) -> Expected:
        return Expected({name: mean * bin_s / SHORT_S for name, mean in means.items()}, error)

    variation = Variation(0.0, MEMORY_S, expected)
    for number, of_all in enumerate(zip(*counts.values(), strict=True)):
        variation.pass_to(SHORT_S * number)
        for name, of in zip(counts, of_all, strict=True):
            for _ in range(of):
                variation.count(name)
    variation.pass_to(SHORT_S * len(next(iter(counts.values()))))
    return variation


def faded(of_bins: list[float], left: float) -> float:
    return sum(one * left**age for age, one in enumerate(reversed(of_bins)))


def test_the_index_is_squared_distance_over_chance() -> None:
    variation = filled({"code": 2.0}, 0.5, {"code": [9, 4, 0, 4]})
    # Squares of 2; by chance they would be 2 each, and half of that for the estimate.
    squares, chance = faded([4.0] * 3, SHORT_LEFT), faded([3.0] * 3, SHORT_LEFT)
    found = variation.index("code", SHORT_S)
    assert found == pytest.approx((squares + PULL) / (chance + PULL))
    assert variation.index("prose", SHORT_S) == 1.0


def test_what_seems_steadier_than_chance_is_not_believed() -> None:
    steady = filled({"code": 4.0}, 1.0, {"code": [4] * 20})
    assert [steady.index("code", scale_s) for scale_s in (1.0, 60.0, 3600.0)] == [1.0] * 3


def test_of_a_bin_without_an_expectation_nothing_is_learnt() -> None:
    variation = filled({}, 0.0, {"code": [50, 0] * 10})
    assert (variation.index("code", 60.0), variation.common_variance(60.0)) == (1.0, 0.0)


def test_a_bin_in_which_nobody_came_counts() -> None:
    variation = filled({"code": 3.0}, 1.0, {"code": [3, 0]})
    assert variation.index("code", SHORT_S) == pytest.approx((9 + PULL) / (6 + PULL))


def test_what_changes_by_the_minute_varies_more_over_longer_times() -> None:
    variation = filled({"code": 2.0}, 0.5, {"code": MINUTES})
    long = (faded([144.0] * 7, LONG_LEFT) + PULL) / (faded([18.0] * 7, LONG_LEFT) + PULL)
    short = (faded([4.0] * 47, SHORT_LEFT) + PULL) / (faded([3.0] * 47, SHORT_LEFT) + PULL)
    assert variation.index("code", SHORT_S) == pytest.approx(short)
    assert variation.index("code", LONG_S) == pytest.approx(long)
    assert variation.index("code", 6 * LONG_S) == pytest.approx(long * long / short)


def test_what_experts_share_is_a_factor_on_all() -> None:
    means = {"code": 2.0, "prose": 1.0}
    half = [of // 2 for of in MINUTES]
    both = filled(means, 1.0, {"code": MINUTES, "prose": half})
    # Products of distances, of both orders of the pair, 2 x 2 x 1 in each bin; so of expectations.
    products = faded([4.0] * 47, SHORT_LEFT)
    shared = products / (products + COMMON_PULL)
    assert both.common_variance(SHORT_S) == pytest.approx(shared)
    assert both.common_variance(3600.0) <= shared * (1 + 1e-9)
    opposed = filled(means, 1.0, {"code": MINUTES, "prose": [2 - of for of in half]})
    assert opposed.common_variance(SHORT_S) == 0.0
    alone = filled({"code": 2.0}, 1.0, {"code": MINUTES})
    assert alone.common_variance(SHORT_S) == 0.0


def test_what_is_long_ago_fades() -> None:
    burst = {"code": [2, 20, *repeat(2, 10)]}
    assert filled({"code": 2.0}, 1.0, burst).index("code", SHORT_S) > 5
    later = {"code": [*burst["code"], *repeat(2, 2000)]}
    assert filled({"code": 2.0}, 1.0, later).index("code", SHORT_S) == 1.0


def test_an_expectation_is_asked_for_when_its_bin_begins() -> None:
    asked: list[tuple[float, float]] = []

    def told(bin_s: float, begin_s: float) -> Expected:
        asked.append((bin_s, begin_s))
        return Expected({"code": 1.0}, 1.0)

    variation = Variation(5.0, MEMORY_S, told)
    for at_s in (5.0, 14.0, 15.0, 16.0, 38.0, 65.0):
        variation.pass_to(at_s)
    short = [(SHORT_S, 5.0 + SHORT_S * number) for number in range(1, 7)]
    assert asked == [*short, (LONG_S, 65.0)]


def test_a_silence_of_years_takes_no_more_bins_than_are_remembered() -> None:
    asked: list[float] = []

    def told(_: float, begin_s: float) -> Expected:
        asked.append(begin_s)
        return Expected({"code": 1.0}, 1.0)

    Variation(0.0, MEMORY_S, told).pass_to(6e8)
    assert len(asked) == 96 + 1 + 16 + 1
    assert asked.count(6e8) == 2


@given(st.lists(st.integers(0, 30), min_size=2, max_size=40), st.floats(0.1, 20))
def test_the_index_is_the_formula(counts: list[int], mean: float) -> None:
    squares = faded([(count - mean) ** 2 for count in counts[1:]], SHORT_LEFT)
    chance = faded([2 * mean] * (len(counts) - 1), SHORT_LEFT)
    found = filled({"code": mean}, 1.0, {"code": counts}).index("code", SHORT_S)
    assert found == pytest.approx(max(1.0, (squares + PULL) / (chance + PULL)))
