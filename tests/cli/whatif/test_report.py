"""What is printed: how points were come by, which are impossible, and notes by what they are of."""

import pytest

from coterie.cli.simulation import parse as condition
from coterie.cli.whatif.answers import answers
from coterie.cli.whatif.explore import Explored
from coterie.cli.whatif.price import Cost
from coterie.cli.whatif.report import notes, remarks, show
from coterie.cli.whatif.sweeps import parse
from coterie.cli.whatif.trials import Trial

COST = Cost(0.0, 1, 1, 0, 1)
SWEEPS = parse(["policy=cost,lru", "hot=1..9:1"])


def trial(hot: int, **rest: object) -> Trial:
    fields = {"figures": {"p95_ttft": 1.0}, **rest}
    return Trial({"policy": "cost", "hot": hot}, COST, **fields)  # type: ignore[arg-type]


def test_a_search_says_what_it_left_out() -> None:
    found = Explored([trial(1), trial(9)], "hot", ({"policy": "lru"},))
    assert remarks(found, SWEEPS) == [
        "2 of 18 points were simulated: hot was searched by bisection, for the least that meets "
        "the target (--full simulates all)",
        "more hot was not always better at policy=lru: all of its values were simulated",
    ]


def test_impossible_points_are_told_the_first_few_of_them() -> None:
    found = Explored([trial(number, figures={}, wrong="no room") for number in range(1, 9)])
    said = remarks(found, SWEEPS)
    assert said[0] == "policy=cost hot=1B is impossible: no room"
    assert said[-1] == "3 more points are impossible"
    assert len(said) == 6


def test_a_note_is_told_once_for_all_of_its_points() -> None:
    found = [trial(1, notes=("large",)), trial(2, notes=("large",)), trial(3, notes=("slow",))]
    assert notes(found) == [
        "policy=cost hot=1B and 1 more points: large",
        "policy=cost hot=3B: slow",
    ]
    many = [trial(number, notes=(f"note {number}",)) for number in range(8)]
    assert notes(many)[-1] == "3 more notes on single points"


def test_all_of_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    targets = [condition("p95_ttft <= 2s")]
    found = Explored([trial(1, figures={"p95_ttft": 3.0}), trial(2)])
    show(found, SWEEPS, [], targets, answers(found.trials, SWEEPS, targets), ["by guess"])
    said = capsys.readouterr().out
    assert [line.split() for line in said.splitlines()[:3]] == [
        ["policy", "hot", "first", "token,", "p95", "target"],
        ["cost", "1B", "3s", "missed"],
        ["cost", "2B", "1s", "met"],
    ]
    assert "the cheapest that will do is policy=cost hot=2B" in said
    assert said.endswith("\nnote: by guess\n")
