"""The board, beside the layout's own sums, after random loads and unloads."""

from random import Random

import pytest

from coterie.planner.recomposition.board import Board
from coterie.planner.recomposition.layout import Layout, Placement
from coterie.planner.recomposition.question import Question
from coterie.types import Part
from tests.planner.recomposition.worlds import device, expert, random_world, world

BASE = Part("base", 600)
QUESTION = world(
    (
        expert("asked", 300),
        expert("code", BASE, 100),
        expert("idle", 300),
        expert("prose", BASE, 40),
    ),
    (device("a/gpu0", 1_000), device("b/gpu0", 2_000)),
    replicas=("code@a/gpu0", "prose@a/gpu0"),
    asked={"asked": 1.0, "code": 0.5, "prose": 0.1},
).question


def named(question: Question, *names: str) -> Placement:
    layout = question.layout
    found = frozenset(pair for pair in range(len(layout.pairs)) if layout.name(pair) in names)
    assert len(found) == len(names)
    return found


def one(name: str) -> int:
    return next(iter(named(QUESTION, name)))


def board(*target: str) -> Board:
    return Board(QUESTION, named(QUESTION, *target))


def seen(of: Board) -> tuple[set[int], dict[int, int], list[int], list[int]]:
    return set(of.there), dict(of.holders), list(of.replicas), list(of.free)


def agrees(of: Board, layout: Layout) -> bool:
    """With what the layout says of the replicas that are there."""
    held = layout.held(of.there)
    return (
        of.free == layout.free(held)
        and set(of.holders) == held
        and all(
            count == len(of.there.intersection(layout.units[unit].holders))
            for unit, count in of.holders.items()
        )
        and of.replicas == [len(of.there.intersection(pairs)) for pairs in layout.of_expert]
    )


def test_it_begins_with_what_is_there() -> None:
    begun = board("asked@a/gpu0", "prose@a/gpu0")
    assert begun.there == set(QUESTION.layout.current)
    assert begun.free == [1_000 - 740, 2_000]
    assert begun.missing() == [one("asked@a/gpu0")]


def test_a_base_is_copied_with_the_first_and_freed_with_the_last() -> None:
    here = board()
    assert here.unload(one("code@a/gpu0")) == 100
    assert here.unload(one("prose@a/gpu0")) == 640
    assert here.free == [1_000, 2_000]
    assert here.load(one("prose@a/gpu0")) == 640
    assert here.load(one("code@a/gpu0")) == 100


@pytest.mark.parametrize("seed", range(60))
def test_all_agrees_with_the_layout_after_each_step(seed: int) -> None:
    question, draw = random_world(seed, most_pairs=12).question, Random(seed)
    layout = question.layout
    here = Board(question, frozenset())
    assert agrees(here, layout)
    for _ in range(12 if layout.pairs else 0):
        pair = draw.randrange(len(layout.pairs))
        before = seen(here)
        if pair in here.there:
            freed, free = here.unload(pair), list(here.free)
            devices = range(len(layout.devices))
            assert freed == sum(free[d] - before[3][d] for d in devices) >= 0
            again = here.copy()
            assert again.load(pair) == freed
            assert seen(again) == before
        else:
            copied = here.load(pair)
            assert copied == layout.copied(pair, before[1])
            again = here.copy()
            assert again.unload(pair) == copied
            assert seen(again) == before
        assert agrees(here, layout)
        assert here.there != before[0]


def test_a_copy_leaves_the_first_as_it_was() -> None:
    here = board("asked@a/gpu0")
    before, other = seen(here), here.copy()
    other.unload(one("code@a/gpu0"))
    other.load(one("asked@b/gpu0"))
    assert seen(here) == before
    assert seen(other) != before
    assert (other.question, other.layout, other.target) == (QUESTION, QUESTION.layout, here.target)


def test_room_is_made_by_those_who_are_to_go_and_are_missed_least() -> None:
    here = board("asked@a/gpu0")
    assert here.lacks(one("asked@a/gpu0")) == [0]
    assert here.leaving([0]) == sorted(QUESTION.layout.current)
    assert here.leaving([1]) == []
    # 260 bytes are free, and without prose the 300 that it takes.
    assert here.make_room(one("asked@a/gpu0")) == [one("prose@a/gpu0")]
    assert here.free[0] == 300
    assert here.make_room(one("idle@b/gpu0")) == []


def test_where_there_is_too_little_nothing_is_unloaded() -> None:
    here = board("asked@a/gpu0", "idle@a/gpu0", "code@a/gpu0")
    before = seen(here)
    assert here.make_room(one("asked@a/gpu0")) == [one("prose@a/gpu0")]
    here.load(one("prose@a/gpu0"))
    assert seen(here) == before
    here.load(one("asked@a/gpu0"))
    before = seen(here)
    assert here.make_room(one("idle@a/gpu0")) is None  # what prose leaves is too small
    assert seen(here) == before


def test_the_last_replica_of_who_is_asked_for_and_stays_is_not_taken() -> None:
    here = board("code@b/gpu0", "asked@a/gpu0")
    assert here.is_last(one("code@a/gpu0"))
    assert not here.is_last(one("prose@a/gpu0"))  # it is to be nowhere
    assert here.make_room(one("asked@a/gpu0")) == [one("prose@a/gpu0")]
    here.load(one("code@b/gpu0"))
    assert not here.is_last(one("code@a/gpu0"))  # it is elsewhere too


def test_who_is_resident_elsewhere_goes_first_then_who_is_asked_for_least() -> None:
    here = board("asked@a/gpu0")
    here.load(one("code@b/gpu0"))
    # Code is asked for more than prose, but on b/gpu0 as well.
    assert here.make_room(one("asked@a/gpu0")) == [one("code@a/gpu0")]
