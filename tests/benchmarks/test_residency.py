"""The scheduler is asked by a closed loop in which as many wait all the time."""

import pytest

from benchmarks.residency import PACES, SYSTEMS, WINDOW, Pace, System, World, bounds, systems

ASKED = [f"expert-{number * number % 7}" for number in range(60)]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
@pytest.mark.parametrize("pace", PACES, ids=str)
def test_each_system_answers_every_request_and_keeps_its_invariants(
    system: System, pace: Pace
) -> None:
    world = World(ASKED, 2, system, pace)
    for _ in range(WINDOW + 1):
        world._arrive()
    while world.answered < len(ASKED):
        world.step()
        world.scheduler.check()
    assert world.loads >= len(set(ASKED))
    assert world.now >= len(ASKED) * pace.answer_s


def test_as_many_wait_as_the_window_has_until_the_trace_ends() -> None:
    world = World(ASKED, 8, SYSTEMS[1], Pace(0.1, 0.1))
    for _ in range(WINDOW + 1):
        world._arrive()
    while not world.loads or world.answered == 0:
        world.step()
    assert len(world._waiting) == WINDOW


def test_nobody_is_overtaken_and_nothing_loaded_twice_where_all_fit_and_loads_are_free() -> None:
    world = World(ASKED, 8, System("lru", "lru"), Pace(0.1, 0.0))
    world.run()
    assert world.loads == len(set(ASKED))
    assert max(world.overtaken) == 0


def test_it_is_the_same_every_time() -> None:
    once, again = (systems(ASKED, 2) for _ in range(2))
    assert once == again


def test_a_room_has_a_row_for_each_bound_and_each_system_at_each_pace() -> None:
    found = [*bounds(ASKED, 2), *systems(ASKED, 2)]
    assert len(found) == 5 + len(PACES) * len(SYSTEMS)
    assert all(row["resident"] == 2 for row in found)
    loads = {row["system"]: row["loads"] for row in found[:5]}
    assert loads["Belady, in order"] <= loads["LRU, in order"]
    assert loads["unbounded window"] <= loads["LRU, in order"]
