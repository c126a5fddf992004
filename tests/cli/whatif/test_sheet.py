"""A row for each point: what was varied, figures that matter, and whether targets are met."""

import json

import pytest

from coterie.cli.simulation import parse as condition
from coterie.cli.whatif.answers import Answer
from coterie.cli.whatif.explore import Explored
from coterie.cli.whatif.price import Cost
from coterie.cli.whatif.sheet import document, first, is_text, legend, metrics_of, shown, table
from coterie.cli.whatif.sweeps import parse
from coterie.cli.whatif.trials import Trial
from coterie.errors import BadRequest

GIB = 1024**3
SWEEPS = parse(["hot=1GiB,2GiB,3GiB", "policy=cost"])
TARGETS = [condition("p95_ttft <= 2s")]
COST = Cost(0.0, 1, GIB, 0, 1)
TRIALS = [
    Trial({"hot": GIB, "policy": "cost"}, COST, {}, "it does not fit"),
    Trial(
        {"hot": 2 * GIB, "policy": "cost"},
        COST,
        {"p95_ttft": 3.0, "goodput": 1.5, "attainment": None, "loads": 3.0},
    ),
    Trial({"hot": 3 * GIB, "policy": "cost"}, COST, {"p95_ttft": 1.0, "goodput": 2.5}),
]


def test_figures_are_those_of_targets_and_the_usual_ones_that_there_are() -> None:
    assert shown(TRIALS, [], TARGETS) == ["p95_ttft", "goodput"]
    assert shown(TRIALS, ["attainment", "loads"], []) == ["attainment", "loads"]


def test_a_row_has_the_point_its_figures_and_the_verdict() -> None:
    columns, rows = table(Explored(TRIALS), SWEEPS, ["p95_ttft"], TARGETS)
    assert columns == ["hot", "policy", "first token, p95", "target"]
    assert rows == [
        ["1GiB", "cost", "-", "impossible"],
        ["2GiB", "cost", "3s", "missed"],
        ["3GiB", "cost", "1s", "met"],
    ]
    assert [is_text(column) for column in columns] == [False, True, False, True]


def test_without_targets_there_is_no_verdict() -> None:
    columns, _ = table(Explored(TRIALS), SWEEPS, ["p95_ttft"], [])
    assert columns == ["hot", "policy", "first token, p95"]


def test_columns_are_explained_once() -> None:
    (line,) = legend(["p50_ttft", "p95_ttft", "requests"])
    assert line.startswith("first token: ")


def test_what_is_drawn_is_the_first_that_is_asked_for() -> None:
    assert first(TARGETS, ["goodput"]) == "p95_ttft"
    assert first([], ["goodput"]) == "goodput"
    assert first([], []) == "p95_ttft"


def test_a_metric_that_there_is_not_is_an_error() -> None:
    assert metrics_of(["goodput, p95_ttft", "goodput"]) == ["goodput", "p95_ttft"]
    with pytest.raises(BadRequest, match="no figure is called 'godput'; did you mean 'goodput'"):
        metrics_of(["godput"])


def test_a_document_has_plain_values() -> None:
    answer = Answer({}, TRIALS[2], TRIALS[1])
    found = json.loads(json.dumps(document(Explored(TRIALS), SWEEPS, TARGETS, [answer])))
    assert found["sweeps"]["hot"] == [GIB, 2 * GIB, 3 * GIB]
    assert [one["met"] for one in found["points"]] == [False, False, True]
    assert found["points"][0]["impossible"] == "it does not fit"
    assert found["points"][1]["missed"] == ["p95_ttft <= 2s"]
    assert found["answers"][0]["cheapest"]["point"] == {"hot": 3 * GIB, "policy": "cost"}
    assert found["answers"][0]["next_cheaper"]["figures"]["p95_ttft"] == 3.0
    assert found["points"][1]["cost"]["hour"] is None
