"""Figures that make no sense are refused before anything is made of them."""

from itertools import pairwise

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.forecast import Forecast
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State

INFINITE = float("inf")


def check_state(state: State) -> None:
    """Raises PlanImpossible for a state that contradicts itself."""
    names = {
        "expert": sorted(one.name for one in state.experts),
        "device": sorted(one.device for one in state.devices),
        "replica": sorted(state.replicas),
    }
    for kind, of in names.items():
        for before, name in pairwise(of):
            if before == name:
                raise PlanImpossible(f"{kind} {name!r} is there more than once: remove one")
    if not state.devices:
        raise PlanImpossible("there is no device to place experts on: name some")
    for device in state.devices:
        _check_device(device)
    for expert in state.experts:
        _check_expert(expert)
    for replica in state.replicas:
        expert_name, _, device_name = replica.rpartition("@")
        if expert_name not in names["expert"] or device_name not in names["device"]:
            raise PlanImpossible(
                f"replica {replica!r} is of an expert, or on a device, that is not in the state"
            )


def check_forecast(forecast: Forecast) -> None:
    """Raises PlanImpossible for rates, or a horizon, that cannot be."""
    if not 0 < forecast.horizon_s < INFINITE:
        raise PlanImpossible(f"a horizon of {forecast.horizon_s:g} s: expected seconds above 0")
    if not (0 < forecast.level < 1 and 0 <= forecast.common_variance < INFINITE):
        raise PlanImpossible(
            f"a forecast of level {forecast.level:g} and a common variance of "
            f"{forecast.common_variance:g}: expected one between 0 and 1, and a number from 0 up"
        )
    names = sorted(one.expert for one in forecast.experts)
    for before, name in pairwise(names):
        if before == name:
            raise PlanImpossible(f"expert {name!r} is forecast more than once: remove one")
    for one in forecast.experts:
        figures = (one.rate, one.variance, one.work_s, one.answer_s)
        if not all(0 <= value < INFINITE for value in figures):
            raise PlanImpossible(
                f"expert {one.expert!r} is expected {one.rate:g} times a second (variance "
                f"{one.variance:g}), for {one.work_s:g} s each, in answers of {one.answer_s:g} s: "
                "expected numbers from 0 up"
            )
        if not (0 <= one.repeats <= 1 and 0 <= one.repeat_gap_s < INFINITE):
            raise PlanImpossible(
                f"expert {one.expert!r} is asked again by {one.repeats:g} of its requests, "
                f"{one.repeat_gap_s:g} s later: expected a share from 0 to 1, and seconds from 0 up"
            )


def check_options(options: Options) -> None:
    """Raises PlanImpossible for options that ask for nothing possible."""
    if not (0 <= options.margin < INFINITE and 0 < options.patience_s < INFINITE):
        raise PlanImpossible(
            f"a margin of {options.margin:g} and a patience of {options.patience_s:g} s: expected "
            "a margin from 0 up, and seconds above 0"
        )
    if not 0 < options.certainty < 1:
        raise PlanImpossible(f"a certainty of {options.certainty:g}: expected one between 0 and 1")
    if options.budget_bytes is not None and options.budget_bytes < 0:
        raise PlanImpossible(f"a budget of {options.budget_bytes} bytes: expected 0 or more")
    if options.nodes < 1 or not 0 <= options.time_limit_s < INFINITE:
        raise PlanImpossible(
            f"a search of {options.nodes} nodes and {options.time_limit_s:g} s: expected 1 or "
            "more, and seconds from 0 up"
        )


def _check_device(device: DeviceState) -> None:
    if not 0 < device.load_bytes_per_s < INFINITE:
        raise PlanImpossible(
            f"device {device.device!r} loads {device.load_bytes_per_s:g} bytes a second: expected "
            "a number above 0"
        )
    if not 0 <= device.capacity < INFINITE:
        raise PlanImpossible(
            f"device {device.device!r} has a capacity of {device.capacity:g}: expected a number "
            "above 0, or 0 for no bound"
        )
    if device.hot_bytes < 0 or device.host_bytes < 0:
        raise PlanImpossible(f"device {device.device!r} has less than no memory: expected bytes")


def _check_expert(expert: ExpertState) -> None:
    if not (0 <= expert.start_s < INFINITE and 0 <= expert.slots < INFINITE):
        raise PlanImpossible(
            f"expert {expert.name!r} has a start of {expert.start_s:g} s and {expert.slots:g} "
            "slots: expected numbers from 0 up"
        )
    if expert.replicas_max < 1:
        raise PlanImpossible(
            f"expert {expert.name!r} may have {expert.replicas_max} replicas: expected 1 or more"
        )
    for part in (*expert.footprint.hot, *expert.footprint.warm):
        if part.size_bytes < 0:
            raise PlanImpossible(
                f"expert {expert.name!r} has a part {part.digest!r} of {part.size_bytes} bytes: "
                "expected 0 or more"
            )
