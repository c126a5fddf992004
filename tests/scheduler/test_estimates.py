"""What is learnt, and what is assumed before."""

from random import Random

import pytest

from coterie.scheduler.estimates import NEVER, RATE_WINDOW_S, Costs, Mean, Pace, Rate, Rhythm


def test_a_mean_starts_at_the_first_observation_and_follows_the_newest() -> None:
    mean = Mean()
    mean.observe(4.0)
    assert mean.value == 4.0
    mean.observe(2.0)
    assert mean.value == pytest.approx(3.4)


def test_an_expert_never_loaded_is_predicted_from_its_bytes() -> None:
    costs, other = Costs(), Mean()
    assert costs.load_s(Mean(), 4_000_000_000) == pytest.approx(10.0)
    costs.observe_load(other, 1_000_000_000, 5.0)
    assert costs.load_s(Mean(), 4_000_000_000) == pytest.approx(20.0)
    assert costs.load_s(other, 4_000_000_000) == 5.0


def test_services_are_predicted_from_everybodys_until_one_was_seen() -> None:
    costs, own = Costs(), Mean()
    assert costs.service_s(own) == 1.0
    costs.observe_service(Mean(), 0.2)
    assert costs.service_s(own) == 0.2
    costs.observe_service(own, 0.6)
    assert costs.service_s(own) == 0.6


def test_a_rate_counts_what_came_within_its_window() -> None:
    rate = Rate()
    for second in range(600):
        rate.observe(float(second))
    assert rate.heat == pytest.approx(RATE_WINDOW_S, rel=0.02)


def test_orders_of_rates_compare_them_at_any_later_time() -> None:
    early, late, never = Rate(), Rate(), Rate()
    for _ in range(2):
        early.observe(0.0)
    late.observe(RATE_WINDOW_S)  # by then, less than one of early's two is left
    assert never.order() == NEVER < early.order() < late.order()
    for _ in range(2):
        early.observe(0.0)
    assert early.order() > late.order()


def test_prompts_are_predicted_by_their_bytes_from_everybodys_until_one_was_seen() -> None:
    costs, own, other = Costs(), Pace(), Pace()
    assert costs.prefill_s(own, 2000) == pytest.approx(1.0)
    costs.observe_prefill(other, 1000, 3.0)
    assert costs.prefill_s(own, 2000) == pytest.approx(6.0)
    costs.observe_prefill(own, 1000, 1.0)
    assert costs.prefill_s(own, 2000) == pytest.approx(2.0)
    costs.observe_prefill(own, 0, 9.0)  # its size is not known: nothing is learnt
    assert costs.prefill_s(own, 2000) == pytest.approx(2.0)


def test_a_pace_counts_long_work_for_more_and_forgets() -> None:
    pace = Pace()
    pace.observe(0.1, 1.0)
    pace.observe(1.0, 1000.0)
    assert pace.per_unit(9.0) == pytest.approx(1.07 / 1000.7)
    for _ in range(40):
        pace.observe(2.0, 1000.0)
    assert pace.per_unit(9.0) == pytest.approx(0.002, rel=1e-3)


def test_a_rhythm_says_when_the_next_one_is_due() -> None:
    rhythm = Rhythm()
    for i in range(5):
        rhythm.observe(10.0 + 2.0 * i)
    assert rhythm.next_at == pytest.approx(20.0)


def test_two_arrivals_are_no_rhythm_and_chance_is_none() -> None:
    rhythm = Rhythm()
    assert rhythm.next_at == 0.0
    rhythm.observe(1.0)
    rhythm.observe(2.0)
    assert rhythm.next_at == 0.0
    draw, at, due = Random(0), 0.0, 0
    by_chance = Rhythm()
    for _ in range(1000):
        at += draw.expovariate(1.0)
        by_chance.observe(at)
        due += by_chance.next_at > 0.0
    assert due < 50


def test_a_rhythm_that_breaks_off_is_none() -> None:
    rhythm = Rhythm()
    for at in (0.0, 1.0, 2.0, 3.0, 30.0):
        rhythm.observe(at)
    assert rhythm.next_at == 0.0
