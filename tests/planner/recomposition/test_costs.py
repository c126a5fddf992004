"""Costs are computed a second time, by hand, and slopes are found again by asking a little more."""

from dataclasses import replace as replaced

import numpy as np
import pytest
from msgspec.structs import replace

from coterie.planner.recomposition.costs import Costs, costs_of
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.queueing import KNOTS
from coterie.planner.recomposition.state import ExpertState, Options
from tests.planner.recomposition.worlds import World, device, expert, random_world, world

LONG = Options(patience_s=1e6)


def costs(given: World) -> Costs:
    question = given.question
    return costs_of(question, question.layout.current)


def line(utilisation: float, servers: float) -> float:
    """Who wait: chords of the curve, as far as its last knot."""
    assert utilisation <= KNOTS[-1]
    heights = [u ** (2 * (servers + 1)) ** 0.5 / (1 - u) for u in KNOTS]
    return float(np.interp(utilisation, KNOTS, heights))


def one(rate: float, there: bool, capacity: float = 0.0, **more: float) -> World:
    """An expert that takes 4 s to load, and 0.5 s to serve, alone with a device."""
    return world(
        (expert("code", 3_000, start_s=1.0, slots=more.get("slots", 0.0)),),
        (device("a/gpu0", 5_000, capacity=capacity),),
        ("code@a/gpu0",) if there else (),
        {"code": ExpertForecast("code", rate=rate, work_s=0.5)},
        Options(patience_s=more.get("patience_s", 1e6)),
    )


def test_what_is_resident_where_nothing_is_bounded_costs_nothing() -> None:
    found = costs(one(3.0, there=True))
    assert (found.total_s, found.slopes.tolist()) == (0.0, [0.0])
    assert found.switches.tolist() == found.refused.tolist() == found.loading.tolist() == [0.0]


@pytest.mark.parametrize("capacity", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("utilisation", [0.1, 0.3, 0.6, 0.9, 0.94])
def test_residents_wait_in_the_line_of_their_device(capacity: float, utilisation: float) -> None:
    found = costs(one(utilisation * capacity / 0.5, there=True, capacity=capacity))
    assert found.busy == pytest.approx([utilisation])
    assert found.queued_s == pytest.approx([line(utilisation, capacity)])
    assert found.total_s == pytest.approx(line(utilisation, capacity))
    assert found.misses_s.tolist() == [0.0]


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.25, 1.0])
def test_others_wait_for_loads_and_in_the_line_of_loads(rate: float) -> None:
    during = 4.0 * rate
    loads = rate / (1 + during)
    waited_s = 4.0 * loads * (1 + during / 2)
    found = costs(one(rate, there=False))
    assert found.switches == pytest.approx([loads])
    assert found.misses_s == pytest.approx([waited_s])
    assert found.loading == pytest.approx([4.0 * loads])
    assert found.queued_s == pytest.approx([line(4.0 * loads, 1.0)])
    assert found.total_s == pytest.approx(waited_s + line(4.0 * loads, 1.0))


def test_a_load_that_evicts_counts_twice() -> None:
    small, large = expert("code", 3_000), expert("prose", 3_000)
    asked = {"code": 0.01, "prose": 0.0}
    beside = world((small, large), (device("a/gpu0", 6_000),), ("prose@a/gpu0",), asked, LONG)
    instead = world((small, large), (device("a/gpu0", 5_999),), ("prose@a/gpu0",), asked, LONG)
    assert costs(instead).misses_s == pytest.approx(2 * costs(beside).misses_s)
    assert costs(instead).loading == pytest.approx(2 * costs(beside).loading)
    assert costs(instead).switches == pytest.approx(costs(beside).switches)


def test_only_what_is_not_held_is_copied() -> None:
    given = one(0.01, there=False)
    code = given.state.experts[0]
    sister = replace(code, name="sister")
    both = replace(given.state, experts=(code, sister), replicas=("sister@a/gpu0",))
    during = 0.01 * 4.0  # as if the device were empty
    waited_s = 0.01 * (1 + during / 2) / (1 + during) * 1.0
    assert costs(replace(given, state=both)).misses_s == pytest.approx([waited_s, 0.0])


def test_slots_that_are_full_refuse_the_rest() -> None:
    found = costs(one(3.0, there=True, slots=1.0, patience_s=20.0))
    served = 0.95 * 1.0 / 0.5
    assert found.refused == pytest.approx([3.0 - served])
    assert found.refused_s == pytest.approx([(3.0 - served) * 20.0])
    assert found.total_s == pytest.approx((3.0 - served) * 20.0)
    assert found.slopes == pytest.approx([20.0])


def test_who_would_wait_longer_than_they_may_go_away() -> None:
    found = costs(one(0.1, there=False, patience_s=3.0))
    assert found.total_s == pytest.approx(0.1 * 3.0)
    assert found.refused == pytest.approx([0.1])
    assert found.slopes == pytest.approx([3.0])


def two(rate: float, first: float, second: float) -> World:
    return world(
        (expert("code", 1_000, replicas_max=2),),
        (device("a/gpu0", 5_000, capacity=first), device("a/gpu1", 5_000, capacity=second)),
        ("code@a/gpu0", "code@a/gpu1"),
        {"code": ExpertForecast("code", rate=rate, work_s=1.0)},
        LONG,
    )


@pytest.mark.parametrize("rate", [0.5, 1.3, 2.5])
@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (2.0, 2.0), (1.0, 4.0)])
def test_demand_is_split_at_best(rate: float, first: float, second: float) -> None:
    totals = [
        line(share * rate / first, first) + line((1 - share) * rate / second, second)
        for share in np.linspace(0, 1, 2_001)
        if share * rate / first <= KNOTS[-1] and (1 - share) * rate / second <= KNOTS[-1]
    ]
    assert costs(two(rate, first, second)).total_s == pytest.approx(min(totals), rel=1e-2)
    assert costs(two(rate, first, second)).total_s <= min(totals) + 1e-9


def test_the_parts_are_the_whole() -> None:
    some = 0
    for seed in range(60):
        found = costs(random_world(seed))
        parts = found.misses_s.sum() + found.refused_s.sum() + found.queued_s.sum()
        assert found.total_s == pytest.approx(parts)
        assert min(map(np.min, (found.misses_s, found.refused_s, found.queued_s))) > -1e-9
        some += found.total_s > 0
    assert some > 30


def test_who_waits_for_room_waits_in_the_longer_line() -> None:
    """Two that take the whole device in turns, 4 s to load and 16 s to answer."""
    pair = (expert("code", 3_000, start_s=1.0), expert("prose", 3_000, start_s=1.0))
    asked = {
        one.name: ExpertForecast(one.name, rate=0.05, answer_s=answer_s)
        for one, answer_s in zip(pair, (16.0, 16.0), strict=True)
    }
    found = costs(world(pair, (device("a/gpu0", 3_000),), (), asked, LONG))
    loads = 0.05 / (1 + 0.05 * 20.0)
    assert found.switches == pytest.approx([loads, loads])
    assert found.misses_s == pytest.approx([loads * 4.0 * (1 + 0.05 * 4.0 / 2)] * 2)
    assert found.loading == pytest.approx([2 * loads * 4.0])
    assert found.queued_s == pytest.approx([2 * 1.0 / (1 + 1.0)])  # room is always wanted by one
    assert found.queued_s[0] > line(found.loading[0], 1.0)


def test_who_evicts_waits_for_room_of_one_and_who_comes_back_for_half_of_an_answer() -> None:
    pair = (expert("code", 3_000), expert("prose", 3_000))
    asked = {"code": ExpertForecast("code", rate=0.01, answer_s=20.0)}
    fleet = (device("a/gpu0", 5_000),)
    found = costs(world(pair, fleet, ("prose@a/gpu0",), asked, LONG))
    loads = 0.01 / (1 + 0.01 * 23.0)
    assert found.switches == pytest.approx([loads, 0.0])
    assert found.misses_s[0] == pytest.approx(loads * ((1 + 0.01 * 3.0 / 2) * 6.0 + 20.0 / 2))


@pytest.mark.parametrize("answer_s", [0.0, 1.0, 30.0, 1e4, 1e8])
def test_longer_answers_and_more_of_them_never_wait_less_and_never_for_ever(
    answer_s: float,
) -> None:
    experts = tuple(expert(f"e{i}", 3_000) for i in range(4))
    fleet, before = (device("a/gpu0", 5_000),), 0.0
    for rate in (1e-6, 0.001, 0.01, 0.1, 1.0, 100.0):
        asked = {
            one.name: ExpertForecast(one.name, rate=rate, answer_s=answer_s) for one in experts
        }
        found = costs(world(experts, fleet, (), asked, Options(patience_s=60.0)))
        assert before <= found.total_s <= 4 * rate * 60.0 + 1e-9
        before = found.total_s


def test_many_devices_alike_cost_nearly_what_the_exact_split_does() -> None:
    experts = tuple(expert(f"e{i}", 1_000) for i in range(4))
    devices = tuple(device(f"a/gpu{i}", 1_500, capacity=1.0) for i in range(40))
    asked = {one.name: ExpertForecast(one.name, rate=0.05, work_s=1.0) for one in experts}
    given = world(experts, devices, (), asked, LONG)
    question = given.question
    narrow = replaced(question, options=replace(LONG, exact_pairs=1_000))
    wide = replaced(question, options=replace(LONG, exact_pairs=1))
    assert (narrow.is_wide, wide.is_wide) == (False, True)
    exact, fewer = (costs_of(one, frozenset()).total_s for one in (narrow, wide))
    assert exact <= fewer + 1e-9
    assert fewer == pytest.approx(exact, rel=0.02)


def test_nobody_who_asks_for_what_fits_nowhere_is_counted() -> None:
    given = one(1.0, there=False)
    vast: ExpertState = expert("vast", 9_000)
    both = replace(given.state, experts=(*given.state.experts, vast))
    more = replace(
        given.forecast, experts=(*given.forecast.experts, ExpertForecast("vast", rate=5.0))
    )
    found = costs(replace(given, state=both, forecast=more))
    assert found.total_s == pytest.approx(costs(given).total_s)
    assert found.slopes[1] == 0.0
