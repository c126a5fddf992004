"""Budgets, one after the other; and what a plan is worth on prompts it has not seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.planner.evidence import weigh
from coterie.planner.frontier import best_single, frontier, held_out_quality, ladder
from coterie.planner.problem import Candidate, Problem

PROBLEM = Problem(
    candidates=(Candidate("coder", 4), Candidate("writer", 5), Candidate("giant", 20)),
    categories=("code", "prose"),
    weights=np.array([0.5, 0.5]),
    quality=np.array([[0.9, 0.1, 0.7], [0.2, 0.8, 0.75]]),
    memory_bytes=9,
)


def test_each_budget_has_its_plan() -> None:
    found = [(budget, plan and plan.experts) for budget, plan in frontier(PROBLEM, (24, 9, 5, 3))]
    assert found == [
        (3, None),
        (5, ("coder",)),
        (9, ("coder", "writer")),
        (24, ("coder", "writer")),
    ]


def test_the_best_single_expert_is_chosen_whoever_must_be_there() -> None:
    alone = best_single(replace(PROBLEM, must=("coder",)), 20)
    assert alone is not None
    assert alone.experts == ("giant",)
    assert alone.quality == pytest.approx(0.725)
    assert best_single(PROBLEM, 3) is None


def test_a_ladder_goes_from_where_one_fits_to_where_all_do() -> None:
    assert ladder(PROBLEM) == (4, 6, 9, 13, 18, 29)
    assert ladder(replace(PROBLEM, memory_bytes=100)) == (12, 25, 29, 100)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.lists(st.integers(0, 8), min_size=12, max_size=12),
)
def test_more_memory_never_has_less_quality(budgets: list[int], parts: list[int]) -> None:
    quality = np.array(parts).reshape(4, 3) / 8
    problem = replace(
        PROBLEM, categories=tuple("abcd"), weights=np.full(4, 0.25), quality=quality, most=2
    )
    found = [plan for _, plan in frontier(problem, budgets)]
    known = [plan.quality for plan in found if plan is not None]
    assert known == sorted(known)
    assert all(plan is None for plan in found[: len(found) - len(known)])


def test_held_out_prompts_are_answered_by_whom_the_others_speak_for() -> None:
    labels = ["code", "prose"] * 10
    scores = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]] * 10)
    table = weigh(scores, labels, 0.0)
    problem = replace(PROBLEM, quality=table.quality)
    assert held_out_quality(problem, scores, labels, 0.0) == 1.0
    one = replace(problem, most=1)
    assert held_out_quality(one, scores, labels, 0.0) == 0.5


def test_a_category_that_was_not_seen_goes_to_the_generalist() -> None:
    labels = ["code"] * 4 + ["rare"]
    scores = np.array([[1.0, 0.0, 0.0]] * 4 + [[1.0, 0.0, 0.0]])
    problem = replace(PROBLEM, memory_bytes=4)
    assert held_out_quality(problem, scores, labels, 0.0) == 1.0


def test_of_one_prompt_none_can_be_held_out() -> None:
    assert held_out_quality(PROBLEM, np.array([[1.0, 0.0, 0.0]]), ["code"], 0.0) is None
