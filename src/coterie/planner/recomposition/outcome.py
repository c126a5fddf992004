"""What planning comes to: values."""

from typing import Literal

from msgspec import Struct

from coterie.planner.recomposition.steps import Step


class Outcome(Struct, frozen=True):
    """What a placement comes to, in an hour: seconds waited in all, loads that requests cause, and
    requests that are refused.
    """

    waiting_s: float
    switches: float
    refused: float


class Gain(Struct, frozen=True):
    """Seconds of waiting that are saved in an hour: `waiting_s`, from `low_s` to `high_s` with the
    forecast's certainty. Loading takes `load_s`. The plan is worth it if it saves `threshold_s`
    over the forecast's horizon, which it does with probability `confidence`.
    """

    waiting_s: float
    low_s: float
    high_s: float
    load_s: float
    threshold_s: float
    confidence: float


class Recomposition(Struct, frozen=True):
    """`verdict`: `move` where it is worth it, `required` where what is there breaks a bound, and
    `stay`. `target`: the replicas to be, in order of name; `replicas`: how many of each expert.

    `now` and `then`: without the steps and with them; where the verdict is to stay, `then` and
    `gain` are of the best that was considered. `gap_s`: seconds of waiting in an hour that another
    placement could save beyond that, at most; 0: none can. Where only what is sure is done, that is
    by what is certain.
    """

    verdict: Literal["move", "stay", "required"]
    target: tuple[str, ...]
    replicas: dict[str, int]
    steps: tuple[Step, ...]
    moved_bytes: int
    now: Outcome
    then: Outcome
    gain: Gain
    gap_s: float
    reason: str
    warnings: tuple[str, ...] = ()
