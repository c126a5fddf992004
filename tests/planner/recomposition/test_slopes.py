"""Slopes are found again by asking a little more."""

import pytest
from msgspec.structs import replace

from coterie.planner.recomposition.costs import Costs, costs_of
from coterie.planner.recomposition.forecast import ExpertForecast
from tests.planner.recomposition.answers import answering
from tests.planner.recomposition.worlds import World, random_world


def costs(given: World) -> Costs:
    question = given.question
    return costs_of(question, question.layout.current)


def asked_again(expert_forecast: ExpertForecast) -> ExpertForecast:
    """Of nobody, so that demand for one expert does not change what another's comes to."""
    return replace(expert_forecast, repeats=0.0)


@pytest.mark.parametrize("answers", [False, True])
def test_slopes_are_what_a_little_more_demand_adds(answers: bool) -> None:
    exact, off = [0, 0], 0
    for seed in range(120):
        given = random_world(seed)
        given = answering(given, seed) if answers else given
        experts = tuple(map(asked_again, given.forecast.experts))
        given = replace(given, forecast=replace(given.forecast, experts=experts))
        question, found = given.question, costs(given)
        for number in question.asked:
            name, more = question.layout.experts[number].name, 1e-4 * question.rates[number]
            experts = tuple(
                replace(one, rate=one.rate + more * (one.expert == name))
                for one in given.forecast.experts
            )
            little = costs(replace(given, forecast=replace(given.forecast, experts=experts)))
            slope = (little.total_s - found.total_s) / more
            # The others stay where they are, so it can only be too much.
            assert found.slopes[number] >= slope - 1e-3 * (1 + slope), (seed, name)
            if found.slopes[number] <= slope + 1e-3 * (1 + slope):
                is_there = any(pair in question.layout.current for pair in pairs_of(given, number))
                exact[is_there] += 1
            else:
                off += 1
    assert min(exact) > 40
    assert off < 0.1 * sum(exact)


def pairs_of(given: World, number: int) -> tuple[int, ...]:
    return given.question.layout.of_expert[number]
