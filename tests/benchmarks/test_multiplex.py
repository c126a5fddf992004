from pathlib import Path

import pytest

from benchmarks.multiplex import Field, is_broken, medians, row_of
from benchmarks.watching import Watched
from coterie.workloads import Answer


@pytest.fixture
def field(tmp_path: Path) -> Field:
    file = tmp_path / "expert-00.gguf"
    file.write_bytes(bytes(1000))
    return Field((file,), tmp_path, tmp_path)


def answer(first_s: float, sent_s: float = 0.0, error: str = "") -> Answer:
    return Answer("a", sent_s, 200, first_s + 1, first_s=first_s, error=error)


def test_a_request_without_an_answer_is_not_within_the_limit(field: Field) -> None:
    answers = [answer(1.0), answer(4.9, 5.0), answer(5.1, 8.0), answer(0.1, 10.0, "worker_lost")]
    watched = Watched()
    watched.below_bytes, watched.total_bytes = 300 << 20, 350 << 20
    row = row_of("lru", 0.2, answers, 7, watched, 400 << 20, field, 12.0)
    assert (row["sent"], row["answered"], row["within 5 s"]) == (4, 3, 2)
    assert row["requests/s"] == 0.4
    assert row["p50 s"] == 4.9
    assert (row["loads"], row["moved GB"]) == (7, 7e-6)
    assert (row["peak MiB"], row["workers MiB"], row["budget MiB"]) == (350, 300, 400)


@pytest.mark.parametrize(
    ("sent", "answered", "p95_s", "broken"),
    [
        (100, 100, 14.9, False),
        (100, 100, 15.1, True),
        (100, 95, 1.0, False),
        (100, 94, 1.0, True),
        (10, 0, float("nan"), True),
    ],
)
def test_a_system_breaks_when_it_is_far_too_slow_or_leaves_requests(
    sent: int, answered: int, p95_s: float, broken: bool
) -> None:
    assert is_broken({"sent": sent, "answered": answered, "p95 s": p95_s}) is broken


def test_a_row_is_the_medians_of_its_runs() -> None:
    runs = [{"system": "lru", "p95 s": p95, "budget MiB": None} for p95 in (3.0, 1.0, 9.0)]
    assert medians(runs) == {"system": "lru", "p95 s": 3.0, "budget MiB": None, "runs": 3}
