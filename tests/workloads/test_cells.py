from typing import Any

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads import cells


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.0", " 7"])
def test_a_number_may_be_written_in_several_ways(value: Any) -> None:
    assert cells.number({"n": value}, "n", "here") == 7.0
    assert cells.tokens({"n": value}, "n", "here") == 7


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("soon", "here: 'n' is 'soon', expected a number"),
        (None, "here: 'n' is None, expected a number"),
        (True, "here: 'n' is True, expected a number from 0 up"),
        (-1, "here: 'n' is -1, expected a number from 0 up"),
        ("nan", "here: 'n' is 'nan', expected a number from 0 up"),
        (float("inf"), "here: 'n' is inf, expected a number from 0 up"),
        ([1], r"here: 'n' is \[1\], expected a number"),
        (1.5, "here: 'n' is 1.5, expected a whole number"),
        (10**12, "expected at most 1,000,000,000"),
        ("x" * 999, r"is 'x{56}\.\.\., expected a number"),
    ],
)
def test_what_is_no_count_of_tokens_is_told(value: Any, told: str) -> None:
    with pytest.raises(TraceInvalid, match=told):
        cells.tokens({"n": value}, "n", "here")


def test_a_time_is_in_seconds_and_not_of_another_age() -> None:
    assert cells.seconds({"t": "1.5"}, "t", "here") == 1.5
    with pytest.raises(
        TraceInvalid, match=r"here: 't' is 1e[+]17, expected seconds, at most 10,000"
    ):
        cells.seconds({"t": 1e17}, "t", "here")


def test_a_name_is_text_that_is_not_empty() -> None:
    assert cells.name({"n": "base"}, "n", "here") == "base"
    for value in ("", "  ", None, 7):
        with pytest.raises(TraceInvalid, match="expected a name"):
            cells.name({"n": value}, "n", "here")


def test_a_text_may_be_missing_or_a_number() -> None:
    assert [cells.text({"n": value}, "n", "here") for value in ("a", "", None, 7)] == [
        *("a", "", "", "7"),
    ]
    with pytest.raises(TraceInvalid, match="expected a name, or nothing"):
        cells.text({"n": {}}, "n", "here")


def test_a_priority_is_one_of_three() -> None:
    assert cells.priority({"priority": "batch"}, "here") == "batch"
    assert cells.priority({}, "here") == "standard"
    with pytest.raises(TraceInvalid, match="expected interactive, standard, batch"):
        cells.priority({"priority": "high"}, "here")
