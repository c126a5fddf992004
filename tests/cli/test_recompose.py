"""The command: a trace or a journal in, a verdict with its reasons out."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.planner.recomposition import recompose as planned

Coterie = Callable[..., Any]
THREE = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, preload: true, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
- {name: c, engine: echo, options: {hot: 10GB}}
"""
PROFILE = """
version: 1
name: round
tiers:
  hot: {bytes: 1TB, bandwidth: 1TB/s}
  host: {bytes: 1TB, bandwidth: 100GB/s}
links: {count: 1, bandwidth: 10GB/s}
compute: 100TFLOP/s
"""
RECORDED = """
nodes: [{name: local, devices: [{name: ram, hot: 2MiB}]}]
experts:
- {name: parrot, engine: echo, options: {hot: 1MiB}}
- {name: mynah, engine: echo, options: {hot: 1MiB}}
"""
HEADER = "arrival_s,expert,prompt_tokens,output_tokens"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where three.yaml, live.yaml, round.yaml and trace.csv are: `b` is asked for most."""
    (tmp_path / "three.yaml").write_text(THREE)
    (tmp_path / "live.yaml").write_text(RECORDED)
    (tmp_path / "round.yaml").write_text(PROFILE)
    rows = [f"{number * 30},{'abbbbcbbbb'[number % 10]},100,20" for number in range(120)]
    (tmp_path / "trace.csv").write_text("\n".join([HEADER, *rows, ""]))
    return tmp_path


@pytest.fixture
def recompose(coterie: Coterie, folder: Path) -> Coterie:
    """`recompose("--trace", "trace.csv")` plans three.yaml; files are below the folder."""

    def planned(*words: str) -> Any:
        given = [str(folder / word) if word.endswith(".csv") else word for word in words]
        profile = ("--profile", str(folder / "round.yaml"))
        return coterie("recompose", str(folder / "three.yaml"), *profile, *given)

    return planned


def test_who_is_asked_for_most_takes_the_place_of_who_is_not(recompose: Coterie) -> None:
    said = recompose("--trace", "trace.csv")
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "verdict: move"
    assert any("load b n/g 9.31GiB 1s 'b' is asked for" in line for line in lines)
    assert any(line.startswith("unload a n/g", 2) for line in lines)
    assert any(line.startswith("gain: ") for line in lines)


def test_a_document_is_whole_and_the_same_each_time(recompose: Coterie) -> None:
    said = recompose("--trace", "trace.csv", "--json", "--horizon", "2h", "--patience", "20s")
    found = json.loads(said.out)
    assert (found["verdict"], found["before"]) == ("move", ["a@n/g"])
    assert found["target"] == ["b@n/g", "c@n/g"]
    assert found["requests"] == 120
    assert found["forecast"]["horizon_s"] == 7200.0
    assert found["options"]["patience_s"] == 20.0
    again = recompose("--trace", "trace.csv", "--json", "--horizon", "2h", "--patience", "20s")
    assert said.out == again.out


def test_what_a_solver_prints_does_not_come_out(
    recompose: Coterie, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def loud(*given: Any) -> Any:
        os.write(1, b"a line of the search\n")
        return planned(*given)

    monkeypatch.setattr("coterie.cli.recompose.planned", loud)
    said = recompose("--trace", "trace.csv", "--json")
    assert json.loads(said.out)["verdict"] == "move"
    assert "a line of the search" not in capfd.readouterr().out


def test_what_is_in_place_stays(recompose: Coterie) -> None:
    said = recompose("--trace", "trace.csv", "--resident", "b@n/g", "--json")
    found = json.loads(said.out)
    assert (found["verdict"], found["steps"]) == ("stay", [])
    assert found["options"]["patience_s"] == 60.0  # the document's `limits.wait`


def test_what_may_not_be_moved_is_not(recompose: Coterie) -> None:
    said = recompose("--trace", "trace.csv", "--resident", "none", "--budget", "1GiB", "--json")
    found = json.loads(said.out)
    assert (found["verdict"], found["moved_bytes"]) == ("stay", 0)


def test_a_journal_says_what_was_asked_and_who_is_resident(
    coterie: Coterie, folder: Path, recorded: Path
) -> None:
    said = coterie("recompose", str(folder / "live.yaml"), "--journal", str(recorded), "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["before"] == ["mynah@local/ram"]
    assert found["requests"] == 3
    other = coterie(
        "recompose", str(folder / "live.yaml"), "--journal", str(recorded), "--resident", "none",
        "--json",
    )  # fmt: skip
    assert json.loads(other.out)["before"] == []


def test_a_journal_of_others_is_told(coterie: Coterie, folder: Path, recorded: Path) -> None:
    renamed = RECORDED.replace("mynah", "raven")
    (folder / "live.yaml").write_text(renamed)
    words = ("recompose", str(folder / "live.yaml"), "--journal", str(recorded))
    said = coterie(*words, "--rename", "mynah=raven", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["before"] == []
    assert any("ends with 'mynah@local/ram'" in note for note in found["notes"])
    said = coterie(*words)
    assert said.code == 1
    assert "'mynah'" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give either `--journal JOURNAL` or `--trace TRACE`"),
        (["--trace", "trace.csv", "--journal", "x"], "give either `--journal"),
        (["--journal", "x", "--duration", "1h"], "`--duration` is for traces"),
        (["--trace", "trace.csv", "--horizon", "0s"], "`--horizon` is 0: expected more"),
        (["--trace", "trace.csv", "--horizon", "soon"], "`--horizon` is wrong"),
        (["--trace", "trace.csv", "--patience", "-1s"], "`--patience` is wrong"),
        (["--trace", "trace.csv", "--margin", "nan"], "`--margin` is nan: expected"),
        (["--trace", "trace.csv", "--certainty", "1"], "`--certainty` is 1: expected"),
        (["--trace", "trace.csv", "--budget", "much"], "`--budget` is wrong"),
        (["--trace", "trace.csv", "--resident", "z@n/g"], "there is no expert 'z'"),
        (["--trace", "trace.csv", "--speed", "0"], "`--speed` is 0: expected more than 0"),
        (["--trace", "trace.csv", "--profile", "m=cpu"], "there is no node 'm'"),
    ],
)
def test_options_that_make_no_sense_are_exit_status_2(
    recompose: Coterie, words: list[str], told: str
) -> None:
    said = recompose(*words)
    assert said.code == 2
    assert told in said.err
    assert not said.out


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("", "holds no request"),
        ("0,a,100,20\n1,z,100,20\n", "'z'"),
        ("5,a,100,20\n1,b,100,20\n", "--sort"),
        ("0,a,100,20\nnan,b,100,20\n", "line 3"),
        ("-1,a,100,20\n", "line 2"),
    ],
)
def test_a_trace_that_is_wrong_is_exit_status_1(
    recompose: Coterie, folder: Path, rows: str, told: str
) -> None:
    (folder / "bad.csv").write_text(f"{HEADER}\n{rows}")
    said = recompose("--trace", "bad.csv")
    assert said.code == 1
    assert told in said.err


def test_a_journal_that_is_wrong_is_exit_status_1(
    coterie: Coterie, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "0000000001.jsonl"
    path.write_text('{"type":"Snapshot","at":"yesterday"}\n')
    for journal, told in ((path, "line 1"), (tmp_path / "none", "cannot be read")):
        said = coterie("recompose", str(folder / "live.yaml"), "--journal", str(journal))
        assert said.code == 1
        assert told in said.err
