import pytest

from coterie.workloads import sampling
from coterie.workloads.requests import Arrival

ARRIVALS = [Arrival(float(i), "a", 1, 1, session=f"s{i % 400}") for i in range(4000)]


def sessions(found: list[Arrival]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.session] = counts.get(one.session, 0) + 1
    return counts


def test_a_fraction_of_the_requests_is_drawn_and_stays_in_order() -> None:
    found = list(sampling.fraction(ARRIVALS, 0.25, seed=1))
    assert len(found) == pytest.approx(1000, rel=0.1)
    assert found == sorted(found, key=lambda one: one.at_s)
    assert len(sessions(found)) > 350


def test_a_fraction_of_the_sessions_has_them_whole() -> None:
    found = list(sampling.fraction(ARRIVALS, 0.25, by_session=True))
    assert len(found) == pytest.approx(1000, rel=0.2)
    assert set(sessions(found).values()) == {10}


def test_a_count_is_exact_and_each_part_is_as_likely() -> None:
    found = sampling.count(ARRIVALS, 1000)
    assert len(found) == 1000
    assert found == sorted(found, key=lambda one: one.at_s)
    assert sum(one.at_s < 2000 for one in found) == pytest.approx(500, rel=0.1)


def test_a_count_of_sessions_has_them_whole() -> None:
    found = sampling.count(ARRIVALS, 30, by_session=True)
    assert len(sessions(found)) == 30
    assert set(sessions(found).values()) == {10}
    assert found == sorted(found, key=lambda one: one.at_s)


def test_requests_without_a_session_are_drawn_one_by_one() -> None:
    alone = [Arrival(float(i), "a", 1, 1) for i in range(100)]
    assert len(sampling.count(alone, 7, by_session=True)) == 7
    assert sampling.count(alone, 1000) == alone


def test_the_same_seed_draws_the_same() -> None:
    assert sampling.count(ARRIVALS, 9, seed=1) == sampling.count(ARRIVALS, 9, seed=1)
    assert sampling.count(ARRIVALS, 9, seed=1) != sampling.count(ARRIVALS, 9, seed=2)


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1"):
        sampling.fraction(ARRIVALS, 1.5)
    with pytest.raises(ValueError, match="expected 1 or more"):
        sampling.count(ARRIVALS, 0)
