"""A journal of a real server, had again in a model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]


def test_what_happened_stands_beside_what_the_model_makes_of_it(
    coterie: Coterie, recorded: Path
) -> None:
    said = coterie("simulate", str(recorded), "--json")
    assert said.code == 0, said.err
    happened, simulated = json.loads(said.out)
    assert (happened["how"], simulated["how"]) == ("recorded", "simulated")
    assert happened["requests"] == simulated["requests"] == 3
    assert happened["answered"] == simulated["answered"] == 3
    assert (happened["loads"], simulated["loads"]) == (4, 2)  # one was loaded before it was asked


def test_what_if_is_a_row_each(coterie: Coterie, recorded: Path) -> None:
    options = ["--policy", "lru", "--policy", "cost", "--hot", "3MiB", "--speed", "2"]
    said = coterie("simulate", str(recorded), *options)
    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines() if line.startswith("what if")]
    assert [line[2] for line in lines] == ["lru", "cost"]
    assert {line[-1] for line in lines} == {"2"}  # loads: now there is room for both


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--policy", "best"], "no policy 'best'"),
        (["--hot", "much"], "`--hot` is wrong"),
        (["--speed", "0"], "`--speed` is 0: expected more than 0"),
        (["--cores", "0"], "`--cores` is 0: expected more than 0"),
    ],
)
def test_what_makes_no_sense_is_said(
    coterie: Coterie, recorded: Path, options: list[str], told: str
) -> None:
    said = coterie("simulate", str(recorded), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not even a snapshot"),
        (b'{"type":"Sneezed"}\n', "line 1: "),
        (b'{"type":"Tick","at":1.0}\n', "begins in the middle"),
    ],
)
def test_what_is_no_journal_is_told(
    coterie: Coterie, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "0000000001.jsonl"
    file.write_bytes(content)
    said = coterie("simulate", str(file))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    gone = coterie("simulate", str(tmp_path / "gone"))
    assert gone.code == 1
    assert "gone' cannot be read" in gone.err


def test_a_journal_without_requests_has_nothing_to_simulate(
    coterie: Coterie, recorded: Path, tmp_path: Path
) -> None:
    (segment,) = recorded.iterdir()
    file = tmp_path / segment.name
    lines = segment.read_bytes().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if b'"Arrived"' in line)
    file.write_bytes(b"".join(lines[:first]))
    said = coterie("simulate", str(file))
    assert said.code == 1
    assert "has no request whose end it tells of" in said.err
