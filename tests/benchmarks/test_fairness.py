from benchmarks.fairness import arrivals, row_of
from coterie.workloads import Answer


def test_the_quiet_one_asks_one_expert_and_the_loud_one_all_others() -> None:
    quiet, loud = arrivals(60.0)
    assert {arrival.expert for arrival in quiet} == {"expert-00"}
    assert len({arrival.expert for arrival in loud}) == 26
    assert "expert-00" not in {arrival.expert for arrival in loud}
    assert len(loud) > 5 * len(quiet)


def test_a_row_tells_what_happened_to_the_quiet_one() -> None:
    quiet = [Answer("a", 0.0, 200, 2.0, first_s=1.0), Answer("a", 0.0, 503, 2.0, error="HTTP 503")]
    row = row_of("lru", quiet, [Answer("b", 0.0, 200, 9.0, first_s=8.0)])
    assert (row["quiet sent"], row["quiet answered"], row["quiet p50 s"]) == (2, 1, 1.0)
    assert (row["loud sent"], row["loud answered"]) == (1, 1)
