"""A few requests as a trace, and a gateway's log of as many."""

import json
from pathlib import Path

import pytest

HEAD = "arrival_s,expert,prompt_tokens,output_tokens,session\n"
LOG = [
    {
        "timestamp": f"2026-05-04T09:00:{i:02}Z",
        "request": {"model": "gpt-4o" if i % 3 else "gpt-4o-mini", "user": "shop"},
        "response": {"usage": {"prompt_tokens": 10 + i, "completion_tokens": 5}},
    }
    for i in range(20)
]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """120 requests, two a second, of 30 sessions with four turns each, to three experts."""
    path = tmp_path / "requests.csv"
    rows = (f"{i / 2},{'abc'[i % 3]},{100 + i},10,s{i % 30}\n" for i in range(120))
    path.write_text(HEAD + "".join(rows))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in LOG))
    return path
