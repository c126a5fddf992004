"""Cores are shared fairly, and no work is lost or won."""

import pytest

from coterie.simulator.machine import Machine


def ends(machine: Machine, now: float = 0.0) -> list[tuple[float, str]]:
    """Runs all jobs to their ends: when each ended, to a millionth."""
    found = list[tuple[float, str]]()
    while (end := machine.next_end()) is not None:
        now, name = end
        machine.remove(name, now)
        found.append((round(now, 6), name))
    return found


def test_one_job_has_as_many_cores_as_it_can_use() -> None:
    machine = Machine(4)
    machine.add("wide", "a", 8.0, 2.0, 0.0)
    assert ends(machine) == [(4.0, "wide")]
    assert machine.busy_until(4.0) == 8.0


def test_what_is_busy_until_now_is_counted_before_a_job_ends() -> None:
    machine = Machine(4)
    machine.add("wide", "a", 8.0, 2.0, 1.0)
    assert machine.busy_until(2.0) == 2.0
    assert ends(machine) == [(5.0, "wide")]


def test_processes_share_what_there_is() -> None:
    machine = Machine(2)
    machine.add("x", "a", 2.0, 2.0, 0.0)
    machine.add("y", "b", 4.0, 2.0, 0.0)
    assert ends(machine) == [(2.0, "x"), (3.0, "y")]


def test_what_a_narrow_one_leaves_goes_to_the_wide() -> None:
    machine = Machine(4)
    machine.add("narrow", "a", 1.0, 1.0, 0.0)
    machine.add("wide", "b", 3.0, 4.0, 0.0)
    assert sorted(ends(machine)) == [(1.0, "narrow"), (1.0, "wide")]


def test_jobs_of_one_process_share_its_cores() -> None:
    machine = Machine(8)
    machine.add("p", "a", 2.0, 2.0, 0.0)
    machine.add("q", "a", 2.0, 2.0, 0.0)
    assert [at for at, _ in ends(machine)] == [2.0, 2.0]


def test_jobs_of_other_widths_share_the_cores_of_their_process() -> None:
    machine = Machine(2)
    machine.add("wide", "a", 2.0, 2.0, 0.0)
    machine.add("narrow", "a", 2.0, 1.0, 0.0)
    assert [at for at, _ in ends(machine)] == [2.0, 2.0]


def test_others_of_its_process_wait_for_what_is_urgent() -> None:
    machine = Machine(2)
    machine.add("tokens", "a", 2.0, 1.0, 0.0)
    machine.add("prompt", "a", 4.0, 2.0, 1.0, is_urgent=True)
    machine.add("elsewhere", "b", 1.0, 1.0, 1.0)
    assert ends(machine) == [(2.0, "elsewhere"), (3.5, "prompt"), (4.5, "tokens")]


def test_what_is_urgent_alone_says_how_many_cores_its_process_can_use() -> None:
    machine = Machine(4)
    machine.add("tokens", "a", 3.0, 4.0, 0.0)
    machine.add("prompt", "a", 1.0, 1.0, 0.0, is_urgent=True)
    machine.add("other", "b", 3.0, 3.0, 0.0)
    assert [at for at, _ in ends(machine)[:2]] == [1.0, 1.0]
    assert machine.busy_until(1.75) == pytest.approx(7.0)


def test_two_that_are_urgent_share_what_their_process_has() -> None:
    machine = Machine(2)
    machine.add("tokens", "a", 1.0, 1.0, 0.0)
    machine.add("p", "a", 2.0, 2.0, 0.0, is_urgent=True)
    machine.add("q", "a", 2.0, 2.0, 0.0, is_urgent=True)
    assert ends(machine) == [(2.0, "p"), (2.0, "q"), (3.0, "tokens")]


def test_who_stands_still_goes_on_when_what_was_urgent_is_removed() -> None:
    machine = Machine(1)
    machine.add("tokens", "a", 1.0, 1.0, 0.0)
    machine.add("prompt", "a", 9.0, 1.0, 0.5, is_urgent=True)
    machine.remove("prompt", 2.0)
    assert ends(machine) == [(2.5, "tokens")]


@pytest.mark.parametrize(("common", "seconds"), [(0.0, 4.0), (0.5, 2.5), (1.0, 1.0)])
def test_work_in_common_is_done_once(common: float, seconds: float) -> None:
    machine = Machine(1)
    for name in "pqrs":
        machine.add(name, "a", 1.0, 1.0, 0.0, common)
    assert ends(machine)[-1][0] == seconds


def test_processes_have_nothing_in_common() -> None:
    machine = Machine(1)
    machine.add("p", "a", 1.0, 1.0, 0.0, 1.0)
    machine.add("q", "b", 1.0, 1.0, 0.0, 1.0)
    assert ends(machine)[-1][0] == 2.0


def test_who_is_removed_leaves_its_cores_to_the_others() -> None:
    machine = Machine(2)
    machine.add("x", "a", 10.0, 2.0, 0.0)
    machine.add("y", "b", 2.0, 2.0, 0.0)
    machine.remove("x", 0.0)
    machine.remove("nobody", 0.0)
    assert ends(machine) == [(1.0, "y")]


def test_who_is_removed_half_way_leaves_them_from_then_on() -> None:
    machine = Machine(2)
    machine.add("x", "a", 10.0, 2.0, 0.0)
    machine.add("y", "b", 3.0, 2.0, 0.0)
    machine.remove("x", 1.0)
    assert ends(machine) == [(2.0, "y")]


def test_a_name_can_be_used_again() -> None:
    machine = Machine(1)
    machine.add("x", "a", 10.0, 1.0, 0.0)
    machine.add("y", "a", 10.0, 1.0, 0.0)
    machine.remove("x", 0.0)
    machine.add("x", "a", 1.0, 1.0, 0.0)
    assert ends(machine) == [(2.0, "x"), (11.0, "y")]


def test_a_slower_machine_takes_longer_from_then_on() -> None:
    machine = Machine(4)
    machine.add("x", "a", 8.0, 4.0, 0.0)
    machine.resize(1.0, 1.0)
    assert ends(machine) == [(5.0, "x")]


def test_work_is_neither_lost_nor_won() -> None:
    machine = Machine(3)
    works = {f"j{i}": 0.5 + i for i in range(7)}
    for i, (name, work) in enumerate(works.items()):
        machine.add(name, f"p{i % 3}", work, 1.0 + i % 2, 0.0, is_urgent=not i % 4)
    last, _ = ends(machine)[-1]
    assert machine.busy_until(last) >= sum(works.values()) - 1e-6
    assert last >= sum(works.values()) / 3
    assert len(machine) == 0
    assert machine.next_end() is None
