"""Placements are judged by hand, and every bound is broken once."""

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.costs import costs_of
from coterie.planner.recomposition.judging import Decision, check_possible, faults, holds, judged
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.state import ExpertState, Options
from coterie.types import Part
from tests.planner.recomposition.worlds import device, expert, random_world, world

NODES = (device("a/gpu0", 1_000), device("a/gpu1", 1_000), device("b/gpu0", 1_000))


def asked(*experts: ExpertState, there: tuple[str, ...] = (), **options: float) -> Question:
    budget = options.get("budget_bytes")
    given = Options(
        margin=options.get("margin", 1.5), budget_bytes=None if budget is None else int(budget)
    )
    return world(experts, NODES, there, {"code": 0.01}, given).question


def placed(question: Question, *names: str) -> Placement:
    layout = question.layout
    found = frozenset(pair for pair in range(len(layout.pairs)) if layout.name(pair) in names)
    assert len(found) == len(names)
    return found


def test_the_objective_is_the_waiting_and_the_price_of_coming_there() -> None:
    question = asked(expert("code", 400, start_s=2.0), margin=3.0)
    there = placed(question, "code@b/gpu0")
    found = judged(question, there, bound=0.001)
    load_s = 2.0 + 400 / 1_000.0
    assert found.costs.total_s == 0.0
    assert found.objective == pytest.approx(3.0 / 600.0 * load_s)
    assert found.gap == pytest.approx(found.objective - 0.001)
    stays = judged(question, frozenset())
    assert stays.objective == stays.costs.total_s == costs_of(question, frozenset()).total_s
    assert stays.costs.total_s > 0.01 * load_s
    assert Decision(there, found.costs, 1.0, 2.0).gap == 0.0


@pytest.mark.parametrize(
    ("code", "there", "then", "told"),
    [
        (expert("code", 400), (), ("code@a/gpu0", "code@b/gpu0"), "'code' has 2 replicas and may"),
        (expert("code", 400, pinned=True), (), (), "'code' is pinned and nowhere resident"),
        (
            expert("code", 400, pinned=True),
            ("code@a/gpu0",),
            ("code@b/gpu0",),
            "'code' is pinned and would be unloaded",
        ),
        (
            expert("code", 400, critical=True, replicas_max=2),
            (),
            ("code@a/gpu0", "code@a/gpu1"),
            "'code' is critical and on 1 of 2 nodes",
        ),
        (
            expert("code", 400, devices=("a/gpu0",)),
            ("code@b/gpu0",),
            ("code@b/gpu0",),
            "'code@b/gpu0' may not be there",
        ),
        (
            expert("code", 1_500),
            ("code@b/gpu0",),
            ("code@b/gpu0",),
            "'code@b/gpu0' may not be there",
        ),
    ],
)
def test_each_bound_that_is_broken_is_told(
    code: ExpertState, there: tuple[str, ...], then: tuple[str, ...], told: str
) -> None:
    question = asked(code, there=there)
    placement = placed(question, *then)
    assert told in next(faults(question, placement))
    assert not holds(question, placement)


@pytest.mark.parametrize("stays", ["pinned", "critical"])
def test_memory_is_kept_to_the_last_byte_and_room_beside_those_who_stay_too(stays: str) -> None:
    three = tuple(f"prose@{one.device}" for one in NODES)
    for size_bytes, is_kept in ((600, True), (601, False)):
        prose = replace(expert("prose", size_bytes, replicas_max=3), **{stays: True})
        question = asked(expert("code", 400), prose)
        both = placed(question, "code@a/gpu0", *three)
        assert holds(question, both) == is_kept
        full = placed(question, *three)
        assert holds(question, full) == is_kept
        if not is_kept:
            assert list(faults(question, both)) == ["'a/gpu0' holds 1B more than it has"]
            assert list(faults(question, full)) == [
                "there is no room to load 'code' beside what is pinned or critical"
            ]


def test_who_may_be_evicted_may_take_all_room() -> None:
    question = asked(expert("code", 400), expert("prose", 1_000, replicas_max=3))
    assert holds(question, placed(question, *(f"prose@{one.device}" for one in NODES)))


def test_a_budget_is_kept_to_the_last_byte() -> None:
    for budget_bytes, is_kept in ((400, True), (399, False)):
        question = asked(expert("code", 400), budget_bytes=budget_bytes)
        assert holds(question, placed(question, "code@a/gpu0")) == is_kept
        assert list(faults(question, placed(question, "code@a/gpu0"))) == []
        assert holds(question, frozenset())


def test_judging_is_costs_plus_the_loads_that_are_new() -> None:
    judged_some = 0
    for seed in range(60):
        question = random_world(seed).question
        layout = question.layout
        parts = {part for one in layout.experts for part in one.footprint.hot}
        if len(parts) > len({part.digest for part in parts}):
            continue  # a base of two sizes
        target = frozenset(pair for pair, may in enumerate(layout.may) if may)
        new = target - layout.current
        load_s = sum(layout.experts[layout.pairs[pair].expert].start_s for pair in new)
        for number, one in enumerate(layout.devices):
            copied = held(question, target, number) - held(question, layout.current, number)
            load_s += sum(part.size_bytes for part in copied) / one.load_bytes_per_s
        found = judged(question, target)
        price = question.options.margin / question.forecast.horizon_s
        assert found.objective == pytest.approx(found.costs.total_s + price * load_s), seed
        judged_some += load_s > 0 and price > 0
    assert judged_some > 10


def held(question: Question, placement: Placement, device_number: int) -> set[Part]:
    layout = question.layout
    pairs = [layout.pairs[pair] for pair in placement]
    of = [layout.experts[one.expert] for one in pairs if one.device == device_number]
    return {part for expert_state in of for part in expert_state.footprint.hot}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (expert("code", 1_001, pinned=True), "'code' is pinned and fits no device"),
        (expert("code", 1, pinned=True, devices=("c/x",)), "'code' is pinned and fits no device"),
        (expert("code", 1, critical=True), "on 2 nodes; it fits on 2 and may have 1"),
        (
            expert("code", 1, critical=True, replicas_max=2, devices=("a/gpu0", "a/gpu1")),
            "on 2 nodes; it fits on 1 and may have 2",
        ),
    ],
)
def test_what_nothing_can_keep_is_impossible(code: ExpertState, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        check_possible(asked(code))
    check_possible(asked(replace(code, pinned=False, critical=False)))
