"""Cores are shared fairly, and no work is lost or won."""

from coterie.simulator import Machine


def ends(machine: Machine) -> list[tuple[float, str]]:
    """Runs all jobs to their ends: when each ended, to a millionth."""
    now, found = 0.0, list[tuple[float, str]]()
    while (end := machine.next_end()) is not None:
        seconds, name = end
        machine.advance(seconds)
        machine.remove(name)
        now += seconds
        found.append((round(now, 6), name))
    return found


def test_one_job_has_as_many_cores_as_it_can_use() -> None:
    machine = Machine(4)
    machine.add("wide", "a", 8.0, 2.0)
    assert ends(machine) == [(4.0, "wide")]


def test_processes_share_what_there_is() -> None:
    machine = Machine(2)
    machine.add("x", "a", 2.0, 2.0)
    machine.add("y", "b", 4.0, 2.0)
    assert ends(machine) == [(2.0, "x"), (3.0, "y")]


def test_what_a_narrow_one_leaves_goes_to_the_wide() -> None:
    machine = Machine(4)
    machine.add("narrow", "a", 1.0, 1.0)
    machine.add("wide", "b", 3.0, 4.0)
    assert sorted(ends(machine)) == [(1.0, "narrow"), (1.0, "wide")]


def test_jobs_of_one_process_share_its_cores() -> None:
    machine = Machine(8)
    machine.add("p", "a", 2.0, 2.0)
    machine.add("q", "a", 2.0, 2.0)
    assert [at for at, _ in ends(machine)] == [2.0, 2.0]


def test_who_is_removed_leaves_its_cores_to_the_others() -> None:
    machine = Machine(2)
    machine.add("x", "a", 10.0, 2.0)
    machine.add("y", "b", 2.0, 2.0)
    machine.remove("x")
    machine.remove("nobody")
    assert ends(machine) == [(1.0, "y")]


def test_work_is_neither_lost_nor_won() -> None:
    machine = Machine(3)
    works = {f"j{i}": 0.5 + i for i in range(7)}
    for i, (name, work) in enumerate(works.items()):
        machine.add(name, f"p{i % 3}", work, 1.0 + i % 2)
    last, _ = ends(machine)[-1]
    assert last >= sum(works.values()) / 3
    assert machine.next_end() is None
