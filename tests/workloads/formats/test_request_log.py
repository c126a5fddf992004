import json
from pathlib import Path
from typing import Any

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace

USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
FIRST = {"timestamp": 1777896000, "model": "first", "usage": USAGE}


def trace_of(folder: Path, *rows: Any, options: TraceOptions | None = None) -> Trace:
    (folder / "t.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return Trace(folder / "t.jsonl", options or TraceOptions())


SHAPES: list[Any] = [
    {"created": 1777896002, "model": "m", "usage": USAGE, "object": "chat.completion"},
    {"time": "2026-05-04T12:00:02Z", "request": {"model": "m"}, "response": {"usage": USAGE}},
    {
        "@timestamp": "2026-05-04T14:00:02+02:00",
        "request": {"body": {"model": "m", "messages": [{"role": "user", "content": "x"}]}},
        "response": {"status": 200, "body": {"usage": USAGE}},
    },
    {
        "ts": 1777896002_000,
        "request_body": '{"model": "m"}',
        "response_body": json.dumps({"usage": USAGE}),
    },
    {
        "startTime": 1777896002.0,
        "endTime": 1777896009.0,
        "status": "success",
        "model": "openai/m-2026",
        "model_group": "m",
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "model_map_information": {"model": "other"},
    },
    {"timestamp": 1777896002, "model": "m", "usage": {"input_tokens": 20, "output_tokens": 10}},
    {
        "arrival_time": 1777896002,
        "model": "m",
        "num_prompt_tokens": 20,
        "num_generation_tokens": 10,
    },
    {
        "timestamp": "1777896002",
        "attributes": {
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 10,
        },
    },
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: next(iter(shape)))
def test_gateways_write_the_same_in_many_ways(tmp_path: Path, shape: Any) -> None:
    trace = trace_of(tmp_path, FIRST, shape)
    assert list(trace) == [Arrival(0.0, "first", 20, 10), Arrival(2.0, "m", 20, 10)]
    assert trace.format == "requests"


def test_who_asked_in_which_conversation_and_how_urgently_is_kept(tmp_path: Path) -> None:
    rows = [
        FIRST | {"user": "u7", "session_id": "c1", "priority": "interactive"},
        FIRST | {"metadata": {"user_api_key_team_id": "team-a", "session_id": 12}, "priority": 3},
        FIRST | {"request": {"user": "u8"}, "tenant": "shop"},
        FIRST | {"user": {"id": 7}, "session": [1]},  # of another meaning
    ]
    assert [(a.tenant, a.session, a.priority) for a in trace_of(tmp_path, *rows)] == [
        ("u7", "c1", "interactive"),
        ("team-a", "12", "standard"),
        ("shop", "", "standard"),
        ("", "", "standard"),
    ]


def test_embeddings_have_no_output(tmp_path: Path) -> None:
    row = FIRST | {"usage": {"prompt_tokens": 9, "total_tokens": 9}}
    assert [one.output_tokens for one in trace_of(tmp_path, row)] == [0]


@pytest.mark.parametrize(
    "failed",
    [
        {"status": "failure"},
        {"status_code": 503, "usage": None},
        {"response": {"status": "429"}},
        {"error": {"message": "busy"}},
    ],
)
def test_failed_requests_without_usage_are_passed_over_and_counted(
    tmp_path: Path, failed: Any
) -> None:
    trace = trace_of(tmp_path, FIRST, {"timestamp": 1777896001, "model": "m"} | failed)
    assert len(list(trace)) == 1
    assert trace.remarks == {"failed requests without usage": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"model": "m", "usage": USAGE}, "no time: looked for 'startTime'"),
        ({"timestamp": 1777896001, "usage": USAGE}, "no model: looked for 'model_group', 'model'"),
        ({"timestamp": 1777896001, "model": "m"}, "no tokens: .*include_usage.*--skip-incomplete"),
    ],
)
def test_incomplete_lines_are_told_or_passed_over(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(TraceInvalid, match=f"line 2: {told}"):
        list(trace_of(tmp_path, FIRST, row))
    lenient = TraceOptions(skip_incomplete=True)
    trace = trace_of(tmp_path, FIRST, row, options=lenient)
    assert len(list(trace)) == 1
    assert trace.remarks == {"incomplete lines": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"timestamp": "soon", "model": "m", "usage": USAGE}, "'timestamp' is 'soon'"),
        ({"timestamp": 1777896001, "model": 7, "usage": USAGE}, "'model' is 7, expected a name"),
        (
            {"timestamp": 1777896001, "model": "m", "usage": {"prompt_tokens": -1}},
            "'prompt_tokens' is -1",
        ),
        ({"timestamp": "2026-05-04T12:00:00", "model": "m", "usage": USAGE}, "without an offset"),
        ({"timestamp": 1777895999, "model": "m", "usage": USAGE}, "1 s earlier"),
        ([], "not a JSON object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(TraceInvalid, match=f"line 2: .*{told}"):
        list(trace_of(tmp_path, FIRST, row, options=TraceOptions(skip_incomplete=True)))
