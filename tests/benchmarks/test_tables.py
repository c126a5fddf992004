import json

import pytest

from benchmarks.tables import Result, cell, machine, show, table, to_json

RESULT = Result(
    "switch",
    "how long",
    [{"system": "a", "median ms": 683.4}, {"system": "b", "loads": 3}],
    notes=("measured in turns",),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (0.12345, "0.123"),
        (4.0, "4"),
        (12345.6, "12,346"),
        (12345, "12,345"),
        (True, "yes"),
        ("text", "text"),
    ],
)
def test_a_cell_has_three_digits_that_matter(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_columns_are_the_keys_in_order_and_gaps_stay_blank() -> None:
    columns = {column.header: list(column.cells) for column in table(RESULT).columns}
    assert columns == {"system": ["a", "b"], "median ms": ["683", ""], "loads": ["", "3"]}


def test_the_document_says_where_it_was_measured() -> None:
    document = to_json(RESULT)
    assert document["rows"] == [dict(row) for row in RESULT.rows]
    assert document["machine"].keys() == machine().keys()


def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show([RESULT], as_json=True)
    (document,) = json.loads(capsys.readouterr().out)
    assert document["benchmark"] == "switch"


def test_people_see_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    show([RESULT], as_json=False)
    printed = capsys.readouterr().out
    assert "switch: how long" in printed
    assert "measured in turns" in printed
    assert "cores" in printed
