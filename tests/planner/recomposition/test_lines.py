"""Lines as rows, beside the curve that they are of."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.planner.recomposition.lines import LANE, LANES, lanes, line
from coterie.planner.recomposition.queueing import KNOTS, pieces, waiting
from coterie.planner.recomposition.rows import Rows

UTILISATIONS = st.floats(0, 2)


def cost_of(rows: Rows) -> float:
    found = rows.solve()
    assert found is not None
    return found.cost


def fixed(rows: Rows, value: float) -> int:
    return rows.column(low=value, high=value)


def in_line(servers: float, parts: list[float], lines: float = 1.0) -> float:
    rows = Rows()
    busy = {fixed(rows, 1.0): part for part in parts}
    line(rows, busy, pieces(servers), lines)
    return cost_of(rows)


@pytest.mark.parametrize("servers", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("knot", KNOTS[1:])
def test_at_the_knots_a_line_is_as_long_as_the_formula_says(servers: float, knot: float) -> None:
    exact = knot ** (2 * (servers + 1)) ** 0.5 / (1 - knot)
    assert in_line(servers, [knot / 2, knot / 2]) == pytest.approx(exact)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 32), st.lists(UTILISATIONS, min_size=1, max_size=4))
def test_a_line_is_as_long_as_all_that_waits_in_it_makes_it(
    servers: float, parts: list[float]
) -> None:
    assert in_line(servers, parts) == pytest.approx(waiting(pieces(servers), sum(parts)), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(UTILISATIONS, min_size=2, max_size=4))
def test_lines_alike_are_shortest_where_all_are_as_long(busy: list[float]) -> None:
    curve, count = pieces(2.0), len(busy)
    together = in_line(2.0, busy, lines=float(count))
    assert together == pytest.approx(count * waiting(curve, sum(busy) / count), abs=1e-6)
    assert together <= sum(waiting(curve, one) for one in busy) + 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_a_device_with_room_for_all_has_one_line_of_loads(seed: int) -> None:
    draw, rows = Random(seed), Rows()
    cans = [fixed(rows, 1.0) for _ in range(draw.randint(1, LANES + 3))]
    loading = {can: {fixed(rows, 1.0): draw.uniform(0, 0.3)} for can in cans}
    lanes(rows, loading, {can: draw.randint(1, 9) for can in cans}, 1.0)
    busy = sum(part for of in loading.values() for part in of.values())
    assert cost_of(rows) == pytest.approx(waiting(LANE, busy), abs=1e-6)


def test_who_has_no_room_has_no_line() -> None:
    rows = Rows()
    small, large = fixed(rows, 1.0), fixed(rows, 0.0)
    nothing = fixed(rows, 0.0)
    loading = {small: {fixed(rows, 1.0): 0.8}, large: {nothing: 0.7}}
    lanes(rows, loading, {small: 1, large: 9}, 1.0)
    assert cost_of(rows) == pytest.approx(0.8**2 / 0.2)


def halves(need: dict[int, int]) -> float:
    """Two devices alike, one with room for what is large: small takes 0.2 of the time of one, large
    0.9.
    """
    rows = Rows()
    cans = {fixed(rows, 2.0): 0.2, fixed(rows, 1.0): 0.9}
    loading = {can: {fixed(rows, 1.0): part} for can, part in cans.items()}
    sizes = dict(zip(cans, need.values(), strict=True))
    lanes(rows, loading, sizes, 2.0)
    return cost_of(rows)


def test_what_is_large_waits_in_the_lines_of_those_that_have_room_for_it() -> None:
    exact = 0.9**2 / 0.1
    assert halves({0: 1, 1: 9}) == pytest.approx(exact)
    # If it were small, it would be split over both.
    assert halves({0: 9, 1: 1}) == pytest.approx(2 * waiting(LANE, 1.1 / 2))
    assert 2 * waiting(LANE, 1.1 / 2) < exact


@pytest.mark.parametrize("seed", range(30))
def test_lines_of_several_sizes_are_no_longer_than_any_split_makes_them(seed: int) -> None:
    """Of devices alike, each with its own room and loads: theirs together are a bound."""
    draw, rows = Random(seed), Rows()
    sizes = sorted(draw.sample(range(1, 100), draw.randint(1, 8)))
    devices = [
        {size: draw.uniform(0, 0.4) for size in sizes if size <= room}
        for room in (draw.choice((0, *sizes)) for _ in range(3))
    ]
    need, loading = {}, {}
    for size in sizes:
        can = fixed(rows, float(sum(size in of for of in devices)))
        need[can] = size
        loading[can] = {fixed(rows, 1.0): sum(of.get(size, 0.0) for of in devices)}
    lanes(rows, loading, need, 3.0)
    exact = sum(waiting(LANE, sum(of.values())) for of in devices)
    assert cost_of(rows) <= exact + 1e-6
