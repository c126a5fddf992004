from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.workloads.traces import read_trace

Coterie = Callable[..., Any]


def sampled(coterie: Coterie, csv: Path, *options: str) -> Any:
    out = csv.with_name("out.csv")
    said = coterie("trace", "sample", str(csv), "-o", str(out), "--force", *options)
    assert said.code == 0, said.err
    return read_trace(out)


def test_a_part_of_the_time_begins_at_zero(coterie: Coterie, csv: Path) -> None:
    found = sampled(coterie, csv, "--from", "10s", "--to", "20s")
    assert (len(found), found[0].at_s, found[-1].at_s) == (20, 0.0, 9.5)


def test_a_count_of_requests_and_of_sessions(coterie: Coterie, csv: Path) -> None:
    assert len(sampled(coterie, csv, "--count", "7")) == 7
    found = sampled(coterie, csv, "--count", "7", "--by-session")
    assert (len(found), len({one.session for one in found})) == (28, 7)


def test_a_fraction_within_a_part_of_the_time(coterie: Coterie, csv: Path) -> None:
    found = sampled(coterie, csv, "--fraction", "0.5", "--from", "10s", "--seed", "4")
    assert 35 < len(found) < 65
    assert found == sampled(coterie, csv, "--fraction", "0.5", "--from", "10s", "--seed", "4")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "nothing to sample by: give --fraction, --count, or --from and --to"),
        (["--fraction", "0.1", "--count", "3"], "different samples: give one"),
        (["--fraction", "1.5"], "`--fraction` is 1.5: expected above 0"),
        (["--fraction", "nan"], "`--fraction` is nan: expected above 0"),
        (["--by-session", "--from", "1s"], "`--by-session` says how to draw"),
        (["--fraction", "0.000001"], "no request is left for"),
    ],
)
def test_what_makes_no_sense_is_said(
    coterie: Coterie, csv: Path, options: list[str], told: str
) -> None:
    said = coterie("trace", "sample", str(csv), "-o", str(csv.with_name("out.csv")), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
