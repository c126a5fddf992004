"""Filled devices keep what they must and the room that they were told to."""

from random import Random

import pytest
from msgspec.structs import replace

from coterie.planner.recomposition.figures import Figures
from coterie.planner.recomposition.filling import Filling
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.state import Options
from coterie.types import Part
from tests.planner.recomposition.worlds import World, device, expert, many, random_world, world


def filled(question: Question, rooms: tuple[int, ...] = (), price: float = 1.0) -> Placement:
    rooms = rooms or (0,) * len(question.layout.devices)
    return Filling(Figures(question), rooms, price).placement()


def names(given: World, rooms: tuple[int, ...] = (), price: float = 1.0) -> list[str]:
    question = given.question
    return sorted(map(question.layout.name, filled(question, rooms, price)))


def random_filling(given: World, seed: int) -> tuple[Question, tuple[int, ...], Placement]:
    question, draw = given.question, Random(seed)
    sizes = (0, *Figures(question).sizes)
    rooms = tuple(draw.choice(sizes) for _ in question.layout.devices)
    return question, rooms, filled(question, rooms, draw.choice((0.0, 1.0, 20.0)))


@pytest.mark.parametrize("seed", range(150))
def test_what_is_filled_in_fits_and_may_be_there(seed: int) -> None:
    question, _, placement = random_filling(random_world(seed), seed)
    layout = question.layout
    assert layout.fits(placement)
    assert all(layout.may[pair] for pair in placement)
    for one, pairs in zip(layout.experts, layout.of_expert, strict=True):
        replicas = len(placement.intersection(pairs))
        if not one.pinned:
            assert replicas <= one.replicas_max
    if question.options.budget_bytes is not None:
        assert layout.moved(placement)[0] <= question.options.budget_bytes


@pytest.mark.parametrize("seed", range(150))
def test_each_device_keeps_its_room_or_what_the_largest_needs(seed: int) -> None:
    given = random_world(seed)
    # Who is pinned or critical comes first, whatever room that leaves.
    free_to_go = (replace(one, pinned=False, critical=False) for one in given.state.experts)
    given = replace(given, state=replace(given.state, experts=tuple(free_to_go)))
    question, rooms, placement = random_filling(given, seed)
    layout, figures = question.layout, Figures(question)
    absent = [e for e, pairs in enumerate(layout.of_expert) if placement.isdisjoint(pairs)]
    largest = max((figures.size_bytes[e] for e in absent), default=0)
    free = layout.free(layout.held(placement))
    for number, room in enumerate(rooms):
        budget = layout.places[number].budget_bytes
        assert free[number] >= min(room, largest, budget)


def test_what_is_worth_most_for_its_bytes_goes_first() -> None:
    of = (expert("urgent", 500), expert("large", 900), expert("slack", 500))
    asked = {"urgent": 0.4, "large": 0.25, "slack": 0.01}
    assert names(world(of, (device("a/gpu0", 1_000),), asked=asked)) == [
        "slack@a/gpu0",
        "urgent@a/gpu0",
    ]


def test_room_that_is_kept_is_not_filled() -> None:
    of = (expert("dense", 500), expert("rare", 500), expert("third", 500))
    asked = {"dense": 0.4, "rare": 0.1, "third": 0.1}
    given = world(of, (device("a/gpu0", 1_000),), asked=asked)
    assert names(given, (0,)) == ["dense@a/gpu0", "rare@a/gpu0"]
    assert names(given, (500,)) == ["dense@a/gpu0"]
    assert names(given, (501,)) == ["dense@a/gpu0"]  # no more than the largest needs


def test_where_all_are_resident_no_room_is_kept() -> None:
    of = (expert("dense", 500), expert("rare", 500))
    given = world(of, (device("a/gpu0", 1_000),), asked={"dense": 0.2, "rare": 0.01})
    assert names(given, (100,)) == ["dense@a/gpu0"]
    roomy = world(of, (device("a/gpu0", 1_500),), asked={"dense": 0.2, "rare": 0.01})
    assert names(roomy, (500,)) == ["dense@a/gpu0", "rare@a/gpu0"]


def test_a_load_that_saves_less_than_it_takes_is_not_done() -> None:
    of, fleet = (expert("rare", 500),), (device("a/gpu0", 1_000),)
    rarely = {"rare": 1e-5}
    assert names(world(of, fleet, asked=rarely)) == []
    assert names(world(of, fleet, ("rare@a/gpu0",), rarely)) == ["rare@a/gpu0"]
    assert names(world(of, fleet, asked=rarely), price=1e4) == ["rare@a/gpu0"]
    assert names(world(of, fleet, asked=rarely, options=Options(margin=0.0))) == ["rare@a/gpu0"]


def test_pinned_experts_stay_where_they_are_and_critical_ones_are_on_two_nodes() -> None:
    fleet = (device("a/gpu0", 500), device("a/gpu1", 500), device("b/gpu0", 500))
    of = (expert("pinned", 300, pinned=True), expert("safe", 200, critical=True, replicas_max=2))
    assert names(world(of, fleet, ("pinned@a/gpu1",))) == [
        "pinned@a/gpu1",
        "safe@a/gpu1",  # it fits there most closely
        "safe@b/gpu0",
    ]


def test_a_critical_expert_that_is_pinned_twice_on_a_node_is_on_another_one_too() -> None:
    fleet = (device("a/gpu0", 500), device("a/gpu1", 500), device("b/gpu0", 500))
    of = (expert("safe", 300, pinned=True, critical=True, replicas_max=3),)
    assert names(world(of, fleet, ("safe@a/gpu0", "safe@a/gpu1"))) == [
        "safe@a/gpu0",
        "safe@a/gpu1",
        "safe@b/gpu0",
    ]


def test_an_expert_that_one_replica_cannot_serve_gets_another() -> None:
    fleet = (device("a/gpu0", 500), device("b/gpu0", 500))
    asked = {"code": ExpertForecast("code", rate=1.0, work_s=1.5)}
    for slots, replicas in ((0.0, 1), (1.0, 2), (2.0, 1)):
        given = world((expert("code", 300, slots=slots, replicas_max=2),), fleet, asked=asked)
        assert len(names(given)) == replicas


def test_a_long_line_gets_another_replica_a_short_one_does_not() -> None:
    fleet = (device("a/gpu0", 500, capacity=1.0), device("b/gpu0", 500, capacity=1.0))
    of = (expert("code", 300, replicas_max=2),)
    for work_s, replicas in ((0.8, 2), (0.01, 1)):
        asked = {"code": ExpertForecast("code", rate=1.0, work_s=work_s)}
        assert len(names(world(of, fleet, asked=asked))) == replicas


def test_what_shares_a_base_costs_a_budget_only_once() -> None:
    base = Part("base", 500)
    of = (expert("code", base, 10), expert("prose", base, 20))
    asked, fleet = {"code": 0.2, "prose": 0.1}, (device("a/gpu0", 1_000),)
    for budget_bytes, count in ((509, 0), (510, 1), (530, 2)):
        options = Options(budget_bytes=budget_bytes)
        assert len(names(world(of, fleet, asked=asked, options=options))) == count


def test_many_are_filled_in_until_nothing_fits() -> None:
    question = many().question
    layout = question.layout
    placement = filled(question)
    free = layout.free(layout.held(placement))
    held = layout.held(placement)
    absent = [pairs for pairs in layout.of_expert if placement.isdisjoint(pairs)]
    assert absent
    assert not any(layout.can_join(pair, held, free) for pairs in absent for pair in pairs)
