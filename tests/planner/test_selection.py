"""The program against all choices, one by one; and what holds of every plan."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import PlanImpossible
from coterie.planner.problem import Candidate, Choice, Plan, Problem, fits, plan_of, worth
from coterie.planner.selection import TIE, select

NAMES = ("d", "a", "c", "b", "e")
EIGHTHS = st.integers(0, 8).map(lambda part: part / 8)


@st.composite
def problems(draw: st.DrawFn, hot: bool = False, must: bool = False) -> Problem:
    """Few and even values, so that many choices are worth exactly the same."""
    m, k = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    candidates = tuple(
        Candidate(
            name,
            draw(st.integers(1, 6)) * 2**30 + draw(st.integers(0, 1)),
            load_s=draw(st.integers(1, 4)) / 4 if hot else 0.0,
            answer_s=draw(st.integers(0, 2)) / 4 if hot else 0.0,
        )
        for name in NAMES[:m]
    )
    shares = np.array(draw(st.lists(st.integers(1, 4), min_size=k, max_size=k)), dtype=np.float64)
    return Problem(
        candidates=candidates,
        categories=tuple(f"kind {i}" for i in range(k)),
        weights=shares / shares.sum(),
        quality=np.array(draw(st.lists(EIGHTHS, min_size=k * m, max_size=k * m))).reshape(k, m),
        memory_bytes=draw(st.integers(1, 24)) * 2**30,
        hot_bytes=draw(st.integers(1, 16)) * 2**30 if hot else 0,
        must=tuple(draw(st.sets(st.sampled_from(NAMES[:m]), max_size=2))) if must else (),
        most=draw(st.integers(0, 3)),
        second_price=draw(st.sampled_from((0.0, 0.125, 1.0))) if hot else 0.0,
    )


def choices(problem: Problem) -> Iterator[Choice]:
    """Every choice that keeps the bounds."""
    columns = range(len(problem.candidates))
    for count in range(1, len(columns) + 1):
        for chosen in combinations(columns, count):
            some = [r for n in range(count + 1) for r in combinations(chosen, n)]
            for residents in some if problem.hot_bytes else [chosen]:
                if fits(problem, (chosen, residents)):
                    yield chosen, residents


def by_hand(problem: Problem) -> Plan | None:
    ordered = problem.ordered()
    sizes = ordered.sizes
    found = list(choices(ordered))
    if not found:
        return None
    most = max(worth(ordered, choice) for choice in found)

    def order(choice: Choice) -> tuple[object, ...]:
        weights = [sum(sizes[j] for j in columns) for columns in choice]
        names = [sorted(ordered.candidates[j].name for j in columns) for columns in choice]
        return (*weights, *names)

    tied = [choice for choice in found if worth(ordered, choice) >= most - TIE]
    return plan_of(ordered, min(tied, key=order))


def agrees(problem: Problem) -> None:
    expected = by_hand(problem)
    if expected is None:
        with pytest.raises(PlanImpossible):
            select(problem)
    else:
        assert select(problem) == expected


def with_more(problem: Problem, gib: int) -> tuple[Plan, Plan] | None:
    """The plan, and that with so much more memory; None: nothing fits."""
    try:
        plan = select(problem)
    except PlanImpossible:
        return None
    return plan, select(replace(problem, memory_bytes=problem.memory_bytes + gib * 2**30))


@settings(deadline=None, max_examples=80)
@given(problems(must=True))
def test_a_plan_is_the_best_of_all_choices_to_the_bit(problem: Problem) -> None:
    agrees(problem)


@settings(deadline=None, max_examples=80)
@given(problems(hot=True, must=True))
def test_so_it_is_where_only_some_are_resident(problem: Problem) -> None:
    agrees(problem)


@settings(deadline=None, max_examples=40)
@given(problems(hot=True, must=True), st.integers(0, 8))
def test_more_memory_is_never_worth_less(problem: Problem, more: int) -> None:
    if plans := with_more(problem, more):
        assert plans[1].value >= plans[0].value - TIE


@settings(deadline=None, max_examples=40)
@given(problems(), st.integers(0, 8))
def test_without_latency_quality_is_what_grows(problem: Problem, more: int) -> None:
    if plans := with_more(problem, more):
        assert plans[1].quality >= plans[0].quality - TIE


@settings(deadline=None, max_examples=40)
@given(problems(hot=True, must=True), st.randoms(use_true_random=False))
def test_a_plan_keeps_its_bounds_however_experts_are_listed(problem: Problem, random: Any) -> None:
    try:
        plan = select(problem)
    except PlanImpossible:
        return
    assert set(problem.must) <= set(plan.experts)
    assert plan.size_bytes <= problem.memory_bytes
    assert len(plan.experts) <= (problem.most or len(problem.candidates))
    assert set(plan.residents) <= set(plan.experts)
    assert set(plan.mapping.values()) <= set(plan.experts)
    order = list(range(len(problem.candidates)))
    random.shuffle(order)
    shuffled = replace(
        problem,
        candidates=tuple(problem.candidates[j] for j in order),
        quality=problem.quality[:, order],
    )
    assert select(shuffled) == plan


def test_a_search_that_is_given_up_says_how_far_it_may_be_from_the_best() -> None:
    random = np.random.default_rng(4)
    k, m = 30, 40
    problem = Problem(
        candidates=tuple(Candidate(f"e{j}", int(random.integers(5, 40))) for j in range(m)),
        categories=tuple(f"kind {i}" for i in range(k)),
        weights=np.full(k, 1 / k),
        quality=random.random((k, m)),
        memory_bytes=120,
    )
    best, hasty = select(problem), select(problem, nodes=1)
    assert best.gap == 0.0
    assert hasty.gap > 0.0
    assert hasty.value + hasty.gap >= best.value - TIE
    with pytest.raises(PlanImpossible, match="no choice was found in 0 steps"):
        select(problem, nodes=0)
