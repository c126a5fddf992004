"""Memory's rows, beside the same sums in whole bytes: what fits, and what can be loaded."""

from collections.abc import Callable
from itertools import chain, combinations

import pytest

from coterie.planner.recomposition.layout import Layout, Placement
from coterie.planner.recomposition.memory import Memory
from coterie.planner.recomposition.rows import Rows
from coterie.types import Part
from tests.planner.recomposition.worlds import World, device, expert, one_node, random_world, world


def written(layout: Layout, placement: Placement) -> tuple[Rows, Memory]:
    rows = Rows()
    resident = [
        rows.column(low=float(pair in placement), high=float(pair in placement))
        for pair in range(len(layout.pairs))
    ]
    return rows, Memory(rows, layout, resident, [1] * len(layout.devices))


def loadable(layout: Layout, placement: Placement) -> set[int] | None:
    """Pairs that have room beside a placement, as the rows have it; None: it does not fit."""
    rows, memory = written(layout, placement)
    costs = [0.0] * len(rows.costs)
    for can in memory.can_load.values():
        costs[can] = -1.0
    found = rows.solve(costs)
    if found is None:
        return None
    assert found.values is not None
    return {pair for pair, can in memory.can_load.items() if found.values[can] > 0.5}


def some_placements(layout: Layout) -> list[Placement]:
    pairs = range(len(layout.pairs))
    few = chain.from_iterable(combinations(pairs, count) for count in (0, 1, 2, 3))
    return [frozenset(found) for found in few][::5]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("make", [random_world, one_node])
def test_rows_agree_with_whole_bytes(make: Callable[[int], World], seed: int) -> None:
    layout = make(seed).question.layout
    for placement in some_placements(layout):
        held = layout.held(placement)
        free = layout.free(held)
        found = loadable(layout, placement)
        assert (found is not None) == layout.fits(placement)
        if found is not None:
            beside = {
                pair
                for pair in range(len(layout.pairs))
                if layout.may[pair] and pair not in placement and layout.can_join(pair, held, free)
            }
            assert found - placement == beside


def test_a_unit_of_one_holder_is_held_where_that_is_and_a_shared_one_where_any_is() -> None:
    base = Part("base", 500)
    layout = world(
        (expert("code", base, 10), expert("prose", base, 20)), (device("a/gpu0", 1_000),)
    ).question.layout
    shared = next(u for u, unit in enumerate(layout.units) if len(unit.holders) == 2)
    for placement in (frozenset[int](), frozenset({0}), frozenset({1}), frozenset({0, 1})):
        rows, memory = written(layout, placement)
        for cost in (1.0, -1.0):  # as little as may be, and as much
            costs = [0.0] * len(rows.costs)
            held = memory.held[shared]
            assert held is not None
            costs[held] = cost
            found = rows.solve(costs)
            assert found is not None
            assert found.cost == cost * bool(placement)
        for unit, of in enumerate(layout.units):
            if unit != shared:
                assert memory.held[unit] == of.holders[0]


def test_pairs_that_take_the_same_of_a_device_share_a_column() -> None:
    layout = world(
        (expert("a", 30), expert("b", 30), expert("c", 40)),
        (device("a/gpu0", 100), device("b/gpu0", 100)),
    ).question.layout
    _, memory = written(layout, frozenset())
    columns = {layout.name(pair): can for pair, can in memory.can_load.items()}
    assert columns["a@a/gpu0"] == columns["b@a/gpu0"]
    assert len(set(columns.values())) == 4  # of two sizes on two devices
    assert {memory.need[columns[f"{name}@b/gpu0"]] for name in "ab"} == {30}
    assert memory.need[columns["c@b/gpu0"]] == 40


def test_what_may_not_be_somewhere_is_never_loaded_there() -> None:
    layout = world(
        (expert("code", 10, devices=("b/gpu0",)),),
        (device("a/gpu0", 100), device("b/gpu0", 100)),
        replicas=("code@a/gpu0",),
    ).question.layout
    _, memory = written(layout, frozenset())
    assert [layout.name(pair) for pair in memory.can_load] == ["code@b/gpu0"]


def test_a_hundredth_too_much_of_many_gigabytes_does_not_fit() -> None:
    of = (expert("code", 41 * 10**9), expert("prose", 40 * 10**9))
    layout = world(of, (device("a/gpu0", 80 * 10**9),)).question.layout
    assert loadable(layout, frozenset({0, 1})) is None
    assert loadable(layout, frozenset({0})) == set()
