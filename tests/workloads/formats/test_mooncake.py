import json
from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.traces import Trace


def row(at_ms: float, *blocks: int) -> dict[str, object]:
    length = 512 * len(blocks)
    return {
        "timestamp": at_ms,
        "input_length": length,
        "output_length": 5,
        "hash_ids": list(blocks),
    }


def trace_of(folder: Path, *rows: object) -> Trace:
    (folder / "t.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return Trace(folder / "t.jsonl", TraceOptions(experts=("a", "b", "c")))


def test_requests_that_begin_alike_beyond_the_system_prompt_are_a_conversation(
    tmp_path: Path,
) -> None:
    """0 is the system prompt of all; 10 begins one conversation, 20 another."""
    found = list(
        trace_of(
            tmp_path,
            row(0, 0, 10, 11),
            row(500, 0, 20, 21),
            row(1000, 0, 10, 11, 12),
            row(1500, 0, 20, 21, 22),
            row(2000, 0),
            row(2500, 0, 30),
        )
    )
    assert [one.session for one in found] == ["b10", "b20", "b10", "b20", "", "b30"]
    assert [one.at_s for one in found] == [0, 0.5, 1, 1.5, 2, 2.5]
    assert found[2].prompt_tokens == 2048
    assert found[0].expert == found[2].expert
    assert found[1].expert == found[3].expert


def test_of_many_requests_a_twentieth_is_a_system_prompt(tmp_path: Path) -> None:
    rows = [row(i, 0, 1000 + i // 10) for i in range(1000)]
    found = list(trace_of(tmp_path, *rows))
    assert len({one.session for one in found}) == 100


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({"timestamp": 5}, "line 2: no request of a Mooncake trace: .*input_length"),
        (row(-1, 0, 1), "line 2: 'timestamp' is -1"),
        (row(1, 0, 1) | {"input_length": -5}, "line 2: 'input_length' is -5"),
        ([], "line 2: no request of a Mooncake trace"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, second: object, told: str) -> None:
    with pytest.raises(TraceInvalid, match=told):
        list(trace_of(tmp_path, row(0, 0, 1), second, row(5, 0, 2)))


def test_a_line_that_goes_back_is_told_where_it_is(tmp_path: Path) -> None:
    rows = [row(10, 0, 1), row(5, 0, 1), *(row(20 + i, 0, 2) for i in range(50))]
    with pytest.raises(TraceInvalid, match=r"line 2: 0\.005 s earlier"):
        list(trace_of(tmp_path, *rows))
