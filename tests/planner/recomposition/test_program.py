"""The program, beside the exact judgement of each placement: its cost, and whether it holds."""

from collections.abc import Callable
from itertools import chain, combinations

import pytest

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.judging import holds, judged
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.program import Program
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.rows import Solved
from coterie.planner.recomposition.state import Options
from tests.planner.recomposition.answers import answering
from tests.planner.recomposition.worlds import (
    World,
    best_of_all,
    device,
    expert,
    one_node,
    placements,
    random_world,
    world,
)

QUESTION = world(
    (expert("code", 600), expert("prose", 500), expert("verse", 400)),
    (device("a/gpu0", 1_000), device("b/gpu0", 1_000)),
    replicas=("prose@b/gpu0",),
    asked={"code": 0.1, "prose": 0.05, "verse": 0.01},
).question


def with_answers(seed: int) -> World:
    return answering(random_world(seed), seed)


def held_at(question: Question, placement: Placement) -> Solved | None:
    """The program with the replicas of this placement and no others."""
    program = Program(question)
    for pair, x in enumerate(program.resident):
        program.rows.row({x: 1.0}, float(pair in placement), float(pair in placement))
    return program.rows.solve()


def solved(program: Program, costs: list[float] | None = None) -> Placement | None:
    found = program.rows.solve(costs)
    if found is None:
        return None
    assert found.values is not None
    return program.placement(found.values)


def apart(one: Placement, other: Placement) -> int:
    return len(one ^ other)


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("make", [random_world, one_node, with_answers])
def test_each_placement_costs_what_it_is_judged_to_or_is_impossible(
    make: Callable[[int], World], seed: int
) -> None:
    question = make(seed).question
    pairs = [pair for pair, may in enumerate(question.layout.may) if may]
    every = chain.from_iterable(combinations(pairs, count) for count in range(len(pairs) + 1))
    kept = 0
    for number, placement in enumerate(map(frozenset, every)):
        does_hold = holds(question, placement)
        kept += does_hold
        if number % 17 == seed or (does_hold and kept <= 6):
            found = held_at(question, placement)
            assert (found is not None) == does_hold
            if found is not None:
                assert found.cost == pytest.approx(judged(question, placement).objective, abs=1e-6)


@pytest.mark.parametrize("seed", range(100, 130))
def test_the_cheapest_is_what_trying_all_finds(seed: int) -> None:
    question = random_world(seed).question
    best, found = best_of_all(question), Program(question).rows.solve()
    assert (found is None) == (best is None)
    if found is not None and best is not None:
        assert found.cost == pytest.approx(best.objective, rel=1e-6, abs=1e-5)


def test_what_a_replica_cannot_serve_is_refused_and_not_loaded_beside_it() -> None:
    question = world(
        (expert("code", 100, slots=0.5),),
        (device("a/gpu0", 1_000),),
        asked={"code": ExpertForecast("code", rate=1.0, work_s=1.0)},
    ).question
    there, found = judged(question, frozenset({0})), held_at(question, frozenset({0}))
    assert found is not None
    assert there.costs.refused[0] == pytest.approx(1.0 - 0.95 * 0.5)
    assert found.cost == pytest.approx(there.objective)


def test_a_placement_that_is_cut_off_is_not_found_again() -> None:
    program, found = Program(QUESTION), set()
    while (placement := solved(program)) is not None:
        assert placement not in found
        found.add(placement)
        program.cut(placement)
    assert found == set(placements(QUESTION))


def test_what_is_near_differs_in_few_replicas() -> None:
    best = solved(Program(QUESTION))
    assert best is not None
    here = max(placements(QUESTION), key=lambda one: (apart(one, best), sorted(one)))
    distance = apart(here, best)
    assert distance >= 3
    for most in range(distance + 1):
        program = Program(QUESTION)
        program.near(here, most)
        found = solved(program)
        near = [one for one in placements(QUESTION) if apart(one, here) <= most]
        assert found in near
        cheapest = min(judged(QUESTION, one).objective for one in near)
        assert judged(QUESTION, found or here).objective == pytest.approx(cheapest)


def test_fewest_changes_come_first_then_first_names() -> None:
    program = Program(QUESTION)
    assert solved(program, program.changes()) == QUESTION.layout.current
    nothing = world(
        (expert("pinned", 10, pinned=True),), (device("a/gpu0", 10), device("b/gpu0", 10))
    ).question
    program = Program(nothing)
    assert solved(program, program.changes()) == frozenset({0})


def test_without_room_for_loads_more_is_possible() -> None:
    question = world(
        (expert("pinned", 600, pinned=True), expert("large", 500)), (device("a/gpu0", 1_000),)
    ).question
    assert Program(question).rows.solve() is None
    found = solved(Program(question, roomy=False))
    assert found is not None
    assert [question.layout.name(pair) for pair in found] == ["pinned@a/gpu0"]


def test_a_budget_bounds_the_bytes_that_come() -> None:
    def within(budget_bytes: int) -> Placement | None:
        options = Options(budget_bytes=budget_bytes, margin=0.0)
        of = (expert("code", 600), expert("prose", 300))
        asked = {"code": 9.0, "prose": 1.0}
        given = world(of, (device("a/gpu0", 1_000),), (), asked, options)
        return solved(Program(given.question))

    assert within(299) == frozenset()
    assert within(300) == within(599) == frozenset({1})
    assert within(600) == within(899) == frozenset({0})
    assert within(900) == frozenset({0, 1})


def test_a_critical_expert_is_on_two_nodes() -> None:
    fleet = (device("a/gpu0", 100), device("a/gpu1", 100), device("b/gpu0", 100))
    question = world((expert("code", 60, critical=True, replicas_max=2),), fleet).question
    assert solved(Program(question)) in (frozenset({0, 2}), frozenset({1, 2}))


def test_one_device_may_stand_for_several_alike() -> None:
    """Then what is held and what can be loaded is counted, not yes or no."""
    question = world(
        (expert("code", 60, pinned=True, replicas_max=3),), (device("a/gpu0", 100),)
    ).question
    program = Program(question, alike=[3], there=[2])
    found = program.rows.solve([float(x in program.resident) for x in range(len(program.rows.low))])
    assert found is not None
    assert found.cost == 2.0  # those that are there stay
    most = program.rows.solve([-float(x in program.resident) for x in range(len(program.rows.low))])
    assert most is not None
    assert most.cost == -3.0
