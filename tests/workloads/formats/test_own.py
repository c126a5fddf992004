from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.own import is_own
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace

HEAD = "arrival_s,expert,prompt_tokens,output_tokens,tenant,session,priority\n"
WHOLE = [
    Arrival(0.0, "a", 13, 199, "shop", "s1", "batch"),
    Arrival(0.5, "b", 20, 7),
]


def test_csv_may_name_tenant_session_and_priority(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "0,a,13,199,shop,s1,batch\n\n0.5,b,20.0,7,,,\n")
    assert list(Trace(path)) == WHOLE


def test_json_lines_may_and_numbers_may_be_text(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"at_s": 0, "expert": "a", "prompt_tokens": 13, "output_tokens": 199, "tenant": "shop",'
        ' "session": "s1", "priority": "batch", "other": []}\n\n'
        '{"arrival_s": "0.5", "expert": "b", "prompt_tokens": "20", "output_tokens": 7.0}\n'
    )
    assert list(Trace(path)) == WHOLE


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0,a,13,199,,,high", "'priority' is 'high', expected interactive, standard, batch"),
        ("0,a,-1,1,,,", "'prompt_tokens' is '-1', expected a number from 0 up"),
        ("0,a,1,9999999999999,,,", "'output_tokens' is '9999999999999', expected at most"),
        ('0,"a,1,1,,,', "'prompt_tokens' is None, expected a number"),
        ("1e17,a,1,1,,,", "'arrival_s' is '1e17', expected seconds, at most 10,000,000,000"),
        ("0,b", "'prompt_tokens' is None, expected a number"),
    ],
)
def test_what_is_wrong_in_csv_is_told_with_its_line(tmp_path: Path, row: str, told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}0,a,1,1,,,\n{row}\n")
    with pytest.raises(TraceInvalid, match=f"line 3: {told}"):
        list(Trace(path))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"at_s": 1e999, "expert": "a", "prompt_tokens": 1, "output_tokens": 1}', "JSON object"),
        ('{"at_s": -1, "expert": "a", "prompt_tokens": 1, "output_tokens": 1}', "'at_s' is -1"),
        ('{"at_s": 1, "expert": "", "prompt_tokens": 1, "output_tokens": 1}', "'expert' is ''"),
        ('{"at_s": 1, "expert": "a", "prompt_tokens": 1.5, "output_tokens": 1}', "whole number"),
        ('{"at_s": 1, "expert": "a", "output_tokens": 1}', "'prompt_tokens' is None"),
        ("[1, 2]", "not a JSON object"),
    ],
)
def test_what_is_wrong_in_json_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        f'{{"at_s": 0, "expert": "a", "prompt_tokens": 1, "output_tokens": 1}}\n{line}\n'
    )
    with pytest.raises(TraceInvalid, match=f"line 2: .*{told}"):
        list(Trace(path))


def test_it_is_known_by_its_columns() -> None:
    assert is_own(["arrival_s"])
    assert is_own({"expert": 1})
    assert not is_own(["TIMESTAMP"])
