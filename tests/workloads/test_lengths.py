from collections.abc import Callable
from random import Random
from statistics import fmean, median

import pytest

from coterie.workloads.lengths import (
    Empirical,
    Fixed,
    Lengths,
    Lognormal,
    Quantiles,
    capped,
    fitted_lognormal,
)
from coterie.workloads.report import percentile


def drawn(lengths: Lengths, count: int = 20_000, seed: int = 3) -> list[int]:
    one = lengths.draws(Random(seed))
    return [one() for _ in range(count)]


def test_a_fixed_length_is_always_as_long() -> None:
    assert drawn(Fixed(7), 3) == [7, 7, 7]


def test_a_lognormal_keeps_its_median_and_its_mean() -> None:
    assert median(drawn(Lognormal(200, 1.0))) == pytest.approx(200, rel=0.03)
    assert fmean(drawn(Lognormal.of_mean(500, 0.8))) == pytest.approx(500, rel=0.03)


def test_quantiles_are_linear_between_their_points_and_flat_beyond() -> None:
    values = sorted(drawn(Quantiles((1, 50, 99), (10, 100, 1000))))
    assert (values[0], values[-1]) == (10, 1000)
    assert percentile(values, 25) == pytest.approx(54, rel=0.05)
    assert percentile(values, 75) == pytest.approx(559, rel=0.05)


def test_lengths_that_were_seen_are_drawn_alike() -> None:
    values = drawn(Empirical((5, 5, 20)))
    assert sorted(set(values)) == [5, 20]
    assert values.count(20) / len(values) == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize("lengths", [Lognormal(0.01, 0.1), Quantiles((50,), (0,)), Empirical((0,))])
def test_nothing_is_shorter_than_a_token(lengths: Lengths) -> None:
    assert min(drawn(lengths, 100)) == 1


def test_a_cap_bounds_lengths_and_no_cap_leaves_them() -> None:
    assert capped(lambda: 900, 64)() == 64
    assert capped(lambda: 900, 0)() == 900


def test_the_same_seed_draws_the_same() -> None:
    assert drawn(Lognormal(100, 1), 50) == drawn(Lognormal(100, 1), 50)
    assert drawn(Lognormal(100, 1), 50) != drawn(Lognormal(100, 1), 50, seed=4)


def test_a_lognormal_is_found_again_from_two_of_its_quantiles() -> None:
    values = sorted(drawn(Lognormal(300, 0.9)))
    found = fitted_lognormal(percentile(values, 50), percentile(values, 90))
    assert found.median == pytest.approx(300, rel=0.03)
    assert found.sigma == pytest.approx(0.9, rel=0.04)
    assert fitted_lognormal(0.0, 0.0) == Lognormal(1.0, 0.0)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Fixed(0), "more than 0"),
        (lambda: Lognormal(0, 1), "more than 0"),
        (lambda: Lognormal(float("nan"), 1), "more than 0"),
        (lambda: Lognormal(10, -1), "expected 0 to 10"),
        (lambda: Quantiles((50, 10), (1, 2)), "do not rise"),
        (lambda: Quantiles((10, 50), (2, 1)), "do not rise"),
        (lambda: Quantiles((10, 101), (1, 2)), "give 0 to 100"),
        (lambda: Quantiles((), ()), "a value for each"),
        (lambda: Empirical(()), "there are none"),
    ],
)
def test_what_is_no_length_is_refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
