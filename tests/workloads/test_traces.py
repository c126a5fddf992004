import gzip
from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import read_trace

CSV = """req_id,arrival_s,expert,prompt_tokens,output_tokens
1,0.5,b,20,7
0,0.0,a,13,199
"""
JSONL = """{"at_s": 0.0, "expert": "a", "prompt_tokens": 13, "output_tokens": 199}

{"arrival_s": 0.5, "expert": "b", "prompt_tokens": 20, "output_tokens": 7}
"""
BOTH = [Arrival(0.0, "a", 13, 199), Arrival(0.5, "b", 20, 7)]


@pytest.mark.parametrize(("name", "text"), [("t.csv", CSV), ("t.jsonl", JSONL)])
def test_both_formats_are_read_in_order_of_time(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_trace(path) == BOTH


@pytest.mark.parametrize(("name", "text"), [("t.csv.gz", CSV), ("t.jsonl.gz", JSONL)])
def test_either_may_be_gzip(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()))
    assert read_trace(path) == BOTH


HEAD = "arrival_s,expert,prompt_tokens,output_tokens\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arrival_s,expert,prompt_tokens\n", "line 1: no column 'output_tokens'"),
        ("when,expert,prompt_tokens,output_tokens\n", "line 1: no column 'arrival_s'"),
        (HEAD + "0,a,1,1\nsoon,a,1,1\n", "line 3: 'arrival_s' is 'soon'"),
        (HEAD + "-1,a,1,1\n", "line 2: 'arrival_s' is '-1'"),
        (HEAD + "nan,a,1,1\n", "line 2: 'arrival_s' is 'nan'"),
        (HEAD + "0,,1,1\n", "line 2: 'expert' is ''"),
        (HEAD + "0,a,1.5,1\n", "line 2: 'prompt_tokens' is '1.5', expected a whole number"),
        (HEAD + "0,a,1\n", "line 2: 'output_tokens' is None"),
        (HEAD, "holds no request"),
    ],
)
def test_a_csv_that_is_wrong_is_refused_with_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(TraceInvalid, match=told):
        read_trace(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (JSONL + "{\n", "line 4: not a JSON object"),
        ("[1]\n", "line 1: not a JSON object"),
        ('{"at_s": 1, "expert": 7, "prompt_tokens": 1, "output_tokens": 1}\n', "'expert' is 7"),
        ('{"expert": "a", "prompt_tokens": 1, "output_tokens": 1}\n', "'arrival_s' is None"),
    ],
)
def test_json_lines_that_are_wrong_are_refused_with_their_place(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(TraceInvalid, match=told):
        read_trace(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceInvalid, match=r"no trace at .*gone\.csv"):
        read_trace(tmp_path / "gone.csv")


def test_a_name_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceInvalid, match=r"no trace by its name: use \.csv or \.jsonl"):
        read_trace(tmp_path / "t.parquet")


def test_a_gzip_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode())[:-12])
    with pytest.raises(TraceInvalid, match="cannot be read as csv"):
        read_trace(path)
