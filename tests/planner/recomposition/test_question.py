"""The figures that a plan starts from, computed by hand."""

from dataclasses import replace as replaced
from math import exp, inf, nan
from random import Random

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.forecast import ExpertForecast, Forecast
from coterie.planner.recomposition.question import LEAST, Question, question_of
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from coterie.types import Footprint, Part

GB = 10**9


def expert(name: str, size_bytes: int, start_s: float = 1.0) -> ExpertState:
    return ExpertState(name, Footprint(hot=(Part(name, size_bytes),)), start_s=start_s)


STATE = State(
    experts=(expert("prose", 3 * GB, start_s=0.0), expert("code", 4 * GB), expert("vast", 99 * GB)),
    devices=(DeviceState("a/slow", "a", 8 * GB, 1e9), DeviceState("b/fast", "b", 8 * GB, 2e9)),
)
CODE = ExpertForecast("code", rate=1 / 3, work_s=2.0)
FORECAST = Forecast(
    at_s=0.0,
    horizon_s=600.0,
    experts=(
        CODE,
        ExpertForecast("stranger", rate=9.0),
        ExpertForecast("vast", rate=0.1, work_s=5.0),
    ),
)


def asked(
    state: State = STATE, options: Options | None = None, code: ExpertForecast = CODE
) -> Question:
    experts = (code, *FORECAST.experts[1:])
    return question_of(state, replace(FORECAST, experts=experts), options or Options())


def test_a_load_serves_those_who_come_meanwhile() -> None:
    question = asked()
    assert [one.name for one in question.layout.experts] == ["code", "prose", "vast"]
    assert question.rates == (1 / 3, 0.0, 0.1)
    assert question.works_s == (2.0, 0.0, 5.0)
    # Where it is fastest, code takes 1 s and 4 GB / 2 GB/s: one more request comes meanwhile.
    assert question.switches == pytest.approx((1 / 2, 1.0, 1.0))
    assert question.waits == pytest.approx((1.5 / 2, 1.0, 1.0))


def test_who_comes_while_others_are_answered_finds_it_there() -> None:
    question = asked(code=replace(CODE, answer_s=6.0))
    # 3 s of load and 6 s of answers: 3 more requests come, one of which waits, for half a load.
    assert question.switches[0] == pytest.approx(1 / 4)
    assert question.waits[0] == pytest.approx(1.5 / 4)
    assert question.holds_s == (6.0, 0.0, 0.0)
    assert question.sizes.mean_bytes == pytest.approx([4 * GB, 4 * GB])


def test_loads_and_waits_are_those_of_poisson_arrivals() -> None:
    random, rate, load_s = Random(1), 1 / 3, 3.0
    at_s = ready_s = waited_s = 0.0
    loads, requests = 0, 40_000
    for _ in range(requests):
        at_s += random.expovariate(rate)
        if at_s >= ready_s:  # it was loaded, served those who waited, and went
            loads, ready_s = loads + 1, at_s + load_s
        waited_s += ready_s - at_s
    question = asked()
    assert question.switches[0] == pytest.approx(loads / requests, rel=0.02)
    assert question.waits[0] == pytest.approx(waited_s / requests / load_s, rel=0.02)


def test_who_finds_it_where_their_session_left_it_causes_no_load() -> None:
    question = asked(code=replace(CODE, repeats=0.5, repeat_gap_s=10.0))
    fresh = 1 - 0.5 * exp(-0.1 * 10.0)  # nobody asks for another one meanwhile
    assert question.switches[0] == pytest.approx(fresh / 2)
    assert question.waits[0] == pytest.approx(fresh * 0.75)


def test_only_who_is_asked_for_and_fits_somewhere_is_asked() -> None:
    question = asked()
    assert question.layout.homeless == ("vast",)
    assert question.asked == (0,)
    assert asked(code=replace(CODE, rate=0.0)).asked == ()
    there = asked(state=replace(STATE, replicas=("vast@a/slow",)))  # is there, though it may not be
    assert there.asked == (0,)


def test_prices_are_in_seconds_waited_in_a_second() -> None:
    question = asked(options=Options(margin=3.0, patience_s=30.0))
    assert question.scale == pytest.approx((1 / 3 + 0.1) * 30.0)
    assert question.load_price == 3.0 / 600.0
    quiet = replaced(question, rates=(0.0, 0.0, 0.0))
    assert quiet.scale == LEAST


def test_many_pairs_are_wide() -> None:
    assert len(asked().layout.pairs) == 4
    assert not asked(options=Options(exact_pairs=4)).is_wide
    assert asked(options=Options(exact_pairs=3)).is_wide


@pytest.mark.parametrize(
    "code",
    [
        replace(CODE, rate=nan),
        replace(CODE, rate=-1.0),
        replace(CODE, rate=inf),
        replace(CODE, variance=nan),
        replace(CODE, work_s=inf),
        replace(CODE, answer_s=nan),
        replace(CODE, answer_s=-1.0),
    ],
)
def test_a_forecast_of_no_number_is_refused(code: ExpertForecast) -> None:
    with pytest.raises(PlanImpossible, match=r"expert 'code' is expected .* numbers from 0 up"):
        asked(code=code)


@pytest.mark.parametrize("horizon_s", [0.0, -1.0, inf, nan])
def test_a_horizon_is_some_seconds(horizon_s: float) -> None:
    with pytest.raises(PlanImpossible, match=r"a horizon of .*expected seconds above 0"):
        question_of(STATE, replace(FORECAST, horizon_s=horizon_s), Options())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(margin=-1.0), "a margin of -1 and"),
        (Options(margin=nan), "a margin of nan"),
        (Options(patience_s=0.0), "a patience of 0 s"),
        (Options(certainty=1.0), "a certainty of 1: expected one between 0 and 1"),
        (Options(certainty=nan), "a certainty of nan"),
        (Options(budget_bytes=-1), "a budget of -1 bytes: expected 0 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Options, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        asked(options=options)
