"""Where experts can be, and what they take there, beside counts of digests."""

from itertools import chain, combinations

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.layout import Layout, Pair, Place, Placement, layout_of
from coterie.planner.recomposition.state import State
from coterie.planner.recomposition.units import distinct_bytes
from coterie.types import Part
from tests.planner.recomposition.worlds import (
    device,
    expert,
    one_node,
    random_world,
    shuffled,
    world,
)

BASE = Part("base", 600)
LAYOUT = world(
    (
        expert("prose", BASE, 40, start_s=2.0, warm=(BASE,)),
        expert("code", BASE, 100, start_s=1.0, warm=(BASE, 50)),
        expert("vast", 5_000),
        expert("shy", 10, devices=("b/gpu0",)),
    ),
    (
        device("b/gpu0", 1_000, rate=100.0),
        device("a/gpu0", 1_000, rate=50.0, host_bytes=700),
        device("a/gpu1", 700, rate=50.0, host_bytes=900),
    ),
    replicas=("prose@a/gpu1", "shy@a/gpu0"),
).question.layout


def named(layout: Layout, *names: str) -> Placement:
    found = frozenset(pair for pair in range(len(layout.pairs)) if layout.name(pair) in names)
    assert len(found) == len(names)
    return found


def pair_of(name: str) -> int:
    return next(iter(named(LAYOUT, name)))


def some(layout: Layout) -> list[Placement]:
    pairs = range(len(layout.pairs))
    few = chain.from_iterable(combinations(pairs, count) for count in (0, 1, 2, 3, 4))
    return [frozenset(found) for found in few][::7]


def counted(layout: Layout, placement: Placement) -> list[int]:
    """What each place holds: of devices hot parts, of hosts warm ones, each digest once."""
    found = []
    for number, place in enumerate(layout.places):
        parts: list[Part] = []
        for one in (layout.pairs[pair] for pair in placement):
            footprint = layout.experts[one.expert].footprint
            if one.device == number:
                parts += footprint.hot
            elif place.name == f"{layout.devices[one.device].node}:host":
                parts += footprint.warm
        found.append(distinct_bytes(parts))
    return found


def test_pairs_are_where_an_expert_fits_or_is() -> None:
    assert [one.name for one in LAYOUT.experts] == ["code", "prose", "shy", "vast"]
    assert [one.device for one in LAYOUT.devices] == ["a/gpu0", "a/gpu1", "b/gpu0"]
    names = {LAYOUT.name(pair): may for pair, may in enumerate(LAYOUT.may)}
    assert names == {
        "code@a/gpu0": True,
        "code@a/gpu1": True,
        "code@b/gpu0": True,
        "prose@a/gpu0": True,
        "prose@a/gpu1": True,
        "prose@b/gpu0": True,
        "shy@a/gpu0": False,  # it is there, and may not be
        "shy@b/gpu0": True,
    }
    assert LAYOUT.pairs[0] == Pair(0, 0)
    assert LAYOUT.of_expert == ((0, 1, 2), (3, 4, 5), (6, 7), ())
    assert LAYOUT.homeless == ("vast",)
    assert LAYOUT.current == named(LAYOUT, "prose@a/gpu1", "shy@a/gpu0")


def test_places_are_devices_and_the_hosts_that_are_bounded_each_by_the_most_that_is_said() -> None:
    assert LAYOUT.places == (
        Place("a/gpu0", 1_000),
        Place("a/gpu1", 700),
        Place("b/gpu0", 1_000),
        Place("a:host", 900),
    )


def test_the_host_memory_of_a_node_is_the_most_that_one_of_its_devices_says() -> None:
    fleet = tuple(
        device(f"a/gpu{number}", 10, host_bytes=size) for number, size in enumerate((7, 9, 0, 8))
    )
    assert world((), fleet).question.layout.places[-1] == Place("a:host", 9)


def test_an_expert_whose_host_memory_is_too_small_has_no_home_there() -> None:
    layout = world(
        (expert("code", 10, warm=(100,)),),
        (device("a/gpu0", 50, host_bytes=99), device("b/gpu0", 50, host_bytes=100)),
    ).question.layout
    assert [layout.name(pair) for pair in range(len(layout.pairs))] == ["code@b/gpu0"]


def test_two_that_share_a_base_hold_it_once() -> None:
    both = named(LAYOUT, "code@a/gpu0", "prose@a/gpu0")
    assert LAYOUT.free(LAYOUT.held(both)) == [1_000 - 740, 700, 1_000, 900 - 650]
    assert LAYOUT.fits(both)
    full = both | named(LAYOUT, "code@a/gpu1", "prose@a/gpu1")
    assert LAYOUT.free(LAYOUT.held(full))[1] == 700 - 740
    assert not LAYOUT.fits(full)


def test_a_load_copies_what_is_not_held_and_takes_its_start_besides() -> None:
    code, held = pair_of("code@a/gpu0"), LAYOUT.held(named(LAYOUT, "prose@a/gpu0"))
    assert (LAYOUT.copied(code, set()), LAYOUT.copied(code, held)) == (700, 100)
    assert LAYOUT.load_s(code, set()) == pytest.approx(1.0 + 700 / 50)
    assert LAYOUT.load_s(code, held) == pytest.approx(1.0 + 100 / 50)


def test_what_is_missing_is_said_by_place() -> None:
    held: set[int] = set()
    code = pair_of("code@a/gpu0")
    assert LAYOUT.lacks(code, held, [700, 0, 0, 650]) == []
    assert LAYOUT.lacks(code, held, [699, 0, 0, 650]) == [0]
    assert LAYOUT.lacks(code, held, [699, 0, 0, 649]) == [0, 3]
    assert LAYOUT.can_join(code, held, [700, 0, 0, 650])
    assert not LAYOUT.can_join(code, held, [700, 0, 0, 649])


def test_coming_to_a_placement_copies_what_no_replica_holds_there_yet() -> None:
    # The base is on a/gpu1 already, and comes twice onto the others.
    target = named(LAYOUT, "prose@a/gpu1", "code@a/gpu1", "code@b/gpu0", "prose@a/gpu0")
    size_bytes, load_s = LAYOUT.moved(target)
    assert size_bytes == 100 + 700 + 640
    assert load_s == pytest.approx(100 / 50 + 700 / 100 + 640 / 50 + 1.0 + 1.0 + 2.0)
    assert LAYOUT.moved(LAYOUT.current) == (0, 0.0)
    assert LAYOUT.moved(frozenset()) == (0, 0.0)


@pytest.mark.parametrize("seed", range(40))
def test_bytes_are_those_of_distinct_digests(seed: int) -> None:
    layout = (one_node if seed % 4 == 3 else random_world)(seed).question.layout
    budgets = [place.budget_bytes for place in layout.places]
    there = counted(layout, layout.current)
    for placement in some(layout):
        taken, free = counted(layout, placement), layout.free(layout.held(placement))
        assert free == [budget - more for budget, more in zip(budgets, taken, strict=True)]
        assert layout.fits(placement) == all(left >= 0 for left in free)
        after = counted(layout, placement | layout.current)
        devices = range(len(layout.devices))
        moved_bytes, load_s = layout.moved(placement)
        assert moved_bytes == sum(after[d] - there[d] for d in devices)
        assert load_s == pytest.approx(
            sum((after[d] - there[d]) / layout.devices[d].load_bytes_per_s for d in devices)
            + sum(
                layout.experts[layout.pairs[p].expert].start_s for p in placement - layout.current
            )
        )


@pytest.mark.parametrize("seed", range(40))
def test_whether_a_replica_can_join_is_whether_both_fit(seed: int) -> None:
    layout = (one_node if seed % 4 == 3 else random_world)(seed).question.layout
    for placement in filter(layout.fits, some(layout)):
        held = layout.held(placement)
        free, taken = layout.free(held), counted(layout, placement)
        for pair in range(len(layout.pairs)):
            together = placement | {pair}
            assert layout.can_join(pair, held, free) == layout.fits(together)
            device_ = layout.pairs[pair].device
            assert layout.copied(pair, held) == counted(layout, together)[device_] - taken[device_]


@pytest.mark.parametrize("seed", range(10))
def test_nothing_hangs_on_the_order_in_which_all_is_listed(seed: int) -> None:
    given = random_world(seed)
    one, other = given.question.layout, shuffled(given, seed).question.layout
    assert one.pairs == other.pairs
    assert one.may == other.may
    assert one.places == other.places
    assert one.units == other.units
    assert one.current == other.current
    assert one.homeless == other.homeless
    assert list(map(one.units_of, range(len(one.pairs)))) == list(
        map(other.units_of, range(len(one.pairs)))
    )


def test_a_state_that_contradicts_itself_is_refused() -> None:
    state = State((expert("code", 1),), (device("a/gpu0", 9),))
    with pytest.raises(PlanImpossible, match=r"replica 'prose@a/gpu0' is of an expert"):
        layout_of(replace(state, replicas=("prose@a/gpu0",)))
    with pytest.raises(PlanImpossible, match=r"expert 'code' is there more than once"):
        layout_of(replace(state, experts=state.experts * 2))
