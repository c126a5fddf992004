"""In which ways an expert's demand can be answered, by hand."""

from dataclasses import replace as replaced

import pytest

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.state import Options
from coterie.planner.recomposition.ways import WAYS, Way, Ways, most_of
from tests.planner.recomposition.worlds import World, device, expert, world


def two(there: tuple[str, ...], pinned: bool = False) -> World:
    """Both take 3 s to load; `code` then answers for 10 s."""
    return world(
        (expert("code", 3_000), expert("prose", 3_000, pinned=pinned)),
        (device("a/gpu0", 7_000),),
        there,
        {"code": ExpertForecast("code", rate=0.1, answer_s=10.0), "prose": 0.2},
    )


def ways(given: World, number: int) -> list[Way]:
    question = given.question
    return list(Ways.under(question, question.layout.current).of(number))


OFTEN = 0.1 / (1 + 0.1 * 13.0)
WAITED = OFTEN * (1 + 0.1 * 3.0 / 2)


def test_who_is_there_is_answered_there_and_wants_no_room() -> None:
    assert ways(two(("code@a/gpu0",)), 0) == [Way(0, 0, 0.0, 0.0, 0.0, 0.0, evicts=False)]


def test_who_is_not_is_loaded_beside_or_instead() -> None:
    beside, instead = ways(two(("prose@a/gpu0",)), 0)
    assert (beside.load_s, beside.evicts) == (3.0, False)
    assert beside.cost == pytest.approx(WAITED * 3.0)
    assert beside.loading == pytest.approx(OFTEN * 3.0)
    assert beside.wanted == pytest.approx(OFTEN * 13.0)
    assert (instead.load_s, instead.evicts) == (6.0, True)
    assert instead.cost == pytest.approx(WAITED * 6.0 + OFTEN * 10.0 / 2)
    assert instead.loading == pytest.approx(OFTEN * 6.0)
    assert instead.wanted == pytest.approx(OFTEN * 16.0)


def test_who_only_loads_holds_no_room() -> None:
    (beside, instead) = ways(two(()), 1)
    assert (beside.wanted, instead.wanted) == (0.0, 0.0)


@pytest.mark.parametrize(("placement", "rooms"), [({}, 7 / 3), ({1}, 4 / 3), ({0, 1}, 1.0)])
def test_room_is_what_is_left_and_no_less_than_for_one(placement: set[int], rooms: float) -> None:
    found = Ways.under(two(()).question, frozenset(placement))
    assert found.rooms == pytest.approx((rooms,))


def test_of_many_pairs_only_some_ways_are_looked_at() -> None:
    fleet = tuple(device(f"a/gpu{i:02}", 5_000) for i in range(40))
    question = world((expert("code", 3_000),), fleet, (), {"code": 0.1}).question
    wide = replaced(question, options=Options(exact_pairs=1))
    found = list(Ways.under(wide, frozenset()).of(0))
    assert len(found) == len({way.device for way in found}) == WAYS
    assert len(list(Ways.under(question, frozenset()).of(0))) == 80


def test_a_replica_serves_what_its_slots_can() -> None:
    given = world(
        (expert("code", 100, slots=0.5), expert("prose", 100)),
        (device("a/gpu0", 1_000),),
        asked={name: ExpertForecast(name, rate=1.0, work_s=1.0) for name in ("code", "prose")},
    ).question
    assert [most_of(given, number) for number in (0, 1)] == pytest.approx([0.95 * 0.5, 1.0])
