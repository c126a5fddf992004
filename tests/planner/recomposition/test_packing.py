"""Packed placements hold, and are near the best, which is known of small worlds."""

import pytest

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.judging import holds, judged
from coterie.planner.recomposition.packing import packed
from coterie.planner.recomposition.placement import decide
from coterie.planner.recomposition.state import Options
from tests.planner.recomposition.worlds import (
    best_of_all,
    device,
    expert,
    many,
    one_node,
    random_world,
    shuffled,
    world,
)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_packed_keeps_all_bounds_and_says_what_it_comes_to(seed: int) -> None:
    question = (one_node if seed % 4 == 3 else random_world)(seed).question
    found = packed(question)
    if found is not None:
        assert holds(question, found.placement)
        assert found.objective == judged(question, found.placement).objective


def test_of_small_worlds_most_are_packed_at_best() -> None:
    possible = done = best = 0
    for seed in range(70):
        question = random_world(seed).question
        exact, found = best_of_all(question), packed(question)
        if exact is None:
            assert found is None
            continue
        possible += 1
        done += found is not None
        if found is not None:
            assert found.objective >= exact.objective - 1e-9
            best += found.objective <= exact.objective + 1e-6 * question.scale
    assert possible >= 40
    assert done >= 0.95 * possible
    assert best >= 0.9 * possible


def test_room_for_loads_is_worth_more_than_one_more_resident() -> None:
    of = tuple(expert(f"e{number}", 500) for number in range(4))
    asked = {"e0": 0.3, "e1": 0.05, "e2": 0.05, "e3": 0.05}
    question = world(of, (device("a/gpu0", 1_000),), asked=asked).question
    found = packed(question)
    assert found is not None
    assert [question.layout.name(pair) for pair in found.placement] == ["e0@a/gpu0"]


@pytest.mark.parametrize("seed", [25, 62, 106, 153])
def test_what_devices_keep_free_is_settled_one_by_one(seed: int) -> None:
    """As much room on each of some devices is not the best here."""
    question = random_world(seed, most_pairs=12).question
    found = packed(question)
    assert found is not None
    assert found.objective == pytest.approx(decide(question).objective)


def test_where_nothing_keeps_all_bounds_none_is_found() -> None:
    of = (expert("pinned", 600, pinned=True), expert("large", 500))
    assert packed(world(of, (device("a/gpu0", 1_000),)).question) is None
    options = Options(budget_bytes=599)
    assert packed(world(of[:1], (device("a/gpu0", 1_000),), options=options).question) is None


def test_of_many_experts_those_asked_for_most_are_resident_and_each_other_can_be_loaded() -> None:
    question = many().question
    layout = question.layout
    found = packed(question)
    assert found is not None
    held = layout.held(found.placement)
    free = layout.free(held)
    for expert_, pairs in enumerate(layout.of_expert):
        here = not found.placement.isdisjoint(pairs)
        assert here or any(layout.can_join(pair, held, free) for pair in pairs)
        assert here or expert_ >= 5
    nothing = judged(question, frozenset())
    assert found.objective < nothing.objective / 2


def test_nothing_hangs_on_the_order_in_which_many_are_listed() -> None:
    given = many(12, 4)
    one, other = packed(given.question), packed(shuffled(given, 1).question)
    assert one is not None
    assert other is not None
    assert (one.placement, one.objective) == (other.placement, other.objective)


def test_where_answers_are_long_room_is_kept_for_several() -> None:
    of = tuple(expert(f"e{number:02}", 4_000) for number in range(16))
    asked = {
        one.name: ExpertForecast(one.name, rate=0.3 / (number + 1), answer_s=5.0)
        for number, one in enumerate(of)
    }
    question = world(of, (device("a/gpu0", 40_000, 4_000.0),), (), asked).question
    found, best = packed(question), decide(question)
    assert found is not None
    assert len(best.placement) <= 7
    assert found.objective <= 1.02 * best.objective
