"""The bound is a bound: no schedule does more, and where one is easy to see, it is that one."""

import random
from itertools import combinations

import pytest

from benchmarks.clairvoyant import Prompt, most_in_time


def test_all_are_in_time_where_there_is_time() -> None:
    assert most_in_time([Prompt(float(i), 2.0, 1.0) for i in range(5)]) == pytest.approx(5.0)


def test_short_ones_first_and_a_part_of_the_last() -> None:
    prompts = [Prompt(0.0, 2.0, 1.5), Prompt(0.0, 2.0, 0.5), Prompt(0.0, 2.0, 1.0)]
    assert most_in_time(prompts) == pytest.approx(2.0 + 0.5 / 1.5)


def test_one_that_is_longer_than_its_window_counts_as_a_part() -> None:
    assert most_in_time([Prompt(0.0, 2.0, 4.0)]) == pytest.approx(0.5)


def test_earlier_work_makes_way() -> None:
    prompts = [Prompt(0.0, 3.0, 1.0), Prompt(0.0, 1.0, 1.0), Prompt(1.0, 1.0, 1.0)]
    assert most_in_time(prompts) == pytest.approx(3.0)


def feasible(prompts: tuple[Prompt, ...]) -> bool:
    """Can all of them be done in time? By demand in every interval (one machine, preemptive)."""
    starts = {p.at_s for p in prompts}
    ends = {p.at_s + p.window_s for p in prompts}
    return all(
        sum(p.work_s for p in prompts if p.at_s >= start and p.at_s + p.window_s <= end)
        <= end - start + 1e-9
        for start in starts
        for end in ends
        if end > start
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_set_of_whole_prompts_has_more(seed: int) -> None:
    chance = random.Random(seed)
    prompts = [
        Prompt(chance.uniform(0, 4), 2.0, chance.choice([0.2, 0.5, 1.0, 1.9])) for _ in range(9)
    ]
    best = max(
        count
        for count in range(len(prompts) + 1)
        if any(feasible(chosen) for chosen in combinations(prompts, count))
    )
    bound = most_in_time(prompts)
    assert bound >= best - 1e-9
    assert bound <= best + 2
