"""Recomposition: from observed demand to who should be resident where, and the steps there.

`Demand` takes observations and forecasts, `recompose` plans. NumPy and SciPy, which only planning
needs, are in the extra `routing`.
"""

from coterie.planner.recomposition.demand import Demand
from coterie.planner.recomposition.forecast import ExpertForecast, Forecast
from coterie.planner.recomposition.outcome import Gain, Outcome, Recomposition
from coterie.planner.recomposition.plan import recompose
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from coterie.planner.recomposition.steps import Step

__all__ = [
    "Demand",
    "DeviceState",
    "ExpertForecast",
    "ExpertState",
    "Forecast",
    "Gain",
    "Options",
    "Outcome",
    "Recomposition",
    "State",
    "Step",
    "recompose",
]
