"""Units, beside a count of each digest in each place."""

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.units import Unit, distinct_bytes, units_of
from coterie.types import Part

PART = st.builds(Part, st.sampled_from("abcd"), st.integers(0, 9))
HELD = st.lists(st.lists(st.tuples(st.integers(0, 2), PART), max_size=5), max_size=5)


def counted(parts: list[list[tuple[int, Part]]], pairs: set[int]) -> dict[int, int]:
    """Bytes in each place that holds any, each digest once at its largest."""
    sizes: dict[tuple[int, str], int] = defaultdict(int)
    for pair in pairs:
        for place, part in parts[pair]:
            sizes[place, part.digest] = max(sizes[place, part.digest], part.size_bytes)
    found: dict[int, int] = defaultdict(int)
    for (place, _), size_bytes in sizes.items():
        found[place] += size_bytes
    return {place: size_bytes for place, size_bytes in found.items() if size_bytes}


def held(units: tuple[Unit, ...], pairs: set[int]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for unit in units:
        if not pairs.isdisjoint(unit.holders):
            found[unit.place] += unit.size_bytes
    return dict(found)


def test_a_base_is_one_unit_of_all_who_share_it_and_what_is_private_is_one_of_its_own() -> None:
    base, more = Part("base", 100), Part("more", 20)
    parts = [[(0, base), (0, Part("one", 3))], [(0, more), (0, base)], [(1, base)]]
    assert units_of(parts) == (
        Unit(0, 3, (0,)),
        Unit(0, 100, (0, 1)),
        Unit(0, 20, (1,)),
        Unit(1, 100, (2,)),
    )


def test_a_digest_of_several_sizes_is_a_unit_for_each_difference() -> None:
    parts = [[(0, Part("base", size))] for size in (5, 9, 5, 12)]
    assert units_of(parts) == (Unit(0, 5, (0, 1, 2, 3)), Unit(0, 4, (1, 3)), Unit(0, 3, (3,)))


def test_what_is_held_by_the_same_pairs_is_one_unit() -> None:
    parts = [[(0, Part("a", 2)), (0, Part("b", 3))], [(0, Part("b", 3)), (0, Part("a", 2))]]
    assert units_of(parts) == (Unit(0, 5, (0, 1)),)


def test_a_digest_that_a_replica_names_twice_counts_at_its_largest() -> None:
    parts = [[(0, Part("a", 2)), (0, Part("a", 7)), (0, Part("a", 4))]]
    assert units_of(parts) == (Unit(0, 7, (0,)),)
    assert distinct_bytes(part for _, part in parts[0]) == 7


def test_nothing_is_no_unit() -> None:
    assert units_of([]) == ()
    assert units_of([[], [(0, Part("a", 0))]]) == ()
    assert distinct_bytes(()) == 0


@given(HELD, st.sets(st.integers(0, 4)))
def test_whoever_is_there_holds_each_digest_once_at_its_largest(
    parts: list[list[tuple[int, Part]]], pairs: set[int]
) -> None:
    units, there = units_of(parts), {pair for pair in pairs if pair < len(parts)}
    assert held(units, there) == counted(parts, there)


@given(HELD)
def test_units_are_in_order_and_whole(parts: list[list[tuple[int, Part]]]) -> None:
    units = units_of(parts)
    keys = [(unit.place, unit.holders) for unit in units]
    assert keys == sorted(set(keys))
    assert all(unit.size_bytes > 0 for unit in units)
    assert all(list(unit.holders) == sorted(set(unit.holders)) for unit in units)


@given(st.lists(PART, max_size=8))
def test_the_bytes_of_parts_are_those_of_their_units(parts: list[Part]) -> None:
    units = units_of([[(0, part) for part in parts]])
    assert distinct_bytes(parts) == sum(unit.size_bytes for unit in units)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_parts_does_not_matter(seed: int) -> None:
    draw = Random(seed)
    parts = [
        [(draw.randint(0, 1), Part(draw.choice("abc"), draw.randint(1, 9))) for _ in range(6)]
        for _ in range(4)
    ]
    assert units_of([draw.sample(of, len(of)) for of in parts]) == units_of(parts)
