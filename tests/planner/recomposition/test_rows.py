"""Programs small enough to be tried out whole."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.planner.recomposition.rows import INFINITE, Rows

ITEMS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=6)


def knapsack(items: list[tuple[int, int]], room: int) -> Rows:
    rows = Rows()
    columns = [rows.column(cost=-value, whole=True) for value, _ in items]
    sizes = [float(size) for _, size in items]
    rows.row(dict(zip(columns, sizes, strict=True)), most=room)
    return rows


@settings(max_examples=30, deadline=None)
@given(ITEMS, st.integers(0, 60))
def test_a_knapsack_is_filled_as_trying_all_fills_it(
    items: list[tuple[int, int]], room: int
) -> None:
    best = max(
        sum(value for (value, _), is_in in zip(items, taken, strict=True) if is_in)
        for taken in product((False, True), repeat=len(items))
        if sum(size for (_, size), is_in in zip(items, taken, strict=True) if is_in) <= room
    )
    rows = knapsack(items, room)
    found, relaxed = rows.solve(), rows.solve(relaxed=True)
    assert found is not None
    assert relaxed is not None
    assert found.cost == pytest.approx(-best)
    assert found.bound == pytest.approx(-best)
    assert not found.stopped
    assert relaxed.cost <= found.cost + 1e-6


def test_a_relaxed_program_takes_parts_of_things() -> None:
    rows = knapsack([(6, 2), (4, 2)], 3)
    whole, relaxed = rows.solve(), rows.solve(relaxed=True)
    assert whole is not None
    assert relaxed is not None
    assert whole.values is not None
    assert relaxed.values is not None
    assert (whole.cost, whole.values.tolist()) == (-6.0, [1.0, 0.0])
    assert relaxed.cost == pytest.approx(-8.0)
    assert relaxed.values == pytest.approx(np.array([1.0, 0.5]))


def test_other_costs_do_not_change_what_was_written() -> None:
    rows = knapsack([(6, 2), (4, 2)], 3)
    other = rows.solve(costs=[-1.0, -2.0])
    assert other is not None
    assert other.cost == -2.0
    again = rows.solve()
    assert again is not None
    assert again.cost == -6.0


def test_a_row_holds_from_both_sides_and_columns_keep_their_bounds() -> None:
    rows = Rows()
    one = rows.column(cost=1.0, high=INFINITE)
    two = rows.column(cost=3.0, low=2.0, high=5.0)
    rows.row({one: 1.0, two: 1.0}, least=6.0, most=9.0)
    found = rows.solve()
    assert found is not None
    assert found.values is not None
    assert found.values.tolist() == [4.0, 2.0]
    assert found.cost == 10.0
    most = rows.solve(costs=[-1.0, -1.0])
    assert most is not None
    assert most.cost == -9.0


def test_what_contradicts_itself_has_no_solution() -> None:
    rows = Rows()
    column = rows.column()
    rows.row({column: 1.0}, least=2.0)
    assert rows.solve() is None


def test_without_rows_each_column_takes_its_cheaper_bound() -> None:
    rows = Rows()
    rows.column(cost=1.0, low=0.25)
    rows.column(cost=-1.0, high=3.0)
    found = rows.solve()
    assert found is not None
    assert found.cost == 0.25 - 3.0


def test_nothing_costs_nothing() -> None:
    found = Rows().solve()
    assert found is not None
    assert (found.cost, found.bound, found.stopped) == (0.0, 0.0, False)
    assert found.values is not None
    assert found.values.size == 0
