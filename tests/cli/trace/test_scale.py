from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.workloads.traces import read_trace

Coterie = Callable[..., Any]


def scaled(coterie: Coterie, csv: Path, *options: str) -> Any:
    out = csv.with_name("out.csv")
    said = coterie("trace", "scale", str(csv), "-o", str(out), "--force", *options)
    assert said.code == 0, said.err
    return read_trace(out)


def test_a_speed_divides_times(coterie: Coterie, csv: Path) -> None:
    found = scaled(coterie, csv, "--speed", "4")
    assert [one.at_s for one in found[:3]] == [0, 0.125, 0.25]
    assert found[0].prompt_tokens == 100


def test_a_rate_is_that_of_the_whole(coterie: Coterie, csv: Path) -> None:
    found = scaled(coterie, csv, "--rate", "10")
    assert found[-1].at_s == pytest.approx(11.9)


def test_tokens_are_multiplied(coterie: Coterie, csv: Path) -> None:
    found = scaled(coterie, csv, "--tokens", "0.1", "--speed", "0.5")
    assert [one.at_s for one in found[:2]] == [0, 1]
    assert {one.output_tokens for one in found} == {1}
    assert found[-1].prompt_tokens == 22


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "nothing to change: give --speed, --rate or --tokens"),
        (["--speed", "2", "--rate", "3"], "both say how dense"),
        (["--speed", "0"], "`--speed` is 0: expected a number above 0"),
        (["--rate", "nan"], "`--rate` is nan: expected a number above 0"),
        (["--tokens", "-1"], "`--tokens` is -1: expected a number above 0"),
    ],
)
def test_what_makes_no_sense_is_said(
    coterie: Coterie, csv: Path, options: list[str], told: str
) -> None:
    said = coterie("trace", "scale", str(csv), "-o", str(csv.with_name("out.csv")), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err


def test_one_moment_has_no_rate(coterie: Coterie, csv: Path) -> None:
    csv.write_text("arrival_s,expert,prompt_tokens,output_tokens\n3,a,1,1\n3,a,1,1\n")
    out = csv.with_name("out.csv")
    said = coterie("trace", "scale", str(csv), "-o", str(out), "--rate", "5")
    assert said.code == 1
    assert "has no rate: all its requests come at one moment" in said.err
