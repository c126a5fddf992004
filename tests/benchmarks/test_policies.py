"""Policies are compared under the same requests on the same machine."""

import pytest

from benchmarks.policies import CARD, EXPERTS, RULES, Seen, at_load, outcome_of, row, setup_of
from coterie.hardware import catalogue, costs
from coterie.workloads import Arrival

PROFILE = catalogue.load("h200")
ARRIVALS = [Arrival(float(i), EXPERTS[i * i % 11], 200, 20) for i in range(60)]


def test_at_a_load_of_one_a_machine_would_just_be_busy_one_by_one() -> None:
    figures = costs.figures(PROFILE, CARD, context=4096, slots=8)
    scaled = at_load(ARRIVALS, PROFILE, 1.0)
    work_s = len(scaled) * (figures.prompt_work(200, is_first=False) + figures.output_work(20))
    assert scaled[0].at_s == 0.0
    assert scaled[-1].at_s == pytest.approx(work_s)
    assert at_load(ARRIVALS, PROFILE, 2.0)[-1].at_s == pytest.approx(work_s / 2)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_answers_or_refuses_every_request(rule: object) -> None:
    found = row(PROFILE, rule, "made up", 1.0, at_load(ARRIVALS, PROFILE, 1.0))  # type: ignore[arg-type]
    assert found["sent"] == 60
    assert 0.0 <= found["in time %"] <= 100.0
    assert found["busy %"] <= 100.0


def test_who_has_room_for_all_never_switches_once_it_has_begun() -> None:
    (rule,) = (rule for rule in RULES if rule.has_all)
    outcome = outcome_of(setup_of(PROFILE, rule), rule, ARRIVALS)
    assert len(outcome.residences) == len(EXPERTS)
    assert all(stay.from_s < 0.0 for stay in outcome.residences)


def test_who_sees_knows_the_next_arrival() -> None:
    rhythm = Seen(arrivals=(1.0, 4.0, 9.0))
    assert rhythm.next_at == 1.0
    rhythm.observe(4.0)
    assert rhythm.next_at == 9.0
    rhythm.observe(9.0)
    assert rhythm.next_at == 0.0


def test_who_sees_switches_no_more_often_than_who_does_not() -> None:
    loads = {}
    for rule in RULES:
        if rule.policy == "cost" and not rule.has_all and rule.runs:
            found = outcome_of(setup_of(PROFILE, rule), rule, at_load(ARRIVALS * 1, PROFILE, 0.5))
            loads[rule.sees] = found.loads
    assert loads[True] <= loads[False]
