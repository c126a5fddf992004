"""Bounds are only worth something if they are those of the textbooks."""

from itertools import product

import pytest

from benchmarks.caches import belady, lru, static, window

ASKED = list("abcabdabcaebacdbaeacb")


def fewest(asked: list[str], room: int) -> int:
    """The fewest loads of any order of eviction, by trying all that differ."""
    states = {frozenset[str](): 0}
    for name in asked:
        after: dict[frozenset[str], int] = {}
        for held, loads in states.items():
            if name in held:
                found = {held: loads}
            elif len(held) < room:
                found = {held | {name}: loads + 1}
            else:
                found = {held - {gone} | {name}: loads + 1 for gone in held}
            for state, count in found.items():
                after[state] = min(count, after.get(state, count))
        states = after
    return min(states.values())


@pytest.mark.parametrize("room", [1, 2, 3, 5])
def test_belady_has_the_fewest_loads_of_all_orders_of_eviction(room: int) -> None:
    assert belady(ASKED, room) == fewest(ASKED, room)
    assert belady(ASKED, room) <= lru(ASKED, room)


def test_the_least_recently_used_makes_room() -> None:
    assert lru(list("abcabc"), 2) == 6
    assert lru(list("abacab"), 2) == 4
    assert lru(list("abcabc"), 3) == 3


def test_those_asked_for_most_are_never_loaded_by_who_keeps_them() -> None:
    assert static(list("aabacab"), 1) == 3
    assert static(list("aabacab"), 2) == 1


def test_a_window_answers_those_whose_expert_is_there_first() -> None:
    found = window(list("abababab"), 1, 8)
    assert found.count == 2
    assert list(found.overtaken) == [0, 3, 0, 2, 0, 1, 0, 0]


@pytest.mark.parametrize(("size", "most"), list(product([2, 5, 9], [0, 1, 3])))
def test_nobody_is_overtaken_more_often_than_a_fair_window_allows(size: int, most: int) -> None:
    found = window(ASKED, 2, size, most)
    assert max(found.overtaken) <= most
    assert len(found.overtaken) == len(ASKED)
    assert found.count >= len(set(ASKED))
    if most == 0:
        assert found.count == lru(ASKED, 2)


def test_nobody_asks_for_nothing() -> None:
    assert window([], 4, 32).count == belady([], 4) == static([], 4) == 0
