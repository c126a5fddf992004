from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.known import FORMATS, named, recognised
from coterie.workloads.lines import opened

FIRST = {
    "csv": "req_id,arrival_s,expert,prompt_tokens,output_tokens",
    "jsonl": '{"at_s": 0, "expert": "a", "prompt_tokens": 1, "output_tokens": 1}',
    "requests": '{"timestamp": 5, "model": "m", "usage": {"prompt_tokens": 1}}',
    "azure": "TIMESTAMP,ContextTokens,GeneratedTokens",
    "mooncake": '{"timestamp": 0, "input_length": 9, "output_length": 5, "hash_ids": [0]}',
    "servegen": "client,window_start_s,rate_rps,cv,arrival,p1,p2",
}


def test_every_format_has_an_example_here() -> None:
    assert list(FIRST) == list(FORMATS)
    assert all(named(name) is FORMATS[name] for name in FORMATS)


@pytest.mark.parametrize(("name", "first"), FIRST.items())
def test_a_format_is_known_by_its_first_line(tmp_path: Path, name: str, first: str) -> None:
    (tmp_path / "t").write_text(f"\n{first}\n")
    with opened(tmp_path / "t") as lines:
        assert recognised(lines).name == name


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("", "holds no request: it is empty"),
        ("a,b,c", r"line 1: no format has the columns \['a', 'b', 'c'\]; Coterie's own has"),
        ("{", "line 1: not a JSON object: .*jq -c"),
        ('[{"a": 1}]', "line 1: not a JSON object, but an array; .*jq -c"),
        ('{"type": "Snapshot", "policy": "cost"}', "is a journal of Coterie's"),
        ("client,window_start_s,field,p1,p99", "the lengths of a ServeGen pool: give"),
    ],
)
def test_what_is_no_trace_is_told(tmp_path: Path, first: str, told: str) -> None:
    (tmp_path / "t").write_text(first)
    with opened(tmp_path / "t") as lines, pytest.raises(TraceInvalid, match=told):
        recognised(lines)
