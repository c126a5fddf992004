"""What the live benchmark of routes counts."""

from pathlib import Path

import numpy as np

from benchmarks.routing_live import Answered, drawn, route, row_of
from coterie.router.ratings import Ratings

HELD = Ratings(
    ("0", "1", "2"),
    ("a", "b", "c"),
    ("", "", ""),
    ("x", "y"),
    np.array([[1, 0], [0.5, 0.25], [0, 1]], dtype=np.float32),
)


def test_who_was_not_answered_has_no_quality_and_is_not_in_time() -> None:
    found = [Answered(0, "x", 0.5), Answered(1, "y", 3.0), Answered(2, "", float("inf"))]
    row = row_of("priced", 2.0, HELD, found, 4)
    assert (row["sent"], row["answered"], row["in time"], row["loads"]) == (3, 2, 1, 4)
    assert row["quality %"] == 100.0


def test_each_prompt_comes_once_and_in_time_order() -> None:
    arrivals = drawn([5, 6, 7, 8], 100.0, 60.0, 0)
    assert sorted(row for _, row in arrivals) == [5, 6, 7, 8]
    assert arrivals == sorted(arrivals)
    assert drawn([5, 6, 7, 8], 100.0, 60.0, 0) == arrivals
    assert all(at < 0.001 for at, _ in drawn(list(range(99)), 100.0, 0.001, 1))


def test_dials_go_into_the_document() -> None:
    said = route(["x", "y"], Path("r.router"), {"economy": 0.0})
    assert said["economy"] == 0.0
    assert said["candidates"] == ["x", "y"]
