"""Whether to recompose, into what, by which steps, what that gains, and why.

What will be asked is not known. One more request a second for an expert costs so much less in the
new placement, and the gain's variance follows from that and the variances of the rates: to first
order, as long as others stay where they are. A plan is made if it is worth its loads with enough
certainty; else that is tried which is best if newcomers are asked for no more than is certain, so
that a sure change does not wait for one that is not. Where what is there cannot stay, the least is
done that must be, or more if what is more is worth it.
"""

from dataclasses import replace
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from msgspec import structs

from coterie.planner.recomposition.costs import Costs
from coterie.planner.recomposition.forecast import Forecast
from coterie.planner.recomposition.judging import Decision, faults, judged
from coterie.planner.recomposition.layout import Placement, Room
from coterie.planner.recomposition.outcome import Gain, Outcome, Recomposition
from coterie.planner.recomposition.placement import TIE, decide
from coterie.planner.recomposition.question import Question, question_of
from coterie.planner.recomposition.reasons import Told, explained, overall, warned
from coterie.planner.recomposition.state import Options, State
from coterie.planner.recomposition.steps import Step, steps_of

HOUR_S = 3600.0
TRIES = 4
RELUCTANT = 1000.0
"""The margin at which only those loads are done that must be."""


def recompose(state: State, forecast: Forecast, options: Options | None = None) -> Recomposition:
    """The plan for what is expected; the same however experts, devices and replicas are listed.

    Raises PlanImpossible where no placement keeps the bounds.
    """
    question = question_of(state, forecast, options or Options())
    layout = question.layout
    broken = tuple(faults(question, layout.current))
    plan = _planned(question)
    if broken:
        least = replace(question, options=structs.replace(question.options, margin=RELUCTANT))
        must = _planned(least)
        more = gain_of(question, must.then.costs, plan.then.costs, plan.steps, must.steps)
        if more.confidence < question.options.certainty:
            plan = must
    elif plan.steps and _gain(question, plan).confidence < question.options.certainty:
        sure = _rejudged(question, _planned(_cautious(state, question)))
        if sure.steps and _gain(question, sure).confidence >= question.options.certainty:
            plan = sure
    core, then, steps = plan
    now = as_it_is(question, core)
    gain = gain_of(question, now.costs, then.costs, steps)
    goes = bool(broken) or (bool(steps) and gain.confidence >= question.options.certainty)
    told = Told(question, now, then, steps, gain, broken, goes)
    target = then.placement if goes else now.placement
    replicas = dict.fromkeys((one.name for one in layout.experts), 0)
    for pair in target:
        replicas[layout.experts[layout.pairs[pair].expert].name] += 1
    return Recomposition(
        verdict="required" if broken else "move" if goes else "stay",
        target=tuple(sorted(map(layout.name, target))),
        replicas=replicas,
        steps=explained(told) if goes else (),
        moved_bytes=moved_bytes(steps) if goes else 0,
        now=_outcome(now.costs),
        then=_outcome(then.costs),
        gain=gain,
        gap_s=_gap_s(question, then),
        reason=overall(told),
        warnings=warned(told),
    )


def gain_of(
    question: Question,
    now: Costs,
    then: Costs,
    steps: tuple[Step, ...] = (),
    anyway: tuple[Step, ...] = (),
) -> Gain:
    """What a change of costs is worth, and how sure that is. `anyway`: steps that are done if these
    are not.
    """
    forecast, horizon_s = question.forecast, question.forecast.horizon_s
    known = forecast.by_name
    rates = np.array(question.rates)
    variances = np.array(
        [known[e.name].variance if e.name in known else 0.0 for e in question.layout.experts]
    )
    slopes = now.slopes - then.slopes
    common = forecast.common_variance
    own = np.maximum(variances - common * rates**2, 0.0)
    variance = float(slopes**2 @ own) + common * float(slopes @ rates) ** 2
    spread, mean = variance**0.5, now.total_s - then.total_s
    load_s = max(0.0, sum(step.load_s for step in steps) - sum(step.load_s for step in anyway))
    threshold_s = question.options.margin * load_s
    wide = NormalDist().inv_cdf((1.0 + forecast.level) / 2.0) * spread
    return Gain(
        waiting_s=mean * HOUR_S,
        low_s=(mean - wide) * HOUR_S,
        high_s=(mean + wide) * HOUR_S,
        load_s=load_s,
        threshold_s=threshold_s,
        confidence=_probability(mean * horizon_s - threshold_s, spread * horizon_s),
    )


def moved_bytes(steps: tuple[Step, ...]) -> int:
    return sum(step.size_bytes for step in steps if step.action == "load")


def as_it_is(question: Question, planned: Placement) -> Decision:
    """What there is. Some residents may be worth no more than the room that they take: whoever is
    loaded then evicts them, and nobody loads them back before they are asked for. So the least
    counts of all residents as defended, only those who are planned, and only those who must stay.
    """
    layout, current = question.layout, question.layout.current
    defended = {current, current & planned, layout.staying(current)}
    found = [judged(question, some) for some in sorted(defended, key=sorted)]
    return replace(min(found, key=lambda one: one.costs.total_s), placement=current)


def kept(question: Question, planned: Placement) -> Placement:
    """And whoever is there and fits beside: its room is taken when it is needed, and not before.
    Those asked for most stay first; of who is critical no more than are planned, as no load could
    evict them.
    """
    layout = question.layout
    found = set(planned)
    count = [sum(pair in found for pair in pairs) for pairs in layout.of_expert]
    left = [
        pair for pair in layout.current - planned if layout.may[pair] and not layout.must_stay(pair)
    ]
    for pair in sorted(left, key=lambda one: (-question.rates[layout.pairs[one].expert], one)):
        expert = layout.pairs[pair].expert
        room = Room.beside(layout, found)
        if count[expert] < layout.experts[expert].replicas_max and room.takes(pair):
            found.add(pair)
            count[expert] += 1
    return frozenset(found)


class _Plan(NamedTuple):
    """`core`: who is worth the room; `then`: with those who may stay."""

    core: Placement
    then: Decision
    steps: tuple[Step, ...]


def _gain(question: Question, plan: _Plan) -> Gain:
    now = as_it_is(question, plan.core)
    return gain_of(question, now.costs, plan.then.costs, plan.steps)


def _cautious(state: State, question: Question) -> Question:
    """Who is not resident is asked for as often as is certain, and no more."""
    layout, forecast = question.layout, question.forecast
    times = max(0.0, NormalDist().inv_cdf(question.options.certainty))
    there = {layout.experts[layout.pairs[pair].expert].name for pair in layout.current}
    experts = tuple(
        one
        if one.expert in there
        else structs.replace(one, rate=max(0.0, one.rate - times * one.variance**0.5))
        for one in forecast.experts
    )
    return question_of(state, structs.replace(forecast, experts=experts), question.options)


def _rejudged(question: Question, plan: _Plan) -> _Plan:
    """By what is expected, where all of the core are defended, or newcomers and those who must
    stay. The gap is that of the search, by what is certain.
    """
    layout = question.layout
    core, fewer = plan.core, (plan.core - layout.current) | layout.staying(plan.core)
    found = min(judged(question, core), judged(question, fewer), key=lambda one: one.objective)
    bound = found.objective - plan.then.gap
    return plan._replace(then=replace(found, placement=plan.then.placement, bound=bound))


def _planned(question: Question) -> _Plan:
    """The best placement whose steps move no more than they may.

    On the way, bytes may be dropped that two replicas share, and be copied again: then the
    placement is looked for within so much less.
    """
    budget = left = question.options.budget_bytes
    for _ in range(TRIES):
        plan = _decided(question)
        if budget is None or left is None or moved_bytes(plan.steps) <= budget:
            return plan
        left = max(0, left - (moved_bytes(plan.steps) - budget))
        question = replace(question, options=structs.replace(question.options, budget_bytes=left))
    question = replace(question, options=structs.replace(question.options, budget_bytes=0))
    return _decided(question)


def _decided(question: Question) -> _Plan:
    """The best placement, with those who may stay, and the steps there."""
    then = decide(question)
    target = kept(question, then.placement)
    return _Plan(then.placement, replace(then, placement=target), steps_of(question, target))


def _probability(above: float, spread: float) -> float:
    if spread <= 0:
        return float(above >= 0)
    return NormalDist().cdf(above / spread)


def _outcome(costs: Costs) -> Outcome:
    return Outcome(
        waiting_s=costs.total_s * HOUR_S,
        switches=float(costs.switches.sum()) * HOUR_S,
        refused=float(costs.refused.sum()) * HOUR_S,
    )


def _gap_s(question: Question, then: Decision) -> float:
    return then.gap * HOUR_S if then.gap > 2 * TIE * question.scale else 0.0
