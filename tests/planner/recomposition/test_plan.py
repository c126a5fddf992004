"""Plans for worlds of all kinds: what they promise holds for each, and again once they are done."""

from functools import cache
from math import inf
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.costs import costs_of
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.judging import judged
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.outcome import Recomposition
from coterie.planner.recomposition.plan import as_it_is, gain_of, kept, recompose
from coterie.planner.recomposition.question import question_of
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from coterie.planner.recomposition.steps import steps_of
from coterie.types import replica_id
from tests.planner.recomposition.worlds import World, device, expert, random_world, shuffled, world

LITTLE = 1e-3
"""Seconds waited in an hour: more than what counts as a tie."""


def planned(given: World, **options: float | None) -> Recomposition | None:
    """None: impossible."""
    changed = replace(given.options, **options)
    try:
        return recompose(given.state, given.forecast, changed)
    except PlanImpossible:
        return None


@cache
def plans() -> list[tuple[World, Recomposition]]:
    given = [random_world(seed) for seed in range(50)]
    found = [(one, planned(one)) for one in given]
    return [(one, plan) for one, plan in found if plan is not None]


def done(given: World, plan: Recomposition) -> World:
    return replace(given, state=replace(given.state, replicas=plan.target))


def objective(given: World, plan: Recomposition, margin: float) -> float:
    """In an hour: the waiting, and the price of loading."""
    return plan.then.waiting_s + 3600.0 * margin / given.forecast.horizon_s * plan.gain.load_s


def test_a_plan_agrees_with_itself() -> None:
    verdicts = []
    for given, plan in plans():
        verdicts.append(plan.verdict)
        there = set(given.state.replicas)
        for step in plan.steps:
            there ^= {replica_id(step.expert, step.device)}
            assert step.reason
        assert plan.target == tuple(sorted(there))
        for one in given.state.experts:
            count = sum(name.rpartition("@")[0] == one.name for name in plan.target)
            assert plan.replicas[one.name] == count
        loads = [step for step in plan.steps if step.action == "load"]
        assert plan.moved_bytes == sum(step.size_bytes for step in loads)
        budget = given.options.budget_bytes
        assert plan.moved_bytes <= (inf if budget is None else budget)
        assert bool(plan.steps) >= (plan.verdict == "move")
        assert plan.reason
        assert plan.gain.low_s <= plan.gain.waiting_s <= plan.gain.high_s
        assert plan.gain.waiting_s == pytest.approx(plan.now.waiting_s - plan.then.waiting_s)
        if plan.verdict == "move":
            assert plan.gain.confidence >= given.options.certainty
        if plan.verdict == "stay":
            assert plan.steps == ()
            assert set(plan.target) == set(given.state.replicas)
    assert {kind: verdicts.count(kind) > 3 for kind in verdicts} == dict.fromkeys(
        ("move", "stay", "required"), True
    )


def test_pinned_replicas_are_never_unloaded_where_they_may_be() -> None:
    pinned = 0
    for given, plan in plans():
        layout = given.question.layout
        for pair in sorted(layout.current):
            if layout.may[pair] and layout.experts[layout.pairs[pair].expert].pinned:
                name = layout.name(pair)
                gone = [replica_id(s.expert, s.device) for s in plan.steps if s.action == "unload"]
                assert name not in gone
                pinned += bool(plan.steps)
    assert pinned > 3


def test_the_same_is_planned_however_it_is_listed() -> None:
    for seed, (given, plan) in enumerate(plans()[:12]):
        assert planned(shuffled(given, seed)) == plan


def test_what_is_done_is_not_changed_again() -> None:
    again = 0
    for given, plan in plans():
        if plan.verdict == "stay" or given.options.budget_bytes is not None:
            continue  # with more bytes to move there may be more to do
        after = planned(done(given, plan), budget_bytes=None)
        assert after is not None
        assert (after.verdict, after.steps, after.target) == ("stay", (), plan.target)
        again += 1
    assert again > 10


def wobbled(given: World, draw: Random) -> World:
    """Rates half a standard deviation off."""
    experts = tuple(
        replace(one, rate=max(0.0, one.rate + draw.gauss(0.0, 0.5) * one.variance**0.5))
        for one in given.forecast.experts
    )
    return replace(given, forecast=replace(given.forecast, experts=experts))


def test_forecasts_that_wobble_move_nothing_to_and_fro() -> None:
    moves = 0
    for seed in range(10):
        given, draw = random_world(seed), Random(seed)
        sure = tuple(replace(one, variance=(0.3 * one.rate) ** 2) for one in given.forecast.experts)
        given = replace(given, forecast=replace(given.forecast, experts=sure))
        been, here = [], given
        for _ in range(4):
            plan = planned(wobbled(here, draw), budget_bytes=None)
            if plan is None:
                break
            if plan.verdict != "stay":
                assert plan.target not in been, seed
                been.append(here.state.replicas)
                here, moves = done(here, plan), moves + 1
    assert moves > 5


@pytest.mark.parametrize("margin", [0.0, 1.5])
def test_more_bytes_to_move_are_never_worse(margin: float) -> None:
    better = 0
    for seed in range(8):
        given, least = random_world(seed), inf
        for budget in (0, 2_500, 9_000, None):
            plan = planned(given, margin=margin, budget_bytes=budget, certainty=0.01)
            if plan is None or plan.verdict == "required":
                assert least == inf or plan is not None
                continue
            found = objective(given, plan, margin)
            assert found <= least + LITTLE, (seed, budget)
            better += found < least - LITTLE and least < inf
            least = found
    assert better > 2


def roomy(seed: int, more_bytes: int) -> World:
    """Nothing is there yet, and nothing has to be."""
    given = random_world(seed)
    state = State(
        tuple(replace(one, pinned=False, critical=False) for one in given.state.experts),
        tuple(replace(one, hot_bytes=one.hot_bytes + more_bytes) for one in given.state.devices),
    )
    return replace(given, state=state)


def test_more_memory_is_never_worse() -> None:
    better = 0
    for seed in range(22, 30):
        given, more = roomy(seed, 0), roomy(seed, 2_000)
        if more.question.layout.homeless != given.question.layout.homeless:
            continue  # who fits nowhere is not counted
        less, plan = (planned(one, budget_bytes=None, margin=0.1) for one in (given, more))
        assert less is not None
        assert plan is not None
        assert objective(more, plan, 0.1) <= objective(given, less, 0.1) + LITTLE, seed
        better += objective(more, plan, 0.1) < objective(given, less, 0.1) - LITTLE
    assert better > 1


@pytest.mark.parametrize(
    ("key", "values"),
    [("margin", (0.0, 1.5, 50.0, 5_000.0)), ("certainty", (0.05, 0.5, 0.9, 0.999))],
)
def test_who_asks_for_more_does_not_move_sooner(key: str, values: tuple[float, ...]) -> None:
    """Of these worlds. A margin may leave out what is unsure, so that what is sure is done."""
    turned = 0
    for seed in range(8):
        given = random_world(seed)
        found = [planned(given, **{key: value}) for value in values]
        verdicts = [plan.verdict for plan in found if plan is not None]
        assert verdicts == sorted(verdicts), seed  # move, required, stay
        turned += len(set(verdicts)) > 1
    assert turned > 0


SHARED = (device("a/gpu0", 1_000), device("b/gpu0", 1_000))
PAIR = (expert("code", 600), expert("prose", 600))


TRIO = tuple(expert(name, 600) for name in ("art", "code", "prose"))
"""Where one is resident, the others can be loaded beside it."""
LONELY = device("a/gpu0", 1_300)


def test_where_one_has_room_it_is_the_one_asked_for_most_and_no_room_is_kept_for_others() -> None:
    of, fleet = (expert("rare", 600), expert("usual", 600)), (device("a/gpu0", 700),)
    asked = {"rare": 0.04, "usual": 0.46}
    found = planned(world(of, fleet, ("rare@a/gpu0",), asked))
    assert found is not None
    assert (found.verdict, found.target) == ("move", ("usual@a/gpu0",))
    there = planned(world(of, fleet, ("usual@a/gpu0",), asked))
    assert there is not None
    assert (there.verdict, there.steps) == ("stay", ())


def test_what_is_sure_does_not_wait_for_what_is_not() -> None:
    fleet = (device("a/gpu0", 700), device("b/gpu0", 700))
    of = tuple(
        expert(name, 600, devices=(where,))
        for name, where in zip("cdxy", ("a/gpu0", "b/gpu0", "a/gpu0", "b/gpu0"), strict=True)
    )
    there = ("c@a/gpu0", "d@b/gpu0")
    unsure = ExpertForecast("y", rate=0.1, variance=4.0)
    both = planned(world(of, fleet, there, {"x": 0.1, "y": unsure}))
    assert both is not None
    assert (both.verdict, both.target) == ("move", ("d@b/gpu0", "x@a/gpu0"))
    assert both.gain.confidence == 1.0
    alone = planned(world(of, fleet, there, {"y": unsure}))
    assert alone is not None
    assert (alone.verdict, alone.steps) == ("stay", ())
    assert 0.5 < alone.gain.confidence < 0.8


def test_nobody_is_unloaded_for_nothing() -> None:
    """Loads evict whoever is there: to keep room for them is no gain."""
    of, fleet = tuple(expert(name, 600) for name in "abc"), (device("a/gpu0", 700),)
    found = planned(world(of, fleet, ("a@a/gpu0",), {"a": 0.3, "b": 0.2, "c": 0.2}))
    assert found is not None
    assert (found.verdict, found.steps, found.gain.waiting_s) == ("stay", (), 0.0)


def test_what_is_too_dear_is_not_done() -> None:
    of, fleet = tuple(expert(name, 600) for name in "abc"), (device("a/gpu0", 1_100),)
    asked = {"a": 0.1, "b": 0.3, "c": 0.1}
    for margin, target in ((1.5, "b@a/gpu0"), (1e6, "a@a/gpu0")):
        found = planned(world(of, fleet, ("a@a/gpu0",), asked), margin=margin)
        assert found is not None
        assert found.target == (target,)


def test_who_is_not_planned_stays_where_there_is_room_and_those_asked_for_most_do() -> None:
    of = tuple(expert(name, 600) for name in ("art", "code", "prose"))
    given = world(of, (device("a/gpu0", 1_900),), ("art@a/gpu0", "code@a/gpu0"), {"code": 0.1})
    question = given.question
    layout = question.layout
    prose = next(p for p in range(len(layout.pairs)) if layout.name(p) == "prose@a/gpu0")
    assert kept(question, frozenset({prose})) == layout.current | {prose}
    narrow = world(of, (device("a/gpu0", 1_300),), ("art@a/gpu0", "code@a/gpu0"), {"code": 0.1})
    stays = kept(narrow.question, frozenset({prose}))
    assert sorted(map(layout.name, stays)) == ["code@a/gpu0", "prose@a/gpu0"]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_there_costs_no_more_than_what_is_left_of_it_in_a_plan(seed: int) -> None:
    question = random_world(seed).question
    current = question.layout.current
    for some in (current, question.layout.staying(current), frozenset(sorted(current)[::2])):
        assert as_it_is(question, some).costs.total_s <= judged(question, some).costs.total_s + 1e-9
        assert as_it_is(question, some).placement == current


def test_a_sure_gain_is_done() -> None:
    narrow = device("a/gpu0", 1_100)
    plan = planned(world(TRIO, (narrow,), ("code@a/gpu0",), {"prose": 0.5}))
    assert plan is not None
    assert (plan.verdict, plan.target) == ("move", ("prose@a/gpu0",))
    assert [(step.action, step.expert) for step in plan.steps] == [
        ("unload", "code"),
        ("load", "prose"),
    ]
    assert (plan.moved_bytes, plan.gain.confidence, plan.gap_s) == (600, 1.0, 0.0)
    assert plan.gain.threshold_s == pytest.approx(1.5 * plan.gain.load_s)
    assert plan.gain.load_s == pytest.approx(0.6)


def test_an_unsure_gain_is_not() -> None:
    unsure = ExpertForecast("prose", rate=0.5, variance=4.0)
    plan = planned(world(TRIO, (LONELY,), ("code@a/gpu0",), {"prose": unsure}))
    assert plan is not None
    assert (plan.verdict, plan.steps, plan.target) == ("stay", (), ("code@a/gpu0",))
    assert 0.5 < plan.gain.confidence < 0.8
    assert plan.then.waiting_s < plan.now.waiting_s


def test_what_rates_have_in_common_does_not_even_out() -> None:
    """Of two experts alike, deviations add; by themselves, their squares do."""
    widths = []
    for common in (0.0, 0.04):
        asked = {name: ExpertForecast(name, rate=0.1, variance=0.0004) for name in ("a", "b")}
        given = world((expert("a", 600), expert("b", 600)), (LONELY,), (), asked)
        forecast = replace(given.forecast, common_variance=common)
        gain = recompose(given.state, forecast, given.options).gain
        assert gain.high_s - gain.waiting_s == pytest.approx(gain.waiting_s - gain.low_s)
        widths.append(gain.high_s - gain.low_s)
    assert widths[1] == pytest.approx(widths[0] * 2**0.5)


def test_what_breaks_a_bound_has_to_change_and_nothing_else_unless_it_is_worth_it() -> None:
    code = replace(PAIR[0], pinned=True)
    for rate, target in ((0.0, ("code@a/gpu0",)), (1.0, ("code@a/gpu0", "prose@b/gpu0"))):
        plan = planned(world((code, PAIR[1]), SHARED, (), {"prose": rate}))
        assert plan is not None
        assert (plan.verdict, plan.target) == ("required", target)
        assert plan.reason.startswith(
            "What is there cannot stay: 'code' is pinned and nowhere resident."
        )


def test_more_than_must_be_is_done_only_where_that_is_sure() -> None:
    code = replace(PAIR[0], pinned=True)
    for deviation, target in ((0.0, 2), (5.0, 1)):
        unsure = ExpertForecast("prose", rate=0.5, variance=deviation**2)
        plan = planned(world((code, PAIR[1]), SHARED, (), {"prose": unsure}))
        assert plan is not None
        assert (plan.verdict, len(plan.target)) == ("required", target)


@pytest.mark.parametrize(
    ("experts", "budget_bytes", "told"),
    [
        ((expert("code", 1_001, pinned=True),), None, "'code' is pinned and fits no device"),
        ((expert("code", 1, critical=True),), None, "'code' is critical, which takes replicas"),
        (
            tuple(expert(f"e{i}", 700, pinned=True) for i in range(3)),
            None,
            "pinned or critical does not fit",
        ),
        ((expert("code", 600, pinned=True),), 599, "599B may be moved, which is too little"),
        (
            (*(expert(f"e{i}", 700, pinned=True) for i in range(2)), expert("code", 301)),
            None,
            "'code' takes 301B, and no placement leaves room",
        ),
    ],
)
def test_what_no_placement_can_keep_is_said(
    experts: tuple[ExpertState, ...], budget_bytes: int | None, told: str
) -> None:
    given = world(experts, SHARED, options=Options(budget_bytes=budget_bytes))
    with pytest.raises(PlanImpossible, match=told):
        recompose(given.state, given.forecast, given.options)


def test_nothing_to_place_is_a_plan_as_well() -> None:
    devices = (DeviceState("a/gpu0", "a", 10, 1.0),)
    plan = recompose(State((), devices), random_world(1).forecast)
    assert (plan.verdict, plan.target, plan.steps, plan.gap_s) == ("stay", (), (), 0.0)


def changes(count: int) -> list[tuple[World, Placement]]:
    """Worlds of experts that ask nobody's turn, with a better placement than what is there."""
    found = []
    for seed in range(200):
        given = random_world(seed)
        plan = planned(given, certainty=0.01, margin=0.0, budget_bytes=None)
        if plan is None or plan.verdict != "move" or plan.gain.waiting_s < 10.0:
            continue
        layout = given.question.layout
        there = frozenset(
            pair for pair in range(len(layout.pairs)) if layout.name(pair) in plan.target
        )
        found.append((given, there))
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize(("relative", "off"), [(0.02, 0.1), (0.3, 0.2)])
def test_how_sure_a_gain_is_agrees_with_chance(relative: float, off: float) -> None:
    """To first order: spreads are those of a gain that is linear in the rates. So they are right
    where rates vary little, but for corners in the lines, and about so where they vary much.
    """
    wrong = []
    for given, then in changes(4):
        common, draw = relative / 2, np.random.default_rng(7)
        experts = tuple(
            replace(one, variance=(relative * one.rate) ** 2, repeats=0.0)
            for one in given.forecast.experts
        )
        forecast = replace(given.forecast, experts=experts, common_variance=common**2)
        options = replace(given.options, margin=0.0)
        question = question_of(given.state, forecast, options)
        current = question.layout.current
        now, after = costs_of(question, current), costs_of(question, then)
        gain = gain_of(question, now, after, steps_of(question, then))
        own, gains = (relative**2 - common**2) ** 0.5, []
        for _ in range(40):
            factor = 1.0 + common * draw.standard_normal()
            asked = tuple(
                replace(one, rate=max(0.0, one.rate * (factor + own * draw.standard_normal())))
                for one in experts
            )
            other = question_of(given.state, replace(forecast, experts=asked), options)
            saved = costs_of(other, current).total_s - costs_of(other, then).total_s
            gains.append(saved * 3600.0)
        spread = (gain.high_s - gain.low_s) / 2 / 1.645
        assert np.mean(gains) == pytest.approx(gain.waiting_s, rel=off)
        assert 0.4 * spread < np.std(gains) < 1.35 * spread
        inside = [gain.low_s <= one <= gain.high_s for one in gains]
        assert np.mean(inside) >= 0.75
        # That it is worth a load of a length whose worth is between the gains that there were:
        for part in (0.2, 0.5, 0.8):
            threshold_s = float(np.quantile(gains, part)) / 3600.0 * forecast.horizon_s
            margin = replace(options, margin=max(0.0, threshold_s / max(gain.load_s, 1e-9)))
            asked_more = question_of(given.state, forecast, margin)
            found = gain_of(asked_more, now, after, steps_of(question, then))
            wrong.append(abs(found.confidence - (1.0 - part)))
    assert len(wrong) == 4 * 3
    assert max(wrong) < 0.25
    assert np.mean(wrong) < 0.1
