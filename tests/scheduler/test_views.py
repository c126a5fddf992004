"""Views are in order when they are read, however they were changed before."""

from coterie.config import Limits
from coterie.scheduler import policies
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.records import DeviceRecord, ExpertRecord, ReplicaRecord, RequestRecord
from coterie.scheduler.world import World
from coterie.types import Footprint, Part


def world(*experts: str, parallel_runs: int = 0) -> World:
    made = World(policies.Lru(), Limits())
    made.add_device(DeviceRecord("n/d", "n", 100, parallel_runs=parallel_runs))
    for name in experts:
        parts = (Part(name, 10),)
        made.experts[name] = ExpertRecord(
            name, fetching=Fetching.COLD, footprint=Footprint(hot=parts)
        )
    return made


def lives(made: World, expert: str, used_at: float) -> ReplicaRecord:
    record = ReplicaRecord(
        f"{expert}@n/d", expert, "n/d", 1, Phase.HOT, 0.0, (Part(expert, 10),), (), used_at=used_at
    )
    made.add_replica(record)
    return record


def test_idle_and_busy_replicas_are_told_apart_and_sorted() -> None:
    made = world("a", "b", "c")
    lives(made, "a", 3.0)
    lives(made, "b", 1.0)
    made.run(lives(made, "c", 2.0), 1)
    made.views.settle()
    assert [name for _, name in made.views.idle("n/d")] == ["b@n/d", "a@n/d"]
    assert [name for _, name in made.views.busy("n/d")] == ["c@n/d"]


def test_a_pinned_replica_is_never_evictable() -> None:
    made = world("a")
    made.experts["a"].pinned = True
    lives(made, "a", 1.0)
    made.views.settle()
    assert not made.views.idle("n/d")
    assert not made.views.busy("n/d")


def test_devices_are_listed_by_room_and_by_what_could_go_while_they_can_load() -> None:
    made = world("a", "b")
    made.add_device(DeviceRecord("n/e", "n", 50))
    lives(made, "a", 4.0)
    made.views.settle()
    assert list(made.views.roomy) == [(-90.0, "n/d"), (-50.0, "n/e")]
    assert list(made.views.yielding) == [(4.0, "n/d")]
    loading = ReplicaRecord("b@n/d", "b", "n/d", 2, Phase.LOADING, 0.0, (Part("b", 10),), ())
    made.add_replica(loading)
    made.views.settle()
    assert list(made.views.roomy) == [(-50.0, "n/e")]
    assert not made.views.yielding


def test_the_demand_is_in_order_of_what_is_due_but_never_later_than_the_bound() -> None:
    made = World(policies.Cost(), Limits(starvation=2.0))
    for name, size in (("big", 10 * 10**9), ("small", 10**9)):
        parts = (Part(name, size),)
        made.experts[name] = ExpertRecord(
            name, fetching=Fetching.COLD, footprint=Footprint(hot=parts)
        )
        made.enqueue(RequestRecord(f"r-{name}", name, 1.0, 1.0))
        made.views.list_expert(made.experts[name])
    assert list(made.views.demand) == [((0, 3.0), "big"), ((0, 3.0), "small")]
    made.enqueue(RequestRecord("r2", "small", 1.5, 1.5))
    made.views.list_expert(made.experts["small"])
    assert list(made.views.demand) == [((0, 2.5), "small"), ((0, 3.0), "big")]
    for request in ("r-small", "r2"):
        made.dequeue(made.requests[request])
    made.views.list_expert(made.experts["small"])
    assert list(made.views.demand) == [((0, 3.0), "big")]


def test_only_those_who_wait_for_a_turn_stand_in_line_the_oldest_first() -> None:
    made = world("a", "b", parallel_runs=1)
    a, b = lives(made, "a", 0.0), lives(made, "b", 0.0)
    made.enqueue(RequestRecord("r1", "a", 5.0, 5.0))
    made.enqueue(RequestRecord("r2", "b", 4.0, 4.0))
    for replica in (a, b):
        made.views.line_up(replica)
    assert [name for _, name in made.views.line("n/d")] == ["b@n/d", "a@n/d"]
    made.run(b, 1)
    made.views.line_up(b)
    assert [name for _, name in made.views.line("n/d")] == ["a@n/d"]


def test_who_holds_a_digest_is_known_by_device() -> None:
    made = world("a", "b")
    record = lives(made, "a", 0.0)
    assert made.views.holders["a"] == ["n/d"]
    made.enter(record, Phase.UNLOADING, 1.0)
    made.remove_replica(record)
    assert "a" not in made.views.holders
