"""What is expected of each expert over a horizon, with how sure that is. Values only."""

from statistics import NormalDist
from typing import Literal

from msgspec import Struct

_FEW = 0.5
"""The shape of the gamma distribution of a rate of which no arrival was seen (Jeffreys)."""


class ExpertForecast(Struct, frozen=True):
    """Requests a second for one expert.

    `rate`: the mean over the horizon, `low` to `high` hold it, `variance` is of it. `rate_now` is
    the rate at this moment, `usual_rate` that of the longer past, `slope` the change of the
    rate's logarithm a second. `work_s`: seconds of service a request; `answer_s`: how long its
    replica answers it, and cannot be evicted; `dispersion`: the variance of counts over their mean,
    1 by chance. `repeats`: the share of requests whose session had asked
    for the same expert just before, `repeat_gap_s` earlier; `followers`: whom sessions ask for
    next, with shares.
    """

    expert: str
    rate: float
    low: float = 0.0
    high: float = 0.0
    variance: float = 0.0
    work_s: float = 0.0
    rate_now: float = 0.0
    usual_rate: float = 0.0
    slope: float = 0.0
    dispersion: float = 1.0
    requests: int = 0
    repeats: float = 0.0
    repeat_gap_s: float = 0.0
    followers: tuple[tuple[str, float], ...] = ()
    answer_s: float = 0.0


class Forecast(Struct, frozen=True):
    """Of each expert, in order of name, over `horizon_s` from `at_s` on, after `watched_s`.

    `common_variance`: relative, of a factor that all rates share and each variance has.
    `period_hours`: of the profile of the hours; 0: too little was watched for one.
    """

    at_s: float
    horizon_s: float
    experts: tuple[ExpertForecast, ...]
    level: float = 0.9
    watched_s: float = 0.0
    common_variance: float = 0.0
    period_hours: Literal[0, 24, 168] = 0

    @property
    def by_name(self) -> dict[str, ExpertForecast]:
        return {one.expert: one for one in self.experts}

    @property
    def remark(self) -> str:
        """What was made of the time of day."""
        if self.period_hours == 0:
            return (
                f"no time of day: {self.watched_s / 3600:.1f} hours were watched, and it takes two "
                "days to tell one"
            )
        of = "day" if self.period_hours == 24 else "week"
        return f"by the hour of the {of}, of {self.watched_s / 86400:.1f} days that were watched"


def bounds(mean: float, variance: float, level: float) -> tuple[float, float]:
    """Between which a rate of this mean and variance is with probability `level`: quantiles of a
    gamma distribution, as Wilson and Hilferty approximate them ("The distribution of chi-square",
    1931), and the mean between them.
    """
    if variance <= 0:
        return mean, mean
    centre, shape = mean, mean * mean / variance
    if not shape:
        centre, shape = (_FEW * variance) ** 0.5, _FEW
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)

    def quantile(deviations: float) -> float:
        root = 1.0 - 1.0 / (9.0 * shape) + deviations / (3.0 * shape**0.5)
        return float(centre * max(0.0, root) ** 3)

    # Of shapes far below 1 the approximation gives 0 for both.
    return min(mean, quantile(-z)), max(mean, quantile(z))
