"""Rows for who waits for room, beside what the same comes to by hand."""

import pytest

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.holding import Holding
from coterie.planner.recomposition.memory import Memory
from coterie.planner.recomposition.program import Program
from coterie.planner.recomposition.rooms import crowded
from coterie.planner.recomposition.rows import Rows
from tests.planner.recomposition.answers import alike
from tests.planner.recomposition.worlds import best_of_all, device, expert, world

RATE, ANSWER_S, LOAD_S = 0.5, 8.0, 2.0
OFTEN = RATE / (1 + RATE * (LOAD_S + ANSWER_S))


def waited(resident: int, *, share: float = 1.0, devices: int = 1, evicts: bool = False) -> float:
    """Of one who is loaded on a device of 5,500 bytes, beside so many of 2,000 that are there."""
    experts = tuple(expert(f"e{i}", 2_000) for i in range(3))
    asked = {"e0": ExpertForecast("e0", rate=RATE, answer_s=ANSWER_S)}
    question = world(experts, (device("n/g", 5_500),), (), asked).question
    rows = Rows()
    there = [rows.column(low=float(0 < i <= resident)) for i in range(3)]
    for i, column in enumerate(there):
        rows.high[column] = float(0 < i <= resident)
    memory = Memory(rows, question.layout, there, [devices])
    holding, height = Holding(question, rows), rows.column(1.0, high=1e6)
    z = rows.column(low=share, high=share)
    holding.add(0, z, {z: OFTEN * LOAD_S}, evicts=evicts)
    holding.lines(0, height, memory, devices)
    found = rows.solve()
    assert found is not None
    return found.cost


@pytest.mark.parametrize(("resident", "rooms"), [(0, 2.75), (1, 1.75), (2, 1.0)])
def test_it_waits_for_the_room_that_residents_leave_and_for_no_less_than_one(
    resident: int, rooms: float
) -> None:
    wanted, evicts = OFTEN * (LOAD_S + ANSWER_S), resident == 2
    back_s = evicts * OFTEN * ANSWER_S / 2
    found = waited(resident, evicts=evicts)
    assert found == pytest.approx(crowded(wanted, rooms) + back_s)
    half = waited(resident, share=0.5, evicts=evicts)
    assert half == pytest.approx(crowded(wanted / 2, rooms) + back_s / 2)


def test_who_evicts_is_waited_for_by_who_comes_back() -> None:
    assert waited(1, evicts=True) == pytest.approx(waited(1) + OFTEN * ANSWER_S / 2)


def test_devices_alike_have_the_room_of_all_of_them() -> None:
    wanted = OFTEN * (LOAD_S + ANSWER_S)
    assert waited(1, devices=2) == pytest.approx(crowded(wanted, 4.5))


@pytest.mark.parametrize("seed", range(6))
def test_the_relaxation_is_no_dearer_than_whole_devices(seed: int) -> None:
    question = alike(seed).question
    relaxed, best = Program(question).rows.solve(relaxed=True), best_of_all(question)
    assert relaxed is not None
    assert best is not None
    assert relaxed.cost <= best.objective + 1e-6 * question.scale


def test_who_holds_no_room_adds_no_row() -> None:
    question = world((expert("e0", 2_000),), (device("n/g", 5_500),), (), {"e0": RATE}).question
    rows = Rows()
    memory = Memory(rows, question.layout, [rows.column()], [1])
    holding, count = Holding(question, rows), len(rows.rows)
    z = rows.column()
    holding.add(0, z, {z: 1.0}, evicts=True)
    holding.lines(0, rows.column(1.0), memory, 1)
    assert len(rows.rows) == count
    assert rows.costs[z] == 0.0
