from collections.abc import Callable

import pytest

from coterie.workloads.demand import Crowd, Demand, asked, choice
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Poisson, Stepped

EXPERTS = ("a", "b", "c", "d")


def share(found: list[tuple[float, str]], expert: str) -> float:
    return sum(name == expert for _, name in found) / len(found)


def test_experts_are_asked_by_their_popularity() -> None:
    found = list(asked(Demand(EXPERTS, Poisson(50), Zipf(1.0)), 400))
    assert len(found) == pytest.approx(20_000, rel=0.03)
    for rank, name in enumerate(EXPERTS, 1):
        assert share(found, name) == pytest.approx(12 / 25 / rank, abs=0.012)


def test_who_was_asked_most_is_asked_least_after_a_shift_and_again_most_after_another() -> None:
    demand = Demand(EXPERTS, Poisson(50), Zipf(1.0), shifts=(100.0, 200.0))
    found = list(asked(demand, 300))
    for begin_s, usual in ((0, True), (100, False), (200, True)):
        part = [one for one in found if begin_s <= one[0] < begin_s + 100]
        assert share(part, "a" if usual else "d") == pytest.approx(0.48, abs=0.03)
    pick = choice(demand)
    assert [pick(at_s, 0.0) for at_s in (99.9, 100.0, 200.0)] == ["a", "d", "a"]


def test_a_crowd_multiplies_one_expert_for_a_while_and_leaves_the_rest() -> None:
    quiet = Demand(EXPERTS, Poisson(50), Zipf(1.0))
    crowded = Demand(EXPERTS, Poisson(50), Zipf(1.0), crowds=(Crowd("c", 100, 50, 6.0),))
    calm, found = list(asked(quiet, 300)), list(asked(crowded, 300))
    assert found == sorted(found)
    extra = list(found)
    for one in calm:
        extra.remove(one)
    assert {name for _, name in extra} == {"c"}
    assert all(100 <= at_s < 150 for at_s, _ in extra)
    assert len(extra) == pytest.approx(5 * 50 * 50 * 0.16, rel=0.1)
    assert crowded.expected(300) == pytest.approx(15_000 + 2000)
    assert crowded.expected(125) == pytest.approx(6_250 + 1000)


def test_a_crowd_over_a_shift_multiplies_what_its_expert_has_in_each_part() -> None:
    demand = Demand(
        EXPERTS, Poisson(100), Zipf(1.0), shifts=(50.0,), crowds=(Crowd("a", 0, 100, 2.0),)
    )
    found = [at_s for at_s, name in asked(demand, 100) if name == "a"]
    assert sum(at_s < 50 for at_s in found) == pytest.approx(2 * 5000 * 0.48, rel=0.05)
    assert sum(at_s >= 50 for at_s in found) == pytest.approx(2 * 5000 * 0.12, rel=0.08)


def test_a_crowd_follows_the_rate_of_its_time() -> None:
    steps = Stepped(((0, 10), (100, 40)))
    demand = Demand(("a",), steps, crowds=(Crowd("a", 100, 100, 2.0),))
    assert demand.expected(300) == pytest.approx(1000 + 2 * 4000 + 4000)


def test_the_same_seed_asks_the_same_and_another_something_else() -> None:
    demand = Demand(EXPERTS, Poisson(5), crowds=(Crowd("a", 1, 5, 3.0),))
    assert list(asked(demand, 60, 1)) == list(asked(demand, 60, 1))
    assert list(asked(demand, 60, 1)) != list(asked(demand, 60, 2))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Demand((), Poisson(1)), "no experts"),
        (lambda: Demand(("a", "a"), Poisson(1)), "each once"),
        (lambda: Demand(("a",), Poisson(1), shifts=(5.0, 1.0)), "rise from 0"),
        (lambda: Demand(("a",), Poisson(1), crowds=(Crowd("b", 0, 1, 2),)), "none of 'a'"),
        (lambda: Crowd("a", -1, 1, 2), "a time from 0"),
        (lambda: Crowd("a", 0, 0, 2), "a length above 0"),
        (lambda: Crowd("a", 0, 1, 0.5), "1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
