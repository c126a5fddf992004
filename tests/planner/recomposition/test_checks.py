"""Each figure that makes no sense is refused, by name."""

from math import inf, nan

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.checks import check_forecast, check_options, check_state
from coterie.planner.recomposition.forecast import ExpertForecast, Forecast
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from tests.planner.recomposition.worlds import device, expert

CODE = expert("code", 10, start_s=1.0, slots=2.0)
GPU = device("a/gpu0", 100, capacity=1.0, host_bytes=100)
STATE = State((CODE, expert("prose", 20)), (GPU, device("b/gpu0", 50)), ("code@a/gpu0",))
ASKED = ExpertForecast("code", rate=1.0, variance=0.1, work_s=2.0)
FORECAST = Forecast(0.0, 600.0, (ASKED,))
NOT_FINITE = (nan, inf, -inf, -1.0)


def test_what_makes_sense_passes() -> None:
    check_state(STATE)
    check_state(replace(STATE, experts=(), replicas=()))
    check_forecast(FORECAST)
    check_options(Options())
    check_options(Options(margin=0.0, budget_bytes=0, nodes=1, time_limit_s=1.0))


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (replace(STATE, experts=(CODE, CODE)), r"expert 'code' is there more than once"),
        (replace(STATE, devices=(GPU, GPU)), r"device 'a/gpu0' is there more than once"),
        (
            replace(STATE, replicas=("code@a/gpu0", "code@a/gpu0")),
            r"replica 'code@a/gpu0' is there more than once",
        ),
        (replace(STATE, devices=(), replicas=()), r"no device to place experts on"),
        (replace(STATE, replicas=("art@a/gpu0",)), r"replica 'art@a/gpu0' .* not in the state"),
        (replace(STATE, replicas=("code@c/gpu0",)), r"replica 'code@c/gpu0' .* not in the state"),
        (replace(STATE, replicas=("code",)), r"replica 'code' .* not in the state"),
    ],
)
def test_a_state_that_contradicts_itself_is_refused(state: State, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        check_state(state)


@pytest.mark.parametrize(
    "bad",
    [
        *(replace(GPU, load_bytes_per_s=value) for value in (0.0, *NOT_FINITE)),
        *(replace(GPU, capacity=value) for value in NOT_FINITE),
        replace(GPU, hot_bytes=-1),
        replace(GPU, host_bytes=-1),
    ],
)
def test_a_device_of_no_sense_is_named(bad: DeviceState) -> None:
    with pytest.raises(PlanImpossible, match=r"device 'a/gpu0' .*: expected"):
        check_state(State((), (bad,)))


@pytest.mark.parametrize(
    "bad",
    [
        *(replace(CODE, start_s=value) for value in NOT_FINITE),
        *(replace(CODE, slots=value) for value in NOT_FINITE),
        replace(CODE, replicas_max=0),
        expert("code", -10),
        expert("code", 10, warm=(-10,)),
    ],
)
def test_an_expert_of_no_sense_is_named(bad: ExpertState) -> None:
    with pytest.raises(PlanImpossible, match=r"expert 'code' .*: expected"):
        check_state(State((bad,), (GPU,)))


@pytest.mark.parametrize(
    "bad",
    [
        replace(ASKED, **{key: value})
        for key in ("rate", "variance", "work_s", "repeats", "repeat_gap_s")
        for value in NOT_FINITE
    ]
    + [replace(ASKED, repeats=1.5)],
)
def test_an_expectation_of_no_sense_is_named(bad: ExpertForecast) -> None:
    with pytest.raises(PlanImpossible, match=r"expert 'code' .*: expected"):
        check_forecast(replace(FORECAST, experts=(bad,)))


@pytest.mark.parametrize(
    ("forecast", "told"),
    [
        *(
            (replace(FORECAST, horizon_s=value), f"a horizon of {value:g} s: expected seconds")
            for value in (0.0, *NOT_FINITE)
        ),
        *(
            (replace(FORECAST, level=value), f"a forecast of level {value:g} and")
            for value in (0.0, 1.0, nan, -1.0, inf)
        ),
        *(
            (replace(FORECAST, common_variance=value), f"a common variance of {value:g}: expected")
            for value in NOT_FINITE
        ),
        (replace(FORECAST, experts=(ASKED, ASKED)), "expert 'code' is forecast more than once"),
    ],
)
def test_a_forecast_of_no_sense_is_refused(forecast: Forecast, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        check_forecast(forecast)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        *((Options(margin=value), f"a margin of {value:g} and") for value in NOT_FINITE),
        *(
            (Options(patience_s=value), f"a patience of {value:g} s: expected")
            for value in (0.0, *NOT_FINITE)
        ),
        *(
            (Options(certainty=value), f"a certainty of {value:g}: expected")
            for value in (0.0, 1.0, *NOT_FINITE)
        ),
        (Options(budget_bytes=-1), "a budget of -1 bytes: expected 0 or more"),
        (Options(nodes=0), "a search of 0 nodes and 0 s: expected 1 or more"),
        *(
            (Options(time_limit_s=value), f"a search of 2000 nodes and {value:g} s: expected")
            for value in NOT_FINITE
        ),
    ],
)
def test_options_of_no_sense_are_refused(options: Options, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        check_options(options)
