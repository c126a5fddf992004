import math

import pytest

from benchmarks.overhead import Block, compared, first_tokens_ms, with_ratios
from coterie.workloads import Answer


def answers(*first_ms: float) -> list[Answer]:
    return [Answer("a", 0.0, 200, 1.0, first_s=ms / 1000) for ms in first_ms]


def test_what_is_added_is_the_difference_of_the_percentiles() -> None:
    row = compared(
        {"direct": answers(1, 2, 3), "x": answers(2, 4, 9)}, "direct", "x", Block(rate=50), True
    )
    assert row["added p50 ms"] == pytest.approx(2.0)
    assert row["added p99 ms"] == pytest.approx(row["through p99 ms"] - row["direct p99 ms"])
    assert (row["load"], row["answer"], row["failed"]) == ("50 requests/s", "streaming", 0)


def test_failures_are_counted_and_not_timed() -> None:
    failed = Answer("a", 0.0, 200, 1.0, first_s=0.001, error="worker_lost")
    assert first_tokens_ms([*answers(5), failed]) == [5.0]
    found = {"direct": answers(1), "x": [*answers(2), failed]}
    assert compared(found, "direct", "x", Block(connections=16), False)["failed"] == 1


def test_rates_are_multiples_of_the_peers_in_the_same_turns() -> None:
    rows = [
        {"system": "Coterie", "requests/s": 5000.0},
        {"system": "LiteLLM", "requests/s": 100.0},
    ]
    first, second = with_ratios(rows)
    assert (first["x LiteLLM"], second["x LiteLLM"]) == (50.0, 1.0)
    assert math.isnan(first["x vllm-router"])


def test_a_block_names_its_load() -> None:
    assert str(Block(connections=16)) == "16 connections"
