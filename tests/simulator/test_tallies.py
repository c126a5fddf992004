"""Answers are counted as their clients saw them."""

import pytest

from coterie.scheduler import events as on
from coterie.simulator.tallies import keeps, tallied
from coterie.types import NO_BUDGET, Budget
from coterie.workloads import Answer

GOOD = Answer("a", 0.0, 200, total_s=2.0, first_s=1.0, output_tokens=11)


def asked(
    expert: str = "a", at: float = 0.0, tenant: str = "", budget: Budget = NO_BUDGET
) -> on.Arrived:
    return on.Arrived(at, f"{expert}{at}", expert, tenant=tenant, budget=budget)


@pytest.mark.parametrize(
    ("budget", "is_kept"),
    [
        (Budget(ttft=1.0, tpot=0.1, e2e=2.0), True),
        (Budget(ttft=0.9), False),
        (Budget(tpot=0.09), False),
        (Budget(e2e=1.9), False),
    ],
)
def test_a_budget_is_kept_in_all_of_its_bounds(budget: Budget, is_kept: bool) -> None:
    assert keeps(GOOD, budget) is is_kept


def test_an_answer_of_one_token_has_no_time_between_tokens() -> None:
    assert keeps(Answer("a", 0.0, 200, 1.0, first_s=1.0, output_tokens=1), Budget(tpot=0.001))


def test_requests_are_counted_for_their_expert_and_their_tenant() -> None:
    budget = Budget(ttft=1.5)
    seen = tallied(
        [
            asked("a", 5.0, "gold", budget),
            asked("b", 6.0, "gold", budget),
            asked("b", 0.5, "lead"),
            asked("b", 7.0, "lead", budget),
            asked("b", 8.0, "lead"),
        ],
        [
            GOOD,
            Answer("b", 6.0, 200, 9.0, first_s=3.0, output_tokens=4),
            Answer("b", 0.5, 200, 4.0),
            Answer("b", 7.0, 503, 0.0, error="budget_exceeded"),
            Answer("b", 8.0, 502, 1.0),
        ],
        {"a": [(1.0, 9.0)], "b": [(5.0, 6.5)]},
    )
    gold, lead = seen.tenants["gold"], seen.tenants["lead"]
    assert (gold.requests, gold.answered, gold.bounded, gold.kept) == (2, 2, 2, 1)
    assert (lead.requests, lead.answered, lead.bounded, lead.kept) == (3, 1, 1, 0)
    assert (gold.attainment, seen.experts["a"].attainment) == (0.5, 1.0)
    assert seen.experts["b"].firsts == [3.0]
    assert seen.totals == [2.0, 4.0, 9.0]
    assert seen.per_token == [0.1, 2.0]
    assert seen.problems == {"budget_exceeded": 1, "HTTP 502": 1}
    assert (seen.hits, seen.good, seen.output_tokens) == (2, 2, 15)


def test_a_stream_that_broke_off_is_no_answer() -> None:
    seen = tallied([asked()], [Answer("a", 0.0, 200, 1.0, error="the worker crashed")], {})
    assert (seen.totals, seen.problems) == ([], {"the worker crashed": 1})
