from benchmarks.goodput import bound, drawn, in_turn, row_of
from benchmarks.multiplex import Running
from coterie.workloads import Answer


def answer(first_s: float, total_s: float, status: int = 200) -> Answer:
    error = "" if status == 200 else "budget_exceeded"
    return Answer("a", 0.0, status, total_s, first_s=first_s, error=error)


def test_a_row_counts_what_was_in_time_of_all_that_was_sent() -> None:
    answers = [
        answer(1.9, 9.9),
        answer(2.1, 5.0),
        answer(1.0, 10.1),
        answer(0.1, 0.1, 503),
        answer(0.1, 0.1, 500),
    ]
    row = row_of("lru", "1", answers, Running("", 0, 0, lambda: 4))
    assert (row["sent"], row["in time"], row["late"]) == (5, 1, 2)
    assert (row["refused"], row["failed"], row["loads"]) == (1, 1, 4)
    assert row["share"] == 0.2


def test_shifts_are_the_same_each_time() -> None:
    assert drawn([1.0] * 27, 60.0, 1) == drawn([1.0] * 27, 60.0, 1)
    assert drawn([1.0] * 27, 60.0, 1) != drawn([1.0] * 27, 60.0, 2)
    skewed = [arrival.expert for arrival in drawn([9.0, 1.0], 600.0, 0)]
    assert 0.85 < skewed.count("expert-00") / len(skewed) < 0.95


def test_who_comes_in_turn_comes_back_after_all_others() -> None:
    arrivals = in_turn(12, 1.8, 100, 16, 60.0)
    assert len(arrivals) == int(60 * 1.8)
    assert len({arrival.expert for arrival in arrivals[:12]}) == 12
    assert arrivals[0].expert == arrivals[12].expert


def test_the_bound_is_a_row_of_the_same_table() -> None:
    like = row_of("lru", "1", [answer(1.0, 2.0)], Running("", 0, 0, lambda: 4))
    row = bound("1", drawn([1.0], 60.0, 0), like, 400.0)
    assert list(row) == list(like)
    assert 0 < row["in time"] <= row["sent"]
