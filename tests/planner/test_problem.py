"""What a choice is worth, computed by hand; and what cannot be asked."""

from dataclasses import replace

import numpy as np
import pytest

from coterie.errors import PlanImpossible
from coterie.planner.problem import (
    LEAST_PRICE,
    Candidate,
    Problem,
    check_possible,
    fits,
    plan_of,
    worth,
)

GIB = 2**30
TWO = Problem(
    candidates=(
        Candidate("small", GIB, 1e9, load_s=1.0, answer_s=0.5),
        Candidate("large", 3 * GIB, 3e9, load_s=3.0, answer_s=1.0),
    ),
    categories=("code", "prose"),
    weights=np.array([0.25, 0.75]),
    quality=np.array([[0.5, 1.0], [0.5, 0.5]]),
    memory_bytes=4 * GIB,
)


def test_a_category_goes_to_the_best_and_of_equals_to_the_smaller() -> None:
    plan = plan_of(TWO, ((0, 1), (0, 1)))
    assert plan.mapping == {"code": "large", "prose": "small"}
    assert plan.experts == ("large", "small")
    assert plan.quality == 0.625
    assert plan.waiting_s == 0.25 * 1.0 + 0.75 * 0.5
    assert plan.value == pytest.approx(0.625 - LEAST_PRICE * plan.waiting_s)
    assert plan.active_parameters == 0.25 * 3e9 + 0.75 * 1e9
    assert plan.generalist == "large"  # 0.625 of all, beside 0.5
    assert (plan.switches, plan.gap) == (0.0, 0.0)


def test_who_is_not_resident_is_waited_for() -> None:
    dear = replace(TWO, second_price=0.1, hot_bytes=4 * GIB)
    plan = plan_of(dear, ((0, 1), (0,)))
    assert plan.mapping["code"] == "large"  # 1.0 - 0.4, beside 0.5 - 0.05
    assert plan.switches == 0.25
    assert plan.waiting_s == 0.25 * 4.0 + 0.75 * 0.5
    dearer = replace(dear, second_price=0.2)
    assert plan_of(dearer, ((0, 1), (0,))).mapping["code"] == "small"
    assert worth(dearer, ((0, 1), (0,))) == plan_of(dearer, ((0, 1), (0,))).value


def test_the_mean_of_active_parameters_is_known_if_all_are() -> None:
    unknown = (replace(TWO.candidates[0], active_parameters=0.0), TWO.candidates[1])
    assert plan_of(replace(TWO, candidates=unknown), ((0, 1), (0, 1))).active_parameters is None


def test_bounds_are_kept_in_whole_bytes() -> None:
    both = ((0, 1), (0, 1))
    assert fits(TWO, both)
    assert not fits(replace(TWO, memory_bytes=4 * GIB - 1), both)
    assert not fits(replace(TWO, most=1), both)
    assert not fits(replace(TWO, must=("large",)), ((0,), (0,)))
    assert not fits(TWO, ((), ()))
    hot = replace(TWO, hot_bytes=3 * GIB)
    assert not fits(hot, both)
    assert not fits(hot, ((0, 1), (0,)))  # beside the resident there is no room for the other
    assert fits(hot, ((0, 1), ()))
    assert fits(replace(hot, hot_bytes=4 * GIB), ((0, 1), (0,)))


def test_an_ordered_problem_does_not_depend_on_its_order() -> None:
    turned = replace(TWO, candidates=TWO.candidates[::-1], quality=TWO.quality[:, ::-1])
    ordered = turned.ordered()
    assert ordered.candidates == TWO.candidates
    assert (ordered.quality == TWO.quality).all()


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (replace(TWO, candidates=()), "no expert to choose from"),
        (replace(TWO, memory_bytes=GIB - 1), "the smallest, 'small', takes 1GiB"),
        (replace(TWO, hot_bytes=GIB - 1), "of hot memory: the smallest, 'small'"),
        (replace(TWO, must=("middle",)), "'middle' must be deployed and is not known"),
        (replace(TWO, must=("large",), memory_bytes=2 * GIB), "take 3GiB, and there are 2GiB"),
        (replace(TWO, must=("large", "small"), most=1), "2 experts must be deployed, and at most"),
        (replace(TWO, must=("large",), hot_bytes=2 * GIB), "more than the 2GiB of hot memory"),
    ],
)
def test_what_cannot_be_is_said(problem: Problem, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        check_possible(problem)


def test_a_name_is_there_once() -> None:
    twice = replace(TWO, candidates=(TWO.candidates[0],) * 2)
    with pytest.raises(PlanImpossible, match="'small' is there more than once"):
        twice.ordered()
