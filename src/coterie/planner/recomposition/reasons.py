"""Why, in words: for a whole plan, for each of its steps, and what would change it."""

from statistics import NormalDist
from typing import NamedTuple

from msgspec import structs

from coterie.config import format_duration, format_size
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.judging import Decision
from coterie.planner.recomposition.outcome import Gain
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.steps import Step
from coterie.types import replica_id

BUSY = 0.7
"""Of its time that a device loads: from there on, loads wait for each other."""
CHANGED = 1.5
"""Times the usual rate, or the other way round: what is worth a word."""
LONGEST_S = 30 * 86400.0
"""A horizon that nobody plans for."""


class Told(NamedTuple):
    """What a plan is explained from. `broken`: what is wrong with what is there. `goes`: whether
    the steps are done.
    """

    question: Question
    now: Decision
    then: Decision
    steps: tuple[Step, ...]
    gain: Gain
    broken: tuple[str, ...]
    goes: bool


def overall(told: Told) -> str:
    """The reason for a verdict, and where it is to stay, what would change it."""
    gain, options = told.gain, told.question.options
    horizon_s = told.question.forecast.horizon_s
    waits = f"Requests wait for {_pace(told.now)} in all"
    if told.broken:
        more = len(told.broken) - 1
        also = f" ({more} more)" if more else ""
        cannot = f"What is there cannot stay: {told.broken[0]}{also}."
        return f"{cannot} {waits}, and {_pace(told.then)} then."
    if not told.steps:
        return f"{waits}, and nothing that may be done makes that less by more than it takes."
    worth = (
        f"{waits}, and {_pace(told.then)} then. The steps load for {format_duration(gain.load_s)}; "
        f"that they save {options.margin:g} times as much within {format_duration(horizon_s)} is "
        f"{gain.confidence:.0%} sure"
    )
    if told.goes:
        return f"{worth}."
    return f"{worth}, and it takes {options.certainty:.0%}. {_what_would_change(told)}"


def explained(told: Told) -> tuple[Step, ...]:
    """The steps, each with its reason."""
    return tuple(
        structs.replace(
            step, reason=_load(told, step) if step.action == "load" else _unload(told, i)
        )
        for i, step in enumerate(told.steps)
    )


def warned(told: Told) -> tuple[str, ...]:
    """What an operator should know besides."""
    layout = told.question.layout
    after = (told.then if told.goes else told.now).costs
    sizes = {one.name: one.footprint.hot_bytes for one in layout.experts}
    found = [
        f"{name!r} takes {format_size(sizes[name])} and fits no device that it may be on: it "
        "cannot be served"
        for name in layout.homeless
    ]
    found += [
        f"{device.device!r} loads for {min(1.0, loading):.0%} of the time: more memory there would "
        "save much"
        for device, loading in zip(layout.devices, after.loading.tolist(), strict=True)
        if loading > BUSY
    ]
    if (refused := float(after.refused.sum()) * 3600.0) >= 1.0:
        found.append(f"{refused:.0f} requests an hour would wait longer than they may")
    return tuple(found)


def often(rate: float) -> str:
    """A rate, in requests a second, for people."""
    if rate <= 0:
        return "not asked for"
    for unit_s, unit in ((1.0, "second"), (60.0, "minute"), (3600.0, "hour")):
        if rate * unit_s >= 1.0:
            times = rate * unit_s
            spelt = f"{times:.2g}" if times < 99.5 else f"{times:.0f}"
            return f"asked for {spelt} times a{'n' * (unit == 'hour')} {unit}"
    return "asked for less than once an hour"


def _load(told: Told, step: Step) -> str:
    layout = told.question.layout
    number = [one.name for one in layout.experts].index(step.expert)
    expert = layout.experts[number]
    asked = f"{step.expert!r} is {_asked(told, step.expert)}"
    if step.staged:
        return f"{asked}: it is here until it can be where it is to be"
    before = [pair for pair in layout.of_expert[number] if pair in told.now.placement]
    after = [pair for pair in layout.of_expert[number] if pair in told.then.placement]
    if not before:
        waited = told.now.costs.misses_s[number] + told.now.costs.refused_s[number]
        if waited > 0:
            return f"{asked}; its requests wait {_spelt(float(waited))} for loads"
        return f"{step.expert!r} is {'pinned' if expert.pinned else 'critical'}"
    if len(after) > len(before):
        return f"{asked}; one more replica makes their line shorter"
    return f"{asked}; here it makes room, or a line shorter, where it was"


def _unload(told: Told, number: int) -> str:
    layout, step = told.question.layout, told.steps[number]
    asked = f"{step.expert!r} is {_asked(told, step.expert)}"
    if step.staged:
        return f"{step.expert!r} is now where it is to be"
    if step.interrupts:
        return f"{asked}, and waits until it is loaded again: there is no room for both meanwhile"
    here = replica_id(step.expert, step.device)
    if any(layout.name(p) == here and not layout.may[p] for p in layout.current):
        return f"{asked}, and may not be here"
    stays = any(layout.name(p).startswith(f"{step.expert}@") for p in told.then.placement)
    for later in told.steps[number + 1 :]:
        if later.action == "load" and later.device == step.device:
            where = ", and resident elsewhere" if stays else ""
            return f"{asked}{where}: it makes room for {later.expert!r}"
    if stays:
        return f"{asked}, and resident elsewhere"
    return f"{asked}: it makes room for those that are loaded when they are asked for"


def _asked(told: Told, expert: str) -> str:
    one = told.question.forecast.by_name.get(expert, ExpertForecast(expert, 0.0))
    usual = one.usual_rate
    is_new = usual > 0 and not 1 / CHANGED < one.rate / usual < CHANGED
    return (
        f"{often(one.rate)} (usually {often(usual).removeprefix('asked for ')})"
        if is_new
        else often(one.rate)
    )


def _pace(decision: Decision) -> str:
    return _spelt(decision.costs.total_s)


def _spelt(waited_s: float) -> str:
    """Seconds waited in a second, for people."""
    if waited_s * 60.0 >= 1.0:
        return f"{format_duration(waited_s * 60.0)} a minute"
    return f"{format_duration(waited_s * 3600.0)} an hour"


def _what_would_change(told: Told) -> str:
    """How much longer it would have to pay, or how much more would have to be asked for."""
    question, gain = told.question, told.gain
    horizon_s = question.forecast.horizon_s
    mean = gain.waiting_s / 3600.0
    wide = NormalDist().inv_cdf((1.0 + question.forecast.level) / 2.0)
    spread = (gain.high_s - gain.waiting_s) / 3600.0 / wide
    sure = NormalDist().inv_cdf(question.options.certainty) * spread
    found = []
    if mean > sure and gain.threshold_s / (mean - sure) < LONGEST_S:
        longer = gain.threshold_s / (mean - sure)
        found.append(f"if it were so for {format_duration(longer)}")
    slopes = told.now.costs.slopes - told.then.costs.slopes
    most = int(slopes.argmax())
    if slopes[most] > 0:
        short = gain.threshold_s / horizon_s + sure - mean
        rate = question.rates[most] + short / float(slopes[most])
        found.append(f"if {question.layout.experts[most].name!r} were {often(rate)}")
    return (
        f"It would be done {', or '.join(found)}."
        if found
        else "The forecast would have to be surer."
    )
