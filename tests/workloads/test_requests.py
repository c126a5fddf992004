import pytest

from coterie.workloads.requests import Arrival, at_speed, before, with_tokens

ARRIVALS = [Arrival(1.0, "a", 10, 100), Arrival(4.0, "b", 900, 5)]


def test_half_the_speed_is_twice_the_time() -> None:
    assert at_speed(ARRIVALS, 0.5) == [Arrival(2.0, "a", 10, 100), Arrival(8.0, "b", 900, 5)]


@pytest.mark.parametrize("speed", [0, -1.0])
def test_a_trace_cannot_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        at_speed(ARRIVALS, speed)


def test_only_those_before_the_end_are_taken() -> None:
    assert before(ARRIVALS, 4.0) == ARRIVALS[:1]


def test_prompts_are_cut_and_outputs_made_even() -> None:
    assert with_tokens(ARRIVALS, most_prompt_tokens=64, output_tokens=16) == [
        Arrival(1.0, "a", 10, 16),
        Arrival(4.0, "b", 64, 16),
    ]


def test_tokens_stay_as_they_are_unless_told() -> None:
    assert with_tokens(ARRIVALS) == ARRIVALS
