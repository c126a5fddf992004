import gzip
from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace, read_trace

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


def test_a_gzip_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode())[:-12])
    with pytest.raises(TraceInvalid, match=r"after line \d+: the gzip file is cut off"):
        read_trace(path)


AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.5000000,374,44
2023-11-16 18:17:04.0000000,396,109
"""
LATE = HEAD + "5,a,1,1\n5,b,1,1\n2,a,3,1\n"


def written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_line_that_goes_back_is_refused_unless_the_trace_is_to_be_sorted(tmp_path: Path) -> None:
    path = written(tmp_path, LATE)
    with pytest.raises(TraceInvalid, match=r"line 4: 3 s earlier than .*: --sort"):
        list(Trace(path))
    assert [one.at_s for one in Trace(path, TraceOptions(sort=True))] == [2, 5, 5]


def test_dated_times_count_from_the_first_request(tmp_path: Path) -> None:
    trace = Trace(written(tmp_path, AZURE), TraceOptions(experts=("a",)))
    assert [one.at_s for one in trace] == [0.0, 0.5]
    assert trace.format == "azure"
    assert trace.size_bytes == len(AZURE)
    assert list(trace) == list(trace), "it is read anew"


def test_experts_are_given_out_where_none_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, AZURE)
    with pytest.raises(TraceInvalid, match="names no expert: say which there are, as --experts 8"):
        list(Trace(path))
    assert [one.expert for one in Trace(path, TraceOptions(nobody="?"))] == ["?", "?"]
    one, two = (
        [one.expert for one in Trace(path, TraceOptions(experts=("a", "b", "c"), seed=seed))]
        for seed in (1, 1)
    )
    assert one == two


def test_an_unknown_expert_is_told_with_its_line_after_models_were_renamed(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "0,gpt,1,1\n1,b,1,1\n")
    with pytest.raises(TraceInvalid, match=r"line 2: expert 'gpt' is none of 'a', 'b'; --rename"):
        list(Trace(path, TraceOptions(experts=("a", "b"))))
    options = TraceOptions(experts=("a", "b"), names={"gpt": "a"})
    assert [one.expert for one in Trace(path, options)] == ["a", "b"]


def test_a_part_of_the_time_begins_at_zero(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "".join(f"{i},a,{i},1\n" for i in range(9)))
    found = list(Trace(path, TraceOptions(begin_s=3, end_s=5)))
    assert [(one.at_s, one.prompt_tokens) for one in found] == [(0, 3), (1, 4)]
    with pytest.raises(TraceInvalid, match="holds no request from 99 s on"):
        list(Trace(path, TraceOptions(begin_s=99)))


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    trace = Trace(written(tmp_path, HEAD + "0,a,1,1\n" * 10_000))
    assert trace.read_bytes == 0
    arrivals = iter(trace)
    next(arrivals)
    assert 0 < trace.read_bytes <= trace.size_bytes
    assert Trace(tmp_path / "gone.csv").size_bytes == 0


def test_the_format_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, '{"expert": "a", "timestamp": 5, "model": "m", "usage": {}}\n')
    with pytest.raises(TraceInvalid, match="no tokens"):
        list(Trace(path, TraceOptions(format="requests")))
    with pytest.raises(TraceInvalid, match="no format 'xml': there are csv, jsonl"):
        list(Trace(path, TraceOptions(format="xml")))
