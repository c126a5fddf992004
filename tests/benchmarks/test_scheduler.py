import math

import pytest

from benchmarks.scheduler import Size, World, growth, growth_row, kind_of, table_rows, timed
from coterie.scheduler import Dispatch
from coterie.scheduler.events import Arrived, Finished


def test_a_power_law_is_found_again() -> None:
    assert growth([(10, 2.0), (100, 6.0), (1000, 18.0)]) == pytest.approx(3.0)
    assert growth([(1, 5.0), (10, 5.0)]) == pytest.approx(1.0)
    assert math.isnan(growth([(1, 5.0)]))


def test_an_arrival_is_hot_if_it_is_dispatched_at_once() -> None:
    arrived = Arrived(0.0, "r", "a")
    assert kind_of(arrived, [Dispatch("r", "a@n/d", 1)]) == "arrival, hot"
    assert kind_of(arrived, [Dispatch("other", "a@n/d", 1)]) == "arrival, cold"
    assert kind_of(Finished(0.0, "r"), []) == "finish"


@pytest.mark.parametrize("policy", ["cost", "lru"])
def test_the_world_keeps_its_backlog_and_the_scheduler_its_invariants(policy: str) -> None:
    world = World(Size(experts=6, nodes=2, room=2, waiting=30), policy)
    for _ in range(200):
        world.step()
        world.scheduler.check()
    assert world.waiting > 20
    assert world.spent["finish"]
    assert world.spent["unload done"]


def test_each_size_has_a_row_and_all_have_a_growth() -> None:
    runs = [(size, timed(size, "cost", 500)) for size in (Size(4, 1, 2, 20), Size(40, 1, 4, 20))]
    assert all(world.handled >= 500 for _, world in runs)
    rows = table_rows(runs)
    assert [row["experts"] for row in rows] == [4, 40]
    assert all(row["events/s"] > 0 for row in rows)
    assert str(growth_row(runs, "experts")["finish us"]).startswith("x ")
