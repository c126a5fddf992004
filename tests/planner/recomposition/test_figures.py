"""What a filling starts from, computed by hand and beside the layout."""

from collections.abc import Iterator

import pytest

from coterie.planner.recomposition.figures import Figures
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.queueing import pieces
from coterie.planner.recomposition.state import Options
from coterie.types import Part
from tests.planner.recomposition.worlds import device, expert, random_world, world

BASE = Part("base", 600)
QUESTION = world(
    (
        expert("code", BASE, 100, start_s=1.0),
        expert("pinned", 900, pinned=True),
        expert("prose", BASE, 40),
        expert("tiny", 5),
        expert("vast", 9_000),
    ),
    (device("a/gpu0", 1_000, rate=100.0, capacity=2.0), device("b/gpu0", 1_000, rate=200.0)),
    replicas=("prose@a/gpu0",),
    asked={
        "code": ExpertForecast("code", rate=0.01, work_s=3.0),
        "prose": ExpertForecast("prose", rate=0.1, work_s=0.5),
    },
    options=Options(margin=6.0),
    horizon_s=600.0,
).question
FIGURES = Figures(QUESTION)


def of_names(values: list[float]) -> dict[str, float]:
    return {QUESTION.layout.name(pair): value for pair, value in enumerate(values)}


def test_loads_are_of_all_that_a_replica_holds() -> None:
    assert of_names(FIGURES.load_s) == pytest.approx(
        {
            "code@a/gpu0": 8.0,
            "code@b/gpu0": 4.5,
            "pinned@a/gpu0": 9.0,
            "pinned@b/gpu0": 4.5,
            "prose@a/gpu0": 6.4,
            "prose@b/gpu0": 3.2,
            "tiny@a/gpu0": 0.05,
            "tiny@b/gpu0": 0.025,
        }
    )


def test_what_is_shared_is_nobodys_own() -> None:
    own = {QUESTION.layout.name(pair): size for pair, size in enumerate(FIGURES.own_bytes)}
    assert own["code@a/gpu0"] == 100
    assert own["prose@b/gpu0"] == 40
    assert own["tiny@b/gpu0"] == 5


def test_sizes_are_of_those_that_may_have_to_be_loaded() -> None:
    assert FIGURES.size_bytes == [700, 900, 640, 5, 0]
    assert FIGURES.sizes == [5, 640, 700]  # neither what is pinned nor what fits nowhere
    assert FIGURES.there == QUESTION.layout.held(QUESTION.layout.current)
    nothing = world((expert("pinned", 9, pinned=True),), (device("a/gpu0", 10),)).question
    assert Figures(nothing).sizes == [0]


def test_levels_are_sizes_evenly_picked_and_the_largest_is_one() -> None:
    assert FIGURES.levels(1) == (700,)
    assert FIGURES.levels(2) == (5, 700)
    assert FIGURES.levels(3) == FIGURES.levels(9) == (5, 640, 700)


def test_work_is_seconds_of_service_in_a_second() -> None:
    assert FIGURES.works == pytest.approx([0.03, 0.0, 0.05, 0.0, 0.0])
    assert FIGURES.curves == [pieces(2.0), pieces(0.0)]


def test_worth_is_what_requests_would_wait_less_what_the_load_takes() -> None:
    pairs = {QUESTION.layout.name(pair): pair for pair in range(len(QUESTION.layout.pairs))}
    # Where it is fastest, a load of code takes 4.5 s, and of prose 3.2.
    waits, switches = (1 + 0.045 / 2) / 1.045, 1 / 1.045
    saved = 0.01 * (waits + 2.0 * switches) * 8.0
    code = FIGURES.worth(pairs["code@a/gpu0"], 2.0)
    assert code == pytest.approx(saved - 6.0 / 600.0 * 8.0)
    there = FIGURES.worth(pairs["prose@a/gpu0"], 0.0)
    assert there == pytest.approx(0.1 * (1 + 0.32 / 2) / 1.32 * 6.4)
    assert FIGURES.worth(pairs["tiny@a/gpu0"], 1.0) < 0.0


def test_what_nobody_asks_for_is_not_loaded_even_if_that_is_free() -> None:
    question = world((expert("idle", 0),), (device("a/gpu0", 1),), options=Options(0.0)).question
    assert Figures(question).worth(0, 1.0) < 0.0


def test_room_is_kept_where_the_way_in_is_quickest_then_where_residents_are_worth_least() -> None:
    assert FIGURES.keepers == [1, 0]
    alike = world(
        (expert("asked", 10), expert("idle", 10)),
        (device("a/gpu0", 10), device("b/gpu0", 10), device("c/gpu0", 10)),
        replicas=("asked@a/gpu0", "idle@b/gpu0"),
        asked={"asked": 0.5},
    ).question
    assert Figures(alike).keepers == [1, 2, 0]
    quick = world(
        (expert("asked", 10),),
        (device("a/gpu0", 10), device("b/gpu0", 10, rate=9_000.0)),
        replicas=("asked@b/gpu0",),
        asked={"asked": 0.5},
    ).question
    assert Figures(quick).keepers == [1, 0]


def worlds() -> Iterator[Question]:
    for seed in range(40):
        yield random_world(seed).question


def test_figures_of_any_world_are_those_of_its_layout() -> None:
    for question in worlds():
        layout, figures = question.layout, Figures(question)
        for pair, one in enumerate(layout.pairs):
            assert figures.load_s[pair] == layout.load_s(pair, set())
            others = set(range(len(layout.pairs))) - {pair}
            assert figures.own_bytes[pair] == layout.copied(pair, layout.held(others))
            assert figures.size_bytes[one.expert] >= layout.copied(pair, set())
        assert sorted(figures.keepers) == list(range(len(layout.devices)))
        assert figures.levels(4)[-1] == figures.sizes[-1]
        assert set(figures.levels(4)) <= set(figures.sizes)


def test_room_for_several_is_only_kept_where_somebody_holds_it() -> None:
    of, fleet = (expert("code", 400), expert("prose", 500)), (device("a/gpu0", 2_100),)
    for answer_s, several in ((0.0, ()), (1.0, (1_000, 1_500, 2_000))):
        asked = {"code": ExpertForecast("code", rate=0.1, answer_s=answer_s)}
        assert Figures(world(of, fleet, (), asked).question).several(0) == several
