"""What comes first, comes first."""

from math import inf

from coterie.scheduler.events import Tick
from coterie.simulator.agenda import Agenda, End
from coterie.simulator.machine import Machine


def agenda(*machines: str) -> Agenda:
    found = Agenda()
    for name in machines:
        found.machines[name] = Machine(1.0)
    return found


def test_events_come_in_order_of_time_then_as_they_were_put_in() -> None:
    found = agenda()
    for at, number in ((2.0, 1), (1.0, 2), (1.0, 3)):
        found.push(at, Tick(number))
    assert found.next_at() == 1.0
    assert [found.pop() for _ in range(3)] == [Tick(2), Tick(3), Tick(1)]
    assert found.next_at() == inf


def test_the_end_of_a_job_moves_when_another_begins() -> None:
    found = agenda("m")
    found.add("m", "x", "a", 2.0, 0.0)
    assert found.next_at() == 2.0
    found.add("m", "y", "b", 5.0, 1.0)
    assert found.next_at() == 3.0
    assert found.pop() == End("m", "x")


def test_a_job_that_was_removed_does_not_end() -> None:
    found = agenda("m")
    found.add("m", "x", "a", 2.0, 0.0)
    assert found.next_at() == 2.0
    found.remove("m", "x", 1.0)
    assert found.next_at() == inf


def test_a_slower_machine_ends_later() -> None:
    found = agenda("m")
    found.add("m", "x", "a", 2.0, 0.0)
    found.resize("m", 0.5, 1.0)
    assert found.next_at() == 3.0


def test_machines_do_not_wait_for_each_other_and_ends_come_before_events() -> None:
    found = agenda("m", "n")
    found.push(1.0, Tick(0.0))
    found.add("m", "x", "a", 2.0, 0.0)
    found.add("n", "y", "a", 1.0, 0.0)
    found.next_at()
    assert found.pop() == End("n", "y")
    found.remove("n", "y", 1.0)
    found.next_at()
    assert found.pop() == Tick(0.0)
    assert found.next_at() == 2.0
