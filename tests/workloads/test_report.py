import math

import pytest

from coterie.types import Budget
from coterie.workloads.report import Answer, Times, is_in_time, percentile, rows, summarise, times


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 3.0), (75, 4.0), (95, 4.8), (100, 5.0)]
)
def test_percentiles_are_linear_between_neighbours(percent: float, expected: float) -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], percent) == pytest.approx(expected)


def test_no_value_has_no_percentile() -> None:
    assert math.isnan(percentile([], 50))
    assert times([]) is None


def test_one_value_is_each_of_its_percentiles() -> None:
    assert times([0.5]) == Times(0.5, 0.5, 0.5, 0.5)


@pytest.mark.parametrize("percent", [-1, 101])
def test_there_is_no_percentile_beyond_the_whole(percent: float) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        percentile([1.0], percent)


def good(first_s: float, total_s: float) -> Answer:
    return Answer("a", 0.0, 200, total_s, first_s, prompt_tokens=10, output_tokens=20)


ANSWERS = [
    good(0.1, 1.0),
    good(0.3, 2.0),
    Answer("a", 0.0, 503, 9.0, error="HTTP 503 wait_exceeded"),
    Answer("a", 0.0, 0, 9.0, waited_s=0.25, error="ServerDisconnectedError"),
    Answer("a", 0.0, 200, 9.0, first_s=8.0, error="worker_lost"),
]


def test_failed_requests_count_but_have_no_part_in_the_times() -> None:
    summary = summarise(ANSWERS, 4.0)
    assert (summary.sent, summary.answered) == (5, 2)
    assert summary.requests_per_s == 0.5
    assert summary.output_tokens_per_s == 10.0
    assert (summary.prompt_tokens, summary.output_tokens) == (20, 40)
    assert summary.first_token is not None
    assert summary.first_token.max_s == 0.3
    assert summary.total is not None
    assert summary.total.p50_s == 1.5
    assert summary.waited_s == 0.25
    assert summary.errors == {
        "HTTP 503 wait_exceeded": 1,
        "ServerDisconnectedError": 1,
        "worker_lost": 1,
    }


def test_nothing_sent_is_a_summary_too() -> None:
    summary = summarise([], 0.0)
    assert (summary.sent, summary.requests_per_s, summary.first_token) == (0, 0.0, None)


def test_rows_name_what_went_wrong_and_what_was_held_back() -> None:
    shown = dict(rows(summarise(ANSWERS, 4.0)))
    assert shown["requests answered"] == "2 of 5"
    assert shown["time to first token"].startswith("p50 200.0 ms")
    assert shown["failed: worker_lost"] == "1"
    assert shown["held back here at most"] == "250.0 ms"


def test_without_an_answer_rows_say_so() -> None:
    assert dict(rows(summarise([], 1.0)))["end to end"] == "no answer"


@pytest.mark.parametrize(
    ("within", "in_time"),
    [(Budget(ttft=0.2), 1), (Budget(e2e=1.5), 1), (Budget(0.3, 0.0, 2.0), 2), (Budget(), None)],
)
def test_those_that_kept_a_budget_are_counted(within: Budget, in_time: int | None) -> None:
    summary = summarise(ANSWERS, 4.0, within)
    assert summary.in_time == in_time
    shown = dict(rows(summary))
    assert shown.get("within the budget") == (None if in_time is None else f"{in_time} of 5")


def test_without_a_first_token_there_is_no_telling_that_it_was_in_time() -> None:
    assert not is_in_time(Answer("a", 0.0, 200, 1.0), Budget(ttft=2.0))
    assert is_in_time(Answer("a", 0.0, 200, 1.0), Budget(e2e=2.0))
