"""The command: everything in one page or one document, and an exit status for pipelines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]
OLD = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 10GB}]}]
experts:
- {name: a, engine: echo, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
"""
NEW = OLD.replace("hot: 10GB}]", "hot: 20GB}]").replace(
    "b, engine: echo", "b, engine: echo, pin: true"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where old.yaml, new.yaml and trace.csv are."""
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(NEW)
    rows = [f"{number * 10},{'ab'[number % 2]},100,20" for number in range(20)]
    trace = ["arrival_s,expert,prompt_tokens,output_tokens", *rows, ""]
    (tmp_path / "trace.csv").write_text("\n".join(trace))
    return tmp_path


@pytest.fixture
def plan(coterie: Coterie, folder: Path, profile: str) -> Coterie:
    """`plan("--against", "old.yaml")` plans new.yaml; names of files are below the folder."""

    def planned(*words: str) -> Any:
        names = {"old.yaml", "new.yaml", "trace.csv", "page.html"}
        given = [str(folder / word) if word in names else word for word in words]
        return coterie("plan", str(folder / "new.yaml"), "--profile", profile, *given)

    return planned


def test_alone_it_says_what_fits_and_what_is_loaded_first(plan: Coterie) -> None:
    said = plan()
    assert said.code == 0, said.err
    titles = [line for line in said.out.splitlines() if line and line[0].islower()]
    assert {"fit", "predicted", "warnings"} <= set(titles)
    assert "steps from empty machines" in titles
    assert "2 of 2 experts can be hot at the same time: nobody ever has to make room" in said.out


def test_beside_another_it_says_the_way_and_what_it_brings(plan: Coterie) -> None:
    said = plan("--against", "old.yaml", "--trace", "trace.csv")
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "~ expert 'b': `pin` is true, was false" in lines
    assert "~ device 'n/g': `hot` is 18.63GiB, was 9.31GiB" in lines
    assert any(line.startswith("1 load b n/g 9.31GiB") for line in lines)
    assert "predicted for 20 requests" in lines
    assert any(line.startswith("switches 3") and "0/h -100 %, better" in line for line in lines)


def test_a_document_is_whole(plan: Coterie) -> None:
    said = plan("--against", "old.yaml", "--trace", "trace.csv", "--json")
    found = json.loads(said.out)
    assert [one["action"] for one in found["way"]["steps"]] == ["load", "unload"]
    figures = [found["predicted"][when]["figures"] for when in ("before", "after")]
    assert [one["switches"] for one in figures] == [19, 0]
    assert [one["kind"] for one in found["warnings"]] == ["one_device"]
    assert said.out == plan("--against", "old.yaml", "--trace", "trace.csv", "--json").out


def test_a_condition_that_holds_is_exit_status_1(plan: Coterie) -> None:
    asked = ("--trace", "trace.csv")
    said = plan(*asked, "--fail-on", "p50_ttft > 500ms", "--fail-on", "answered < 20")
    assert said.code == 0
    assert "`p50_ttft > 500ms` does not hold" in said.out
    said = plan(*asked, "--fail-on", "answered < 20", "--hot", "10GB")
    assert said.code == 1
    assert "`answered < 20` holds: this fails" in said.out


def test_strict_fails_on_a_serious_warning(plan: Coterie) -> None:
    assert plan("--hot", "10GB").code == 0
    said = plan("--hot", "10GB", "--strict")
    assert said.code == 1
    assert "! 'a' never fits beside what is pinned on 'n/g'" in said.out
    assert plan("--strict").code == 0


def test_what_fits_nowhere_is_a_warning_once(plan: Coterie) -> None:
    said = plan("--hot", "5GB")
    assert said.out.count("'a' needs 9.31GiB of hot memory") == 1
    assert said.code == 0


def test_a_page_is_written(plan: Coterie, folder: Path) -> None:
    said = plan("--against", "old.yaml", "--trace", "trace.csv", "--report", "page.html")
    assert said.code == 0, said.err
    page = (folder / "page.html").read_text()
    assert "<title>Plan of new.yaml</title>" in page
    assert "before" in page


def test_requests_may_be_made(plan: Coterie) -> None:
    said = plan("--rate", "0.5", "--duration", "1m", "--policy", "lru", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["predicted"]["after"]["policy"] == "lru"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fail-on", "p95_ttft > 2s"], "`--fail-on` needs requests: give `--trace FILE`"),
        (["--report", "page.html"], "`--report` needs requests"),
        (["--fail-on", "speed > 2s"], "`--fail-on` is wrong: no figure is called 'speed'"),
        (["--rate", "1", "--trace", "trace.csv"], "either `--trace FILE` or `--rate"),
        (["--rate", "nan"], "rate"),
        (["--rate", "1", "--fail-on", "attainment < 99%"], "no request has a latency budget"),
        (["--hot", "much"], "`--hot` is wrong"),
    ],
)
def test_what_makes_no_sense_is_exit_status_2(plan: Coterie, words: list[str], told: str) -> None:
    said = plan(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--against", "none.yaml"], "none.yaml: cannot be read"),
        (["--against", "http://127.0.0.1:9"], "no answer from http://127.0.0.1:9"),
        (["--trace", "none.csv"], "none.csv"),
        (["--policy", "best"], "no policy 'best'"),
    ],
)
def test_what_cannot_be_read_is_exit_status_1(plan: Coterie, words: list[str], told: str) -> None:
    said = plan(*words)
    assert (said.code, said.out) == (1, "")
    assert told in said.err


def test_a_document_that_is_wrong_is_told_whole(coterie: Coterie, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("nodes: []\nexperts: [{name: a, engin: echo}]\n")
    said = coterie("plan", str(file))
    assert (said.code, said.out) == (1, "")
    assert "did you mean 'engine'?" in said.err
