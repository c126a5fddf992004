from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.workloads.requests import Arrival
from coterie.workloads.traces import read_trace

Coterie = Callable[..., Any]


def test_a_gateways_log_becomes_a_trace(coterie: Coterie, log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv.gz"
    renamed = ["--rename", "gpt-4o=base", "--rename", "gpt-4o-mini=small"]
    said = coterie("trace", "convert", str(log), "-o", str(out), *renamed)
    assert (said.code, said.err) == (0, "")
    assert said.out == f"20 requests of {log} (requests) → {out}\n"
    found = read_trace(out)
    assert found[:2] == [
        Arrival(0.0, "small", 10, 5, "shop"),
        Arrival(1.0, "base", 11, 5, "shop"),
    ]


def test_a_journal_becomes_a_trace(coterie: Coterie, recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    said = coterie("trace", "convert", str(recorded), "-o", str(out))
    assert said.code == 0, said.err
    assert [one.expert for one in read_trace(out)] == ["mynah", "parrot", "mynah"]


def test_what_names_no_expert_is_given_some(coterie: Coterie, tmp_path: Path) -> None:
    path, out = tmp_path / "azure.csv", tmp_path / "out.csv"
    rows = "".join(f"2023-11-16 18:15:{i:02}.0,5,1\n" for i in range(60))
    path.write_text(f"TIMESTAMP,ContextTokens,GeneratedTokens\n{rows}")
    said = coterie("trace", "convert", str(path), "-o", str(out))
    assert said.code == 1
    assert "names no expert: say which there are, as --experts 8" in said.err
    given = ["--experts", "hot,cold", "--popularity", "weights:9,1"]
    assert coterie("trace", "convert", str(path), "-o", str(out), *given).code == 0
    found = read_trace(out)
    assert {one.expert for one in found} == {"hot", "cold"}
    assert sum(one.expert == "hot" for one in found) > 45


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--experts", "gpt-4o"], "line 1: expert 'gpt-4o-mini' is none of 'gpt-4o'"),
        (["--format", "azure", "--experts", "a"], "line 1: no column 'TIMESTAMP'"),
        (["--from", "9m"], "holds no request from 540 s on"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    coterie: Coterie, log: Path, tmp_path: Path, options: list[str], told: str
) -> None:
    out = tmp_path / "out.csv"
    said = coterie("trace", "convert", str(log), "-o", str(out), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == []


def test_a_log_out_of_order_is_sorted_on_demand(
    coterie: Coterie, log: Path, tmp_path: Path
) -> None:
    log.write_text("".join(reversed(log.read_text().splitlines(keepends=True))))
    out = tmp_path / "out.csv"
    said = coterie("trace", "convert", str(log), "-o", str(out))
    assert said.code == 1
    assert "line 2: 1 s earlier than the line before: --sort" in said.err
    assert coterie("trace", "convert", str(log), "-o", str(out), "--sort").code == 0
    assert [one.at_s for one in read_trace(out)] == list(range(20))
