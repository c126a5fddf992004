"""The bound, beside the least that trying all placements finds."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.packing import packed
from coterie.planner.recomposition.relaxation import bound_of, fillable
from coterie.planner.recomposition.state import DeviceState, Options
from coterie.types import Part
from tests.planner.recomposition.answers import answering
from tests.planner.recomposition.worlds import (
    World,
    best_of_all,
    device,
    expert,
    many,
    one_node,
    random_world,
    world,
)


def fleet(seed: int) -> World:
    """Three devices alike on two nodes, and no room for all of four experts."""
    draw = Random(seed)
    base = Part("base", draw.choice((0, 1_500)))
    capacity = draw.choice((0.0, 1.0, 2.0))
    devices = tuple(
        device(name, 5_000, rate=draw.choice((1_000.0, 1_000.0, 2_000.0)), capacity=capacity)
        for name in ("a/gpu0", "a/gpu1", "b/gpu0")
    )
    experts = tuple(
        expert(
            f"e{number}",
            draw.choice((base, 700)),
            draw.choice((1_700, 2_600, 3_200)),
            start_s=1.0,
            replicas_max=draw.choice((1, 2)),
            pinned=draw.random() < 0.2,
        )
        for number in range(3)
    )
    replicas = tuple(f"{one.name}@a/gpu{draw.randint(0, 1)}" for one in experts[:2])
    asked = {one.name: draw.choice((0.02, 0.1, 0.4)) for one in experts}
    options = Options(margin=draw.choice((0.0, 1.5)), budget_bytes=draw.choice((None, 4_000)))
    return world(experts, devices, replicas, asked, options)


def with_answers(seed: int) -> World:
    return answering((random_world, fleet)[seed % 2](seed), seed)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("make", [random_world, fleet, one_node, with_answers])
def test_no_placement_costs_less_than_the_bound(make: Callable[[int], World], seed: int) -> None:
    question = make(seed).question
    best = best_of_all(question)
    if best is not None:
        assert 0.0 <= bound_of(question) <= best.objective + 1e-6 * question.scale


def test_of_many_experts_the_bound_is_near_what_is_packed() -> None:
    """Or it would be of no use: 0 is a bound as well."""
    question = many().question
    found = packed(question)
    assert found is not None
    assert 0.5 * found.objective <= bound_of(question) <= found.objective


@pytest.mark.parametrize("budget_bytes", [None, 0])
def test_of_one_device_and_experts_that_share_nothing_the_bound_is_exact(
    budget_bytes: int | None,
) -> None:
    one = world(
        (expert("code", 600), expert("prose", 500), expert("verse", 400)),
        (device("a/gpu0", 1_000, capacity=1.0),),
        replicas=("verse@a/gpu0",),
        asked={"code": 0.1, "prose": 0.3, "verse": 0.02},
        options=Options(budget_bytes=budget_bytes),
    ).question
    best = best_of_all(one)
    assert best is not None
    assert best.objective > 0.1
    assert bound_of(one) == pytest.approx(best.objective)


WORSE = device("a/gpu0", 700, rate=1_000.0, capacity=1.0)


@pytest.mark.parametrize(
    ("better", "only"),
    [
        (device("b/gpu0", 1_400, 1_000.0, 1.0), ()),
        (device("b/gpu0", 700, 9_000.0, 1.0), ()),
        (device("b/gpu0", 700, 1_000.0, 8.0), ()),
        (device("b/gpu0", 700, 1_000.0, 1.0), ("b/gpu0",)),
    ],
)
def test_devices_that_differ_are_not_taken_for_each_other(
    better: DeviceState, only: tuple[str, ...]
) -> None:
    """Were the second like the first, the bound would be higher than what can be done."""
    of = (expert("code", 600), expert("prose", 600, devices=only), expert("verse", 50))
    work = {name: ExpertForecast(name, rate=0.2, work_s=3.0) for name in ("code", "prose", "verse")}
    question = world(of, (WORSE, better), asked=work, options=Options(margin=0.0)).question
    best, like_first = best_of_all(question), replace(WORSE, device="b/gpu0", node="b")
    assert best is not None
    assert bound_of(question) <= best.objective + 1e-9
    if not only:
        worse = best_of_all(world(of, (WORSE, like_first), asked=work).question)
        assert worse is not None
        assert worse.objective > best.objective + 1e-3


def test_of_too_many_kinds_no_bound_is_looked_for() -> None:
    of = tuple(expert(f"e{number:03}", 600, devices=("g/100",)) for number in range(100))
    fleet_ = tuple(device(f"g/{number}", 700 + number) for number in range(101))
    many = world(of, fleet_, asked={"e000": 0.1, "e001": 0.1}).question
    assert bound_of(many) == 0.0
    few = world(of[:2], fleet_, asked={"e000": 0.1, "e001": 0.1}).question
    assert bound_of(few) > 0.0


def test_a_world_that_keeps_no_bound_has_none() -> None:
    given_ = world((expert("code", 9, pinned=True),) * 1, (device("a/gpu0", 10),))
    impossible = replace(given_, options=Options(budget_bytes=0)).question
    assert best_of_all(impossible) is None
    assert bound_of(impossible) == 0.0


def test_four_of_fourteen_gigabytes_fill_fifty_six_of_sixty_four() -> None:
    assert fillable(64, [14]) == 56
    assert fillable(64, [14, 8]) == 64
    assert fillable(64, [65]) == fillable(64, []) == fillable(0, [1]) == 0


def test_of_the_smallest_sizes_any_byte_can_be_filled_at_once() -> None:
    assert fillable(64 * 2**30, [14 * 2**30, 7]) == 64 * 2**30


@given(st.integers(0, 60), st.lists(st.integers(0, 70), max_size=5))
def test_what_can_be_filled_is_the_largest_sum(budget_bytes: int, sizes: list[int]) -> None:
    can = [True] + [False] * budget_bytes
    for total in range(1, budget_bytes + 1):
        can[total] = any(0 < size <= total and can[total - size] for size in sizes)
    assert fillable(budget_bytes, sizes) == max(total for total, is_sum in enumerate(can) if is_sum)
