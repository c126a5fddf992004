from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.workloads.traces import read_trace

Coterie = Callable[..., Any]


def generated(coterie: Coterie, folder: Path, *options: str) -> Any:
    out = folder / "out.csv.gz"
    said = coterie("trace", "generate", "-o", str(out), "--force", *options)
    assert (said.code, said.err) == (0, "")
    found = read_trace(out)
    assert said.out == f"{len(found)} requests → {out}\n"
    return found


def test_a_workload_is_made_as_it_is_asked_for(coterie: Coterie, tmp_path: Path) -> None:
    options = [
        "--rate",
        "20",
        "--duration",
        "1m",
        "--experts",
        "a,b",
        "--popularity",
        "weights:3,1",
    ]
    found = generated(coterie, tmp_path, *options, "--prompt-tokens", "64")
    assert len(found) == pytest.approx(1200, rel=0.1)
    assert sum(one.expert == "a" for one in found) / len(found) == pytest.approx(0.75, abs=0.05)
    assert {one.prompt_tokens for one in found} == {64}


def test_the_same_options_and_seed_give_the_same_file(coterie: Coterie, tmp_path: Path) -> None:
    options = ["--process", "gamma", "--cv", "3", "--turns", "3", "--switch", "0.1"]
    out = tmp_path / "out.csv.gz"
    generated(coterie, tmp_path, *options)
    one = out.read_bytes()
    generated(coterie, tmp_path, *options)
    assert out.read_bytes() == one
    generated(coterie, tmp_path, *options, "--seed", "1")
    assert out.read_bytes() != one


def test_a_number_of_requests_ends_it(coterie: Coterie, tmp_path: Path) -> None:
    assert len(generated(coterie, tmp_path, "--requests", "17", "--duration", "365d")) == 17


def test_shifts_and_crowds_are_made(coterie: Coterie, tmp_path: Path) -> None:
    options = ["--rate", "50", "--duration", "2m", "--experts", "a,b,c", "--popularity", "zipf:2"]
    changes = ["--shift-at", "1m", "--flash", "b@10s+10sx20"]
    found = generated(coterie, tmp_path, *options, *changes)

    def asked(expert: str, begin_s: float, end_s: float) -> int:
        return sum(
            1
            for one in found
            if one.expert == expert and begin_s <= one.at_s < end_s
            for one in found
        )

    assert asked("a", 0, 60) > 5 * asked("a", 60, 120)
    assert asked("c", 60, 120) > 5 * asked("c", 0, 60)
    assert asked("b", 10, 20) > 10 * asked("b", 30, 40)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--duration", "0s"], "`--duration` is 0"),
        (["--rate", "0"], "`rate` is 0"),
        (["--rate", "1e12", "--duration", "1s"], "about 1,000,000,000,000 requests: expected at"),
        (["--rate", "0.0000001"], "no request is left for"),
    ],
)
def test_what_makes_no_sense_is_said(
    coterie: Coterie, tmp_path: Path, options: list[str], told: str
) -> None:
    said = coterie("trace", "generate", "-o", str(tmp_path / "out.csv"), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert list(tmp_path.iterdir()) == []
