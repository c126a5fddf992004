"""The cheapest that will do, by how much, and what the next cheaper misses."""

import pytest

from coterie.cli.simulation import parse as condition
from coterie.cli.whatif.answers import ANSWERED, Answer, answers, lines, spare, with_answers
from coterie.cli.whatif.price import Cost
from coterie.cli.whatif.sweeps import Point, parse
from coterie.cli.whatif.trials import Trial

GIB = 1024**3
TARGETS = [condition("p95_ttft <= 2s")]


def trial(point: Point, p95_s: float, wrong: str = "", notes: tuple[str, ...] = ()) -> Trial:
    nodes, hot = int(point.get("nodes", 1)), int(point.get("hot", GIB))
    figures: dict[str, float | None] = {} if wrong else {"p95_ttft": p95_s, "answered_share": 1.0}
    return Trial(point, Cost(0.0, nodes, nodes * hot, 0, 1), figures, wrong, notes)


def test_the_cheapest_has_fewest_nodes_and_then_least_memory() -> None:
    points: list[tuple[Point, float]] = [
        ({"nodes": 1, "hot": 4 * GIB}, 9.0),
        ({"nodes": 1, "hot": 8 * GIB}, 3.0),
        ({"nodes": 1, "hot": 16 * GIB}, 1.5),
        ({"nodes": 2, "hot": 4 * GIB}, 0.5),
    ]
    trials = [trial(*one) for one in points]
    (found,) = answers(trials, parse(["nodes=1,2", "hot=4GiB,8GiB,16GiB"]), TARGETS)
    assert found == Answer({}, trials[2], trials[1])
    assert lines(found, TARGETS) == [
        "the cheapest that will do is nodes=1 hot=16GiB (1 node with 16GiB hot in all)",
        "  p95_ttft is 1.5s, for `p95_ttft <= 2s`: 25.0 % to spare",
        "  the next cheaper, nodes=1 hot=8GiB (1 node with 8GiB hot in all), will not: p95_ttft is "
        "3s, not <= 2s",
    ]


def test_of_two_that_cost_the_same_the_better_one_is_taken() -> None:
    trials = [trial({"policy": "cost"}, 1.5), trial({"policy": "lru"}, 1.0)]
    (found,) = answers(trials, parse(["policy=cost,lru"]), [*TARGETS, ANSWERED])
    assert found.best is trials[1]
    assert lines(found, TARGETS)[-1] == "  nothing cheaper was tried"


def test_a_dearer_one_that_misses_is_told() -> None:
    values = {1: 3.0, 2: 1.9, 3: 2.1, 4: 1.9, 5: 1.8}
    trials = [trial({"policy": "lru", "hot": hot * GIB}, p95) for hot, p95 in values.items()]
    trials.append(trial({"policy": "cost", "hot": 9 * GIB}, 9.0))
    sweeps = parse(["policy=lru,cost", "hot=1GiB..9GiB:1GiB"])
    (found,) = answers(trials, sweeps, TARGETS)
    assert (found.best, found.relapse, found.steady) == (trials[1], trials[2], trials[3])
    assert lines(found, TARGETS)[2] == (
        "  but policy=lru hot=3GiB (1 node with 3GiB hot in all), which costs more, misses: so "
        "near to the target, chance decides; from policy=lru hot=4GiB (1 node with 4GiB hot in "
        "all) on, all meet it"
    )


def test_there_is_an_answer_for_each_load() -> None:
    sweeps = parse(["load=1,2", "hot=1GiB,2GiB"])
    trials = [
        trial({"load": 1.0, "hot": GIB}, 1.0),
        trial({"load": 1.0, "hot": 2 * GIB}, 0.5),
        trial({"load": 2.0, "hot": GIB}, 5.0),
        trial({"load": 2.0, "hot": 2 * GIB}, 2.5),
    ]
    first, second = answers(trials, sweeps, TARGETS)
    assert first == Answer({"load": 1.0}, trials[0], None)
    assert second == Answer({"load": 2.0}, None, trials[3])
    assert lines(first, TARGETS)[0].startswith("at load=1, the cheapest that will do is hot=1GiB")
    assert lines(second, TARGETS) == [
        "at load=2, no set-up that was tried meets `p95_ttft <= 2s`",
        "  the nearest is hot=2GiB (1 node with 2GiB hot in all): p95_ttft is 2.5s, not <= 2s",
    ]


def test_why_the_next_cheaper_is_impossible_is_said() -> None:
    trials = [trial({"hot": GIB}, 0.0, "'a' does not fit"), trial({"hot": 2 * GIB}, 1.0)]
    (found,) = answers(trials, parse(["hot=1GiB,2GiB"]), TARGETS)
    assert lines(found, TARGETS)[-1].endswith("will not: 'a' does not fit")


def test_what_there_is_to_know_of_the_answer_is_said() -> None:
    (found,) = answers([trial({}, 1.0, notes=("it is large",))], [], TARGETS)
    assert "  but it is large" in lines(found, TARGETS)


def test_where_nothing_is_possible_nothing_is_near() -> None:
    (found,) = answers([trial({}, 0.0, "no")], [], TARGETS)
    assert lines(found, TARGETS) == ["no set-up that was tried meets `p95_ttft <= 2s`"]


def test_who_refuses_most_is_not_the_best() -> None:
    assert with_answers(TARGETS) == [*TARGETS, ANSWERED]
    spoken = [*TARGETS, condition("attainment >= 95%")]
    assert with_answers(spoken) == spoken
    assert with_answers([]) == []


@pytest.mark.parametrize(
    ("value", "text", "part"),
    [
        (1.0, "p95_ttft <= 2s", 0.5),
        (3.0, "p95_ttft < 2s", -0.5),
        (3.0, "goodput >= 2", 0.5),
        (1.0, "goodput > 2", -0.5),
        (1.0, "loads <= 0", None),
    ],
)
def test_what_is_to_spare_is_a_part_of_the_limit(
    value: float, text: str, part: float | None
) -> None:
    assert spare(value, condition(text)) == part


def test_a_share_is_spared_in_points() -> None:
    (found,) = answers([trial({}, 1.0)], [], [ANSWERED])
    assert (
        "  answered_share is 100 %, for `answered_share >= 99.0 %`: 1.0 points to spare"
        in lines(found, [ANSWERED])
    )
