"""Waiting for room: the curve by hand, and beside what the simulator says of the same requests."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.planner.recomposition.costs import costs_of
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.rooms import CROWD, KNOTS, crowd_line, crowded, crowding
from coterie.planner.recomposition.rows import Rows
from coterie.planner.recomposition.state import Options
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator import Place, Setup, requests, simulate
from coterie.types import Part, replica_id
from coterie.workloads import Arrival
from tests.planner.recomposition.worlds import device, expert, world

HOUR_S = 3600.0
SIZE = 1_000
WANTED, ROOMS = st.floats(0, 50), st.floats(0.1, 20)


@pytest.mark.parametrize("knot", KNOTS)
@pytest.mark.parametrize("rooms", [1.0, 2.5])
def test_at_the_knots_so_many_wait_as_the_formula_says(knot: float, rooms: float) -> None:
    assert crowded(knot * rooms, rooms) == pytest.approx(rooms * 2 * knot**4 / (1 + knot**2))


def test_the_curve_bends_upwards_from_nothing() -> None:
    slopes = [piece.slope for piece in CROWD]
    assert slopes == sorted(slopes)
    assert CROWD[0].at_zero == 0.0
    assert all(low.at_zero > high.at_zero for low, high in pairwise(CROWD))


@settings(max_examples=60, deadline=None)
@given(WANTED, WANTED, ROOMS, ROOMS)
def test_more_that_is_wanted_waits_longer_and_more_room_shortens_it(
    one: float, other: float, narrow: float, wide: float
) -> None:
    few, much = sorted((one, other))
    small, large = sorted((narrow, wide))
    assert 0.0 <= crowded(few, small) <= crowded(much, small) + 1e-9
    assert crowded(much, large) <= crowded(much, small) + 1e-9
    # Two devices wait no less than one that is as large as both.
    both = crowded(few, small) + crowded(much, large)
    assert crowded(few + much, small + large) <= both + 1e-6


@pytest.mark.parametrize(("wanted", "rooms"), [(0.0, 1.0), (0.7, 1.0), (3.0, 2.0), (40.0, 2.0)])
def test_what_a_little_more_adds_is_the_slope(wanted: float, rooms: float) -> None:
    more = (crowded(wanted + 1e-4, rooms) - crowded(wanted, rooms)) / 1e-4
    assert crowding(wanted, rooms) == pytest.approx(more, abs=1e-6)


@pytest.mark.parametrize(("wanted", "rooms"), [(0.3, 1.0), (2.0, 1.5), (30.0, 2.0)])
def test_as_rows_the_line_is_as_long(wanted: float, rooms: float) -> None:
    rows = Rows()
    height, share = rows.column(1.0, high=1e9), rows.column(low=1.0)
    crowd_line(rows, height, {share: wanted}, rows.column(low=rooms, high=rooms))
    found = rows.solve()
    assert found is not None
    assert found.cost == pytest.approx(crowded(wanted, rooms))


def test_sizes_are_of_those_who_hold_room_and_what_is_shared_counts_for_nobody() -> None:
    base = Part("base", 500)
    of = (expert("a", base, 1_000), expert("b", base, 3_000), expert("c", base), expert("d", 900))
    asked = {name: ExpertForecast(name, rate=1.0, answer_s=1.0) for name in "abc"}
    question = world(of, (device("n/g", 4_000),), (), {**asked, "d": 1.0}).question
    assert question.sizes.mean_bytes == pytest.approx([(1_000 + 3_000 + 500) / 3])
    assert [question.sizes.weight(pair) for pair in range(4)] == pytest.approx([2 / 3, 2, 1 / 3, 0])
    assert question.sizes.rooms(0, 3_000) == pytest.approx(2.0)
    assert question.sizes.rooms(0, -1) == 0.0
    nobody = world(of, (device("n/g", 4_000),), (), {"d": 1.0}).question.sizes
    assert (nobody.mean_bytes, nobody.weight(0), nobody.rooms(0, 9_000)) == ([0.0], 0.0, 0.0)


def expected(rates: list[float], pinned: set[int], answer_s: float, patience_s: float) -> float:
    """Seconds waited in an hour on a device for 5 experts that each load in a second."""
    names = [f"e{i}" for i in range(len(rates))]
    given = world(
        tuple(expert(name, SIZE, pinned=i in pinned) for i, name in enumerate(names)),
        (device("n/g", 5 * SIZE, rate=SIZE),),
        tuple(replica_id(f"e{i}", "n/g") for i in pinned),
        {
            name: ExpertForecast(name, rate=rate, answer_s=answer_s)
            for name, rate in zip(names, rates, strict=True)
        },
        Options(patience_s=patience_s),
    )
    question = given.question
    return costs_of(question, question.layout.current).total_s * HOUR_S


def simulated(rates: list[float], pinned: set[int], answer_s: float, patience_s: float) -> float:
    """The same, with a link that loads share and answers that do not slow each other."""
    models = {
        f"e{i}": Figures(
            (Part(f"p{i}", SIZE),), prompt_pace=1e6, output_pace=100.0, first_work=0.0,
            load_bytes=SIZE, unload_s=0.0, batch_share=1.0,
        )
        for i in range(len(rates))
    }  # fmt: skip
    declared = tuple(
        Declared(0.0, name, slots=64, pinned=i in pinned, preload=i in pinned)
        for i, name in enumerate(models)
    )
    setup = Setup(
        "cost",
        Limits(queue=10_000, queue_per_expert=10_000, wait=patience_s),
        (DeviceJoined(0.0, "n/g", "n", 5 * SIZE, parallel_runs=64, parallel_prefills=64),),
        declared,
        {"gpu": models},
        {"n/g": 1_000.0},
        {"n/g": "n/g"},
        {"n/g": "gpu"},
        places=(Place("n", link=float(SIZE)),),
    )
    draw, at_s, arrivals = Random(0), 0.0, []
    while (at_s := at_s + draw.expovariate(sum(rates))) < HOUR_S:
        name = draw.choices(list(models), rates)[0]
        arrivals.append(Arrival(at_s, name, 1, 1 + round(100 * answer_s)))
    waited_s = simulate(setup, requests(arrivals)).waited_s
    assert waited_s is not None
    return waited_s


@pytest.mark.parametrize("answer_s", [0.02, 5.0, 20.0])
@pytest.mark.parametrize("total", [0.1, 0.4])
def test_what_is_expected_is_near_what_is_simulated_before_a_plan_and_after(
    answer_s: float, total: float
) -> None:
    """Of eight experts four are there, which leaves room for one: first those who are asked least,
    then those who are asked most.
    """
    rates = [total / (i + 1) / 2.718 for i in range(8)]
    least, most = {4, 5, 6, 7}, {0, 1, 2, 3}
    before, after = (expected(rates, there, answer_s, 600.0) for there in (least, most))
    truly_before, truly_after = (
        simulated(rates, there, answer_s, 600.0) for there in (least, most)
    )
    assert before / 2.2 <= truly_before <= before * 2.2
    assert after / 2.2 <= truly_after <= after * 2.2
    assert (before - after) / 2.2 <= truly_before - truly_after <= (before - after) * 2.2
