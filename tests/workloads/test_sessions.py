from collections.abc import Callable
from itertools import pairwise
from statistics import fmean, median

import pytest

from coterie.workloads.demand import Demand
from coterie.workloads.lengths import Fixed, Lognormal
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Poisson
from coterie.workloads.requests import Arrival
from coterie.workloads.sessions import Talk, conversations, flows

DEMAND = Demand(("a", "b", "c"), Poisson(2), Zipf(1.0))


def by_session(found: list[Arrival]) -> dict[str, list[Arrival]]:
    groups: dict[str, list[Arrival]] = {}
    for one in found:
        groups.setdefault(one.session, []).append(one)
    return groups


def test_each_turn_has_all_that_was_said_before_as_its_prompt() -> None:
    talk = Talk(3.0, Lognormal(5, 1), Fixed(40))
    found = list(conversations(DEMAND, talk, Fixed(100), Fixed(25), 2000))
    assert [one.at_s for one in found] == sorted(one.at_s for one in found)
    for turns in by_session(found).values():
        assert [one.prompt_tokens for one in turns] == [100 + 65 * i for i in range(len(turns))]
        assert len({one.expert for one in turns}) == 1


def test_conversations_have_as_many_turns_and_as_long_pauses_as_are_asked_for() -> None:
    found = list(conversations(DEMAND, Talk(4.0, Lognormal(5, 1)), Fixed(9), Fixed(9), 5000))
    begun_early = [
        turns for turns in by_session(found).values() if turns[0].at_s < 4500
    ]  # the others are cut off
    assert fmean(map(len, begun_early)) == pytest.approx(4.0, rel=0.05)
    gaps = [two.at_s - one.at_s for turns in begun_early for one, two in pairwise(turns)]
    assert median(gaps) == pytest.approx(5, rel=0.05)
    assert len(by_session(found)) == pytest.approx(10_000, rel=0.05)


def test_some_turns_go_to_another_expert() -> None:
    talk = Talk(5.0, Lognormal(1, 1), switch=0.3)
    found = list(conversations(DEMAND, talk, Fixed(9), Fixed(9), 1500))
    pairs = [pair for turns in by_session(found).values() for pair in pairwise(turns)]
    switched = sum(one.expert != two.expert for one, two in pairs) / len(pairs)
    assert switched == pytest.approx(0.3, abs=0.03)


def test_a_conversation_ends_where_its_prompt_would_be_too_long() -> None:
    talk = Talk(1000.0, Lognormal(1, 0.1), Fixed(50), most_prompt_tokens=300)
    found = list(conversations(Demand(("a",), Poisson(1)), talk, Fixed(100), Fixed(10), 100))
    assert max(one.prompt_tokens for one in found) == 280
    assert max(map(len, by_session(found).values())) == 4


def test_nothing_comes_after_the_end() -> None:
    found = list(conversations(DEMAND, Talk(9.0), Fixed(9), Fixed(9), 50))
    assert max(one.at_s for one in found) < 50


def test_a_flow_goes_through_its_chain_with_a_growing_prompt() -> None:
    chains = {"write": ("plan", "draft", "check"), "ask": ("base",)}
    demand = Demand(("write", "ask"), Poisson(1))
    found = list(flows(demand, chains, Fixed(100), Fixed(20), 3000))
    groups = list(by_session(found).values())
    whole = [turns for turns in groups if turns[0].expert == "plan" and turns[0].at_s < 2900]
    assert {tuple(one.expert for one in turns) for turns in whole} == {("plan", "draft", "check")}
    assert {tuple(one.prompt_tokens for one in turns) for turns in whole} == {(100, 120, 140)}
    assert len(whole) == pytest.approx(1450, rel=0.1)
    assert all(len(turns) == 1 for turns in groups if turns[0].expert == "base")


def test_the_same_seed_gives_the_same_conversations() -> None:
    one, two, other = (
        list(conversations(DEMAND, Talk(), Fixed(9), Fixed(9), 60, seed)) for seed in (1, 1, 2)
    )
    assert one == two != other


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Talk(0.5), "expected 1 or more"),
        (lambda: Talk(switch=2), "expected 0 to 1"),
        (lambda: flows(DEMAND, {"a": ("x",)}, Fixed(1), Fixed(1), 1), "no chain 'b'"),
        (
            lambda: flows(Demand(("a",), Poisson(1)), {"a": ()}, Fixed(1), Fixed(1), 1),
            "without experts",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
