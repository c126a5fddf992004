from collections.abc import Callable
from itertools import islice, pairwise

import pytest

from coterie.workloads.arrivals import Shape, constant, endless, poisson

SHAPE = Shape(("a", "b"), prompt_tokens=8, output_tokens=4)


def test_the_same_seed_gives_the_same_arrivals_and_another_seed_others() -> None:
    assert poisson(SHAPE, 5, 60, seed=3) == poisson(SHAPE, 5, 60, seed=3)
    assert poisson(SHAPE, 5, 60, seed=3) != poisson(SHAPE, 5, 60, seed=4)


def test_poisson_arrivals_are_as_many_and_as_spread_as_they_should_be() -> None:
    arrivals = poisson(SHAPE, 10, 1000, seed=1)
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(arrivals)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert len(arrivals) == pytest.approx(10_000, rel=0.05)
    assert variance**0.5 == pytest.approx(mean, rel=0.05)
    assert all(0 <= arrival.at_s < 1000 for arrival in arrivals)


def test_experts_are_drawn_evenly() -> None:
    arrivals = poisson(SHAPE, 10, 1000)
    share = sum(arrival.expert == "a" for arrival in arrivals) / len(arrivals)
    assert share == pytest.approx(0.5, abs=0.03)


def test_constant_arrivals_keep_their_distance() -> None:
    assert [arrival.at_s for arrival in constant(SHAPE, 4, 1.0)] == [0.0, 0.25, 0.5, 0.75]


def test_endless_requests_carry_no_time() -> None:
    requests = list(islice(endless(SHAPE), 50))
    assert {request.at_s for request in requests} == {0.0}
    assert {request.expert for request in requests} == {"a", "b"}
    assert requests == list(islice(endless(SHAPE), 50))


@pytest.mark.parametrize("make", [poisson, constant])
def test_a_rate_of_nothing_is_refused(make: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make(SHAPE, 0, 10)
