"""Decisions, beside what trying all placements finds."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import chain, combinations

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.judging import Decision, holds, judged
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.packing import packed
from coterie.planner.recomposition.placement import TIE, decide
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.state import ExpertState, Options
from tests.planner.recomposition.answers import alike, answering
from tests.planner.recomposition.by_hand import ByHand, homes
from tests.planner.recomposition.worlds import (
    World,
    best_of_all,
    device,
    expert,
    many,
    one_node,
    placements,
    random_world,
    shuffled,
    world,
)


def with_answers(seed: int) -> World:
    return answering((random_world, one_node)[seed % 2](seed), seed)


WORLDS = [
    *((random_world, seed) for seed in range(26)),
    *((one_node, seed) for seed in range(10)),
    *((with_answers, seed) for seed in range(20)),
    *((alike, seed) for seed in range(8)),
]
any_world = pytest.mark.parametrize(("make", "seed"), WORLDS)


def decided(question: Question) -> Decision | None:
    try:
        return decide(question)
    except PlanImpossible:
        return None


def names(question: Question, placement: Placement) -> list[str]:
    return sorted(map(question.layout.name, placement))


def test_a_tie_is_ten_millionths_of_all_waiting() -> None:
    assert TIE == 1e-7  # what the tests below allow hangs on it


@any_world
def test_no_placement_costs_less_and_one_is_found_where_there_is_any(
    make: Callable[[int], World], seed: int
) -> None:
    question = make(seed).question
    found, best = decided(question), best_of_all(question)
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        tie = 2 * TIE * question.scale + 1e-12
        assert holds(question, found.placement)
        assert found.objective == judged(question, found.placement).objective
        assert best.objective - 1e-12 <= found.objective <= best.objective + tie
        assert found.bound <= best.objective + tie
        assert found.gap <= tie


@pytest.mark.parametrize("seed", range(12))
def test_of_those_that_cost_as_much_it_has_the_fewest_changes(seed: int) -> None:
    question = random_world(seed).question
    current, count = question.layout.current, len(question.layout.pairs)

    def changes(placement: Placement) -> float:
        new, gone = placement - current, current - placement
        return len(new) + len(gone) + sum(0.5 * (pair + 1) / count**2 for pair in new)

    found = decided(question)
    if found is not None:
        most = found.objective + 0.1 * TIE * question.scale
        alike = [p for p in placements(question) if judged(question, p).objective <= most]
        assert changes(found.placement) <= min(map(changes, alike)) + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_same_however_all_is_listed(seed: int) -> None:
    given = random_world(seed, most_pairs=12)
    one = decided(given.question)
    for order in (1, 2):
        other = decided(shuffled(given, order).question)
        assert (other is None) == (one is None)
        if one is not None and other is not None:
            assert (other.placement, other.objective) == (one.placement, one.objective)


TOLD = """
import sys
from coterie.errors import PlanImpossible
from coterie.planner.recomposition.packing import packed
from coterie.planner.recomposition.placement import decide
from tests.planner.recomposition.worlds import random_world

def told(seed):
    try:
        found = decide(random_world(seed).question)
    except PlanImpossible as failure:
        return str(failure)
    return f"{sorted(found.placement)} {found.objective!r} {found.bound!r}"

sys.stderr.write("; ".join(map(told, range(6))))
"""


def test_it_is_the_same_whatever_hashes_are() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "4711"}
    other = subprocess.run(
        [sys.executable, "-c", TOLD], env=environment, capture_output=True, text=True, check=True
    )
    here = []
    for seed in range(6):
        try:
            found = decide(random_world(seed).question)
        except PlanImpossible as failure:
            here.append(str(failure))
        else:
            here.append(f"{sorted(found.placement)} {found.objective!r} {found.bound!r}")
    assert other.stderr.split("; ") == here


@pytest.mark.parametrize("seed", range(20))
def test_of_wide_questions_the_gap_is_no_less_than_what_is_missed(seed: int) -> None:
    given = (one_node if seed % 4 == 3 else random_world)(seed)
    given = answering(given, seed) if seed % 2 else given
    exact = best_of_all(given.question)
    wide = replace(given, options=replace(given.options, exact_pairs=0)).question
    found = decided(wide)
    if exact is None:
        assert found is None
    elif found is not None:
        assert holds(wide, found.placement)
        assert found.bound <= exact.objective + 1e-6 * wide.scale
        assert found.gap >= found.objective - exact.objective - 1e-6 * wide.scale
        current = wide.layout.current
        if holds(wide, current):
            assert found.objective <= judged(wide, current).objective


@pytest.mark.parametrize("seed", [0, 18, 81, 89, 124])
def test_what_is_there_stays_where_packing_finds_nothing_as_good(seed: int) -> None:
    given = random_world(seed, most_pairs=12)
    question = given.question
    there = tuple(names(question, decide(question).placement))
    at_best = replace(
        given,
        state=replace(given.state, replicas=there),
        options=replace(given.options, exact_pairs=0, budget_bytes=None),
    ).question
    stays, alone = judged(at_best, at_best.layout.current), packed(at_best)
    assert alone is not None
    assert alone.objective > stays.objective  # or it would show nothing
    assert decide(at_best).objective == stays.objective


def test_a_byte_too_much_of_many_gigabytes_does_not_fit() -> None:
    """A solver forgives it; whole bytes do not."""
    size_bytes = 40 * 10**9
    of = (expert("code", size_bytes), expert("prose", size_bytes + 1))
    asked = {"code": 0.1, "prose": 0.1}
    for hot_bytes, both in ((2 * size_bytes, False), (2 * size_bytes + 1, True)):
        question = world(of, (device("a/gpu0", hot_bytes, 1e9),), asked=asked).question
        found, best = decide(question), best_of_all(question)
        assert best is not None
        assert holds(question, found.placement)
        assert (len(found.placement) == 2) == both
        assert found.objective == pytest.approx(best.objective)


def test_many_are_packed_with_a_gap_that_is_told() -> None:
    question = many(options=Options(exact_pairs=100)).question
    assert question.is_wide
    found = decide(question)
    assert holds(question, found.placement)
    assert 0.0 < found.gap < found.objective


def test_a_search_that_is_given_up_is_no_worse_than_what_is_packed_and_says_its_gap() -> None:
    by_rule = decide(many(10, 3, Options(exact_pairs=1)).question)
    best = decide(many(10, 3).question)
    question = many(10, 3, Options(nodes=1)).question
    found = decide(question)
    tie = 2 * TIE * question.scale
    assert holds(question, found.placement)
    assert best.gap <= tie
    assert best.objective - tie <= found.objective <= by_rule.objective + 1e-9
    assert found.gap >= found.objective - best.objective - tie
    assert found.bound <= best.objective + tie


def test_what_is_there_stays_where_nothing_is_asked_for() -> None:
    of = (expert("code", 300), expert("prose", 300))
    fleet = (device("a/gpu0", 700), device("b/gpu0", 700))
    given = world(of, fleet, ("prose@b/gpu0",)).question
    assert names(given, decide(given).placement) == ["prose@b/gpu0"]


def test_whoever_is_asked_for_most_takes_the_place_of_whoever_is_asked_for_least() -> None:
    of = (expert("code", 600), expert("prose", 600), expert("verse", 600))
    fleet = (device("a/gpu0", 1_100),)
    asked = {"code": 0.3, "prose": 0.1, "verse": 0.1}
    given = world(of, fleet, ("prose@a/gpu0",), asked).question
    assert names(given, decide(given).placement) == ["code@a/gpu0"]
    dear = world(of, fleet, ("prose@a/gpu0",), asked, Options(margin=1e6)).question
    assert "code@a/gpu0" not in names(dear, decide(dear).placement)


def test_why_nothing_is_possible_is_said_and_what_to_do() -> None:
    fleet = (device("a/gpu0", 1_000),)
    pinned, large = expert("pinned", 600, pinned=True), expert("large", 500)

    def refused(*of: ExpertState, options: Options | None = None) -> str:
        with pytest.raises(PlanImpossible) as failure:
            decide(world(of, fleet, options=options).question)
        return str(failure.value)

    assert "'large' takes 500B, and no placement leaves room" in refused(pinned, large)
    assert "unpin one" in refused(pinned, large)
    both = refused(pinned, expert("other", 500, pinned=True))
    assert "what is pinned or critical does not fit on the devices together" in both
    assert "0B may be moved, which is too little" in refused(
        pinned, options=Options(budget_bytes=0)
    )
    assert "no placement was found that leaves room" in refused(
        pinned, large, options=Options(exact_pairs=0)
    )
    assert "is pinned and fits no device" in refused(expert("vast", 1_001, pinned=True))


@pytest.mark.parametrize("seed", range(24))
def test_bounds_and_costs_are_those_of_the_formulas(seed: int) -> None:
    given = homes(seed) if seed < 16 else answering(homes(seed), seed)
    question, by_hand = given.question, ByHand(given)
    layout = question.layout
    at_home = [pair for pair, may in enumerate(layout.may) if may]
    costs = {}
    for chosen in chain.from_iterable(combinations(at_home, n) for n in range(len(at_home) + 1)):
        here = {layout.experts[layout.pairs[pair].expert].name for pair in chosen}
        assert holds(question, frozenset(chosen)) == by_hand.holds(here)
        if by_hand.holds(here):
            costs[frozenset(chosen)] = by_hand.cost(here)
    for placement in list(costs)[:: max(1, len(costs) // 8)]:
        exact = costs[placement]
        assert judged(question, placement).objective == pytest.approx(exact, rel=1e-6, abs=1e-9)
    found = decided(question)
    assert (found is None) == (not costs)
    if found is not None:
        tie = 2 * TIE * question.scale
        assert costs[found.placement] <= min(costs.values()) + tie
