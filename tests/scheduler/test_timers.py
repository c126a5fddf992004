"""Timers ask when they are due; stale entries never wake anybody."""

from coterie.scheduler.timers import Kind, Timers


def timers(due: dict[str, float]) -> Timers:
    def due_at(kind: Kind, key: str) -> float | None:
        return due.get(key)

    return Timers(due_at)


def test_entries_come_in_order_of_time_and_then_of_name() -> None:
    clock = timers({"a": 2.0, "b": 1.0, "c": 1.0})
    for key, at in (("a", 2.0), ("c", 1.0), ("b", 1.0)):
        clock.set(at, "idle", key)
    assert clock.next_at() == 1.0
    assert [clock.pop(5.0) for _ in range(4)] == [("idle", "b"), ("idle", "c"), ("idle", "a"), None]


def test_nothing_is_due_before_its_time() -> None:
    clock = timers({"a": 2.0})
    clock.set(2.0, "idle", "a")
    assert clock.pop(1.9) is None
    assert clock.pop(2.0) == ("idle", "a")


def test_a_stale_entry_is_dropped_and_a_postponed_one_moves() -> None:
    due = {"gone": 1.0, "later": 1.0}
    clock = timers(due)
    clock.set(1.0, "idle", "gone")
    clock.set(1.0, "idle", "later")
    del due["gone"]
    due["later"] = 9.0
    assert clock.next_at() == 9.0
    assert clock.pop(8.0) is None
