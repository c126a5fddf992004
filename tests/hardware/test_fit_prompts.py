import pytest

from coterie.hardware.fit_prompts import PromptRow, fit_prompts


def rows(rate: float, first_s: float, read_s: float, lengths: tuple[int, ...]) -> list[PromptRow]:
    return [
        PromptRow(tokens * 1e9, read_s, max(tokens * 1e9 / rate, read_s) + first_s)
        for tokens in lengths
        for _ in range(3)
    ]


def test_short_prompts_that_wait_for_weights_say_what_a_request_costs() -> None:
    found = fit_prompts(rows(1e11, 0.02, 0.5, (1, 5, 10, 100, 300, 900)), 5e10, 0.04)
    assert found.rate == pytest.approx(1e11, rel=1e-3)
    assert found.first_s == pytest.approx(0.02, rel=1e-2)
    assert set(found.found) == {"prefill", "first_token"}


def test_of_one_length_what_a_request_costs_stays() -> None:
    found = fit_prompts(rows(1e11, 0.02, 0.0, (100,)), 5e10, 0.02)
    assert found.rate == pytest.approx(1e11)
    assert found.first_s == 0.02
    assert set(found.lacking) == {"first_token"}


def test_prompts_that_all_wait_for_weights_tell_what_a_request_costs() -> None:
    found = fit_prompts(rows(1e11, 0.02, 5.0, (1, 2, 3, 4)), 5e10, 0.04)
    assert found.rate == 5e10
    assert found.first_s == pytest.approx(0.02)
    assert set(found.lacking) == {"prefill"}


def test_a_start_that_is_far_too_quick_is_seen_through() -> None:
    found = fit_prompts(rows(1e11, 0.02, 0.001, (10, 100, 300, 900)), 1e15, 0.04)
    assert found.rate == pytest.approx(1e11, rel=1e-3)
