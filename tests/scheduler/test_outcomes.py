"""Budgets met and missed, predictions that held, and the past explained."""

import random

import pytest

from coterie.scheduler import Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.outcomes import REMEMBERED
from coterie.scheduler.records import Attainment
from coterie.testing.core import ask, hot, ready, scheduler
from coterie.types import Budget


@pytest.fixture
def core() -> Scheduler:
    made = scheduler()
    ready(made, "a")
    hot(made, "a", 1.0)
    return made


def kept(core: Scheduler) -> Attainment:
    """The expert's account, which is the tenant's as well: nobody else has a budget."""
    (expert,) = core.experts(100.0)
    (tenant,) = (tenant for tenant in core.tenants() if tenant.name == "x")
    assert expert.kept == tenant.kept
    return expert.kept


def answered(core: Scheduler, budget: Budget, first_s: float, run_s: float, tokens: int) -> None:
    core.handle(ask(10.0, "r", "a", budget, tenant="x"))
    core.handle(on.Began(10.0 + first_s, "r"))
    core.handle(
        on.Finished(10.0 + run_s, "r", first_byte_s=first_s, run_s=run_s, output_tokens=tokens)
    )


@pytest.mark.parametrize(
    ("budget", "met"),
    [
        (Budget(ttft=0.5), True),
        (Budget(ttft=0.3), False),
        (Budget(e2e=2.0), True),
        (Budget(e2e=1.0), False),
        (Budget(tpot=0.2), True),
        (Budget(tpot=0.1), False),
        (Budget(0.5, 0.2, 2.0), True),
        (Budget(0.5, 0.2, 1.0), False),
    ],
)
def test_an_answer_keeps_its_budget_or_not(core: Scheduler, budget: Budget, met: bool) -> None:
    answered(core, budget, first_s=0.4, run_s=1.4, tokens=8)
    account = kept(core)
    assert (account.met, account.missed) == (int(met), int(not met))
    past = core.explain("r", 20.0)
    assert past is not None
    assert past.state == "answered"
    assert any("met" in line if met else "missed" in line for line in past.lines)


def test_one_without_a_budget_is_in_no_account(core: Scheduler) -> None:
    answered(core, Budget(), first_s=0.4, run_s=1.4, tokens=8)
    (expert,) = core.experts(20.0)
    assert expert.kept == Attainment()


def test_nine_in_ten_come_within_the_predicted_ninetieth_percentile(core: Scheduler) -> None:
    chance = random.Random(0)
    for number in range(400):
        at = 10.0 + 10 * number
        core.handle(ask(at, f"r{number}", "a", Budget(ttft=50.0), tenant="x", prompt_bytes=100))
        first_s = chance.lognormvariate(0.0, 0.5)
        core.handle(on.Began(at + first_s, f"r{number}"))
        core.handle(on.Finished(at + first_s, f"r{number}", run_s=first_s))
    account = kept(core)
    assert account.predicted == 399  # all but the first, of which nothing could be known
    assert 0.87 <= account.within_p90 / account.predicted <= 0.93


def test_one_that_is_lost_and_comes_again_counts_once(core: Scheduler) -> None:
    core.handle(ask(10.0, "r", "a", Budget(ttft=5.0), tenant="x"))
    core.handle(on.Finished(11.0, "r", ok=False))
    assert kept(core).failed == 1
    again = ask(11.0, "r", "a", Budget(ttft=5.0), tenant="x", since=10.0, attempt=1)
    core.handle(again)
    assert kept(core).failed == 0
    core.handle(on.Began(12.0, "r"))
    core.handle(on.Finished(12.0, "r", run_s=1.0))
    account = kept(core)
    assert (account.met, account.failed) == (1, 0)


def test_the_last_that_ended_are_remembered(core: Scheduler) -> None:
    for number in range(REMEMBERED + 1):
        core.handle(on.Arrived(10.0 + number, f"r{number}", "a"))
        core.handle(on.Finished(10.5 + number, f"r{number}", run_s=0.5))
    assert core.explain("r0", 1e6) is None
    past = core.explain("r1", 1e6)
    assert past is not None
    assert past.lines[0].startswith("answered by 'a' 0.50 s after it came")


def test_a_refusal_is_explained_with_all_that_was_considered(core: Scheduler) -> None:
    core.handle(ask(10.0, "r", "a", Budget(e2e=0.001), fallbacks=()))
    past = core.explain("r", 11.0)
    assert past is not None
    assert past.state == "refused"
    assert any("first token in" in line for line in past.lines)
    assert past.lines[-1] == "none of them within its budget"
