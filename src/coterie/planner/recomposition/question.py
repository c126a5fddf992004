"""What is to be decided, in figures: the layout, what each expert is asked for, and what waiting
costs.

A request for an expert that is nowhere resident loads it, waits for that, and others that come
meanwhile wait with it. Of Poisson arrivals at rate r and a load of L seconds, each load then serves
1 + r L requests, which together wait for L (1 + r L / 2): so a request causes 1 / (1 + r L) loads
and waits for (1 + r L / 2) / (1 + r L) of one. Where an answer then takes A seconds, those that
come meanwhile find it there: 1 + r L becomes 1 + r (L + A). Requests that find their expert where
their own session left it cause none; it is taken to be there as long as nobody asks for another.
"""

from dataclasses import dataclass
from functools import cached_property
from math import exp

from coterie.planner.recomposition.checks import check_forecast, check_options
from coterie.planner.recomposition.forecast import ExpertForecast, Forecast
from coterie.planner.recomposition.layout import Layout, layout_of
from coterie.planner.recomposition.rooms import Sizes
from coterie.planner.recomposition.state import Options, State

LEAST = 1e-6
"""Seconds of waiting a second, in comparison with which nothing matters."""


@dataclass(frozen=True)
class Question:
    """Figures of each expert, in the layout's order.

    `rates`: requests a second; `works_s`: seconds of service a request; `switches`: loads that a
    request causes if its expert is nowhere resident, and `waits`: for how many loads it waits then.
    `holds_s`: for how long it holds its expert's room after the load.
    """

    layout: Layout
    forecast: Forecast
    options: Options
    rates: tuple[float, ...]
    works_s: tuple[float, ...]
    switches: tuple[float, ...]
    waits: tuple[float, ...]
    holds_s: tuple[float, ...]

    @property
    def scale(self) -> float:
        """Seconds waited in a second if everybody waited as long as they may."""
        return max(LEAST, sum(self.rates) * self.options.patience_s)

    @property
    def load_price(self) -> float:
        """Seconds waited in a second that a second of loading is to save, over the horizon."""
        return self.options.margin / self.forecast.horizon_s

    @property
    def is_wide(self) -> bool:
        """Whether there are too many pairs for an exact search."""
        return len(self.layout.pairs) > self.options.exact_pairs

    @property
    def asked(self) -> tuple[int, ...]:
        """Experts that are asked for and have somewhere to be, by number."""
        pairs = self.layout.of_expert
        return tuple(
            i for i, rate in enumerate(self.rates) if rate > 0 and self.is_placed(pairs[i])
        )

    @cached_property
    def sizes(self) -> Sizes:
        """Of experts that hold room while they answer."""
        held = zip(self.rates, self.holds_s, strict=True)
        return Sizes(self.layout, [rate > 0 and hold_s > 0 for rate, hold_s in held])

    def is_placed(self, pairs: tuple[int, ...]) -> bool:
        return any(self.layout.may[pair] for pair in pairs)


def question_of(state: State, forecast: Forecast, options: Options) -> Question:
    """Experts that the forecast does not know are not asked for. Raises PlanImpossible where a
    figure makes no sense.
    """
    check_forecast(forecast)
    check_options(options)
    layout = layout_of(state)
    known = forecast.by_name
    of = [known.get(expert.name, ExpertForecast(expert.name, 0.0)) for expert in layout.experts]
    total = sum(one.rate for one in of)
    switches, waits = [], []
    for pairs, one in zip(layout.of_expert, of, strict=True):
        loads_s = [layout.load_s(pair, set()) for pair in pairs if layout.may[pair]]
        during = one.rate * min(loads_s, default=0.0)
        served = 1.0 + during + one.rate * one.answer_s
        others = max(0.0, total - one.rate)
        fresh = 1.0 - one.repeats * exp(-others * one.repeat_gap_s)
        switches.append(fresh / served)
        waits.append(fresh * (1.0 + during / 2.0) / served)
    return Question(
        layout=layout,
        forecast=forecast,
        options=options,
        rates=tuple(one.rate for one in of),
        works_s=tuple(one.work_s for one in of),
        switches=tuple(switches),
        waits=tuple(waits),
        holds_s=tuple(one.answer_s for one in of),
    )
