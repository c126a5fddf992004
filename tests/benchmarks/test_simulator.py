"""Simulations of any size run, and the same one comes to the same."""

from pathlib import Path

from benchmarks.simulator import GOALS, Case, digest, one, outcome_of, plot, scaled

SMALL = Case("small", 6, 2, 2, 2.0, 200)


def test_a_row_tells_of_every_request() -> None:
    row = one(SMALL)
    assert row["requests"] == row["answered"] == 200
    assert row["events"] > 600
    assert row["loads"] >= 6
    assert row["peak MiB"] > 10


def test_the_same_case_has_the_same_digest_and_another_has_not() -> None:
    assert digest(outcome_of(SMALL)) == digest(outcome_of(SMALL))
    other = Case("small", 6, 2, 2, 2.1, 200)
    assert digest(outcome_of(SMALL)) != digest(outcome_of(other))


def test_cases_can_be_tried_with_fewer_requests() -> None:
    assert [case.count for case in scaled(GOALS, 0.001)] == [1000, 1000, 1000]


def test_growth_is_drawn(tmp_path: Path) -> None:
    plot([(10.0, 20.0), (100.0, 25.0)], "nodes", tmp_path / "new" / "growth.png")
    assert (tmp_path / "new" / "growth.png").read_bytes().startswith(b"\x89PNG")
