"""The command: a table, an answer, and an exit status for pipelines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]


@pytest.fixture
def what(coterie: Coterie, file: Path, profile: str) -> Coterie:
    """`what("--sweep", …)` with requests for everybody in turn."""
    trace = file.with_name("trace.csv")
    rows = [f"{number * 2},{'abcd'[number % 4]},100,20" for number in range(100)]
    trace.write_text("\n".join(["arrival_s,expert,prompt_tokens,output_tokens", *rows, ""]))
    given = ("whatif", str(file), "--trace", str(trace), "--profile", profile)
    return lambda *words: coterie(*given, *words)


def test_each_point_is_a_row(what: Coterie) -> None:
    said = what("--sweep", "hot=20GB,40GB", "--sweep", "policy=cost,lru")
    assert said.code == 0, said.err
    rows = [line.split() for line in said.out.splitlines()[:5]]
    assert rows[0][:2] == ["hot", "policy"]
    assert [row[:2] for row in rows[1:]] == [
        ["20GB", "cost"],
        ["20GB", "lru"],
        ["40GB", "cost"],
        ["40GB", "lru"],
    ]
    assert "first token: from a request's arrival" in said.out


def test_the_cheapest_that_will_do_is_found(what: Coterie) -> None:
    said = what("--sweep", "hot=20GB..60GB:1GB", "--target", "p95_ttft <= 500ms", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["searched_along"] == "hot"
    assert len(found["points"]) < 15
    (answer,) = found["answers"]
    assert answer["cheapest"]["point"] == {"hot": 40 * 10**9}
    assert answer["next_cheaper"]["point"] == {"hot": 39 * 10**9}
    assert answer["next_cheaper"]["figures"]["p95_ttft"] > 0.5
    full = what(
        "--sweep", "hot=20GB..60GB:1GB", "--target", "p95_ttft <= 500ms", "--json", "--full"
    )
    everything = json.loads(full.out)
    assert len(everything["points"]) == 41
    assert everything["answers"][0]["cheapest"]["point"] == answer["cheapest"]["point"]


def test_a_target_that_nothing_meets_is_exit_status_1(what: Coterie) -> None:
    said = what("--sweep", "hot=20GB,30GB", "--target", "p95_ttft <= 1ms")
    assert said.code == 1
    assert "no set-up that was tried meets `p95_ttft <= 1ms`" in said.out
    assert "the nearest is hot=" in said.out


def test_nothing_possible_is_exit_status_1(what: Coterie) -> None:
    said = what("--sweep", "hot=1GB,2GB")
    assert said.code == 1
    assert "hot=976.6MiB is impossible: 'a' needs" not in said.err
    assert "is impossible: 'a' needs 9.31GiB of hot memory" in said.out


def test_the_same_in_other_processes(what: Coterie) -> None:
    sweep = ("--sweep", "hot=20GB,40GB", "--json")
    assert what(*sweep, "--jobs", "2").out == what(*sweep).out


def test_a_picture_is_written(what: Coterie, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    target = tmp_path / "frontier.svg"
    said = what("--sweep", "hot=20GB,30GB,40GB", "--plot", str(target))
    assert said.code == 0, said.err
    assert "<svg" in target.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing is varied: give `--sweep`"),
        (["--sweep", "hott=1"], "did you mean 'hot'?"),
        (["--sweep", "nodes=1..20", "--sweep", "parallel=1..11"], "220 combinations; at most 200"),
        (["--sweep", "nodes=1,2", "--target", "speed < 1"], "`--target` is wrong: no figure"),
        (["--sweep", "nodes=1,2", "--metric", "speed"], "`--metric`: no figure is called 'speed'"),
        (["--sweep", "nodes=1,2", "--price", "much"], "`--price` is wrong"),
        (["--sweep", "nodes=1,2", "--plot", "x.pdf"], "`--plot` is 'x.pdf'"),
        (["--sweep", "policy=cost,lru", "--plot", "x.svg"], "`--plot` needs a sweep"),
        (["--sweep", "nodes=1,2", "--rate", "1"], "either `--trace FILE` or `--rate"),
        (["--sweep", "nodes=1,2", "--hot", "0"], "`--hot` is 0"),
    ],
)
def test_what_makes_no_sense_is_exit_status_2(what: Coterie, words: list[str], told: str) -> None:
    said = what(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_profile_that_is_not_there_is_told(what: Coterie) -> None:
    said = what("--sweep", "profile=h300")
    assert (said.code, said.out) == (1, "")
    assert "no profile 'h300'" in said.err
