"""Policies are arithmetic: who comes first, who goes first, and when a switch has been earned."""

from math import inf

import msgspec

from coterie.scheduler.policies import (
    ECHO,
    POLICIES,
    Cost,
    Lru,
    Resident,
    Waiting,
    policy,
    policy_problem,
)

RESIDENT = Resident(
    loaded_at=0.0,
    used_at=10.0,
    size_bytes=100,
    load_s=2.0,
    rate_order=0.0,
    in_use=0,
)


def but(**changes: float) -> Resident:
    return msgspec.structs.replace(RESIDENT, **changes)


def test_every_policy_is_found_by_its_name() -> None:
    for name in POLICIES:
        assert policy(name).name == name
        assert policy_problem(name) is None


def test_an_unknown_policy_is_told_with_those_that_are_known() -> None:
    problem = policy_problem("fifo")
    assert problem is not None
    assert "'fifo'" in problem.message
    assert "cost, lru" in problem.message


def test_lru_loads_in_order_of_arrival_and_evicts_the_least_recently_used() -> None:
    lru = Lru()
    assert lru.due(Waiting(9, 5.0, 99.0), 1.0) == 5.0
    assert lru.keep(but(used_at=1.0)) < lru.keep(but(used_at=2.0))
    assert lru.earned(Waiting(1, 5.0, 5.0), 1.0, [RESIDENT], 7.0) == 5.0
    assert lru.earned(Waiting(1, 5.0, 5.0), 1.0, [but(in_use=1)], 7.0) == inf


def test_cost_loads_first_what_many_wait_for() -> None:
    cost = Cost()
    one = cost.due(Waiting(1, 0.0, 0.0), 6.0)
    three = cost.due(Waiting(3, 1.0, 6.0), 6.0)
    assert one == 6.0
    assert three == 4.0


def test_cost_keeps_what_is_asked_for_often_loads_slowly_and_is_small() -> None:
    cost = Cost()
    least = cost.keep(RESIDENT)
    assert cost.keep(but(rate_order=1.0)) > least
    assert cost.keep(but(load_s=3.0)) > least
    assert cost.keep(but(size_bytes=50)) > least


def test_cost_lets_one_in_use_serve_for_as_long_as_its_load_took() -> None:
    assert Cost().shelter(but(in_use=1), 0.0) == 2.0
    assert Cost().shelter(but(in_use=1), 5.0) == 5.0
    assert Cost().shelter(RESIDENT, 0.0) == 0.0
    assert Lru().shelter(but(in_use=1), 0.0) == 0.0


def test_a_switch_is_earned_at_once_from_the_idle_and_later_from_the_busy() -> None:
    cost, waiting = Cost(), Waiting(2, 10.0, 20.0)
    assert cost.earned(waiting, 1.0, [RESIDENT], 0.0) == 10.0
    assert cost.earned(waiting, 1.0, [but(in_use=4)], 0.0) == (20.0 + 4 * 3.0) / 2


def test_the_longer_the_other_lines_the_later_a_switch_is_earned_from_the_busy() -> None:
    cost, waiting = Cost(), Waiting(2, 10.0, 20.0)
    busy, idle = but(in_use=1), RESIDENT
    assert cost.earned(waiting, 1.0, [busy], 5.0) == (20.0 + 1 * 3.0 + ECHO * 5 * 3.0) / 2
    assert cost.earned(waiting, 1.0, [busy, idle], 5.0) == (20.0 + 1 * 3.0 + ECHO * 5 * 5.0) / 2
    assert cost.earned(waiting, 1.0, [idle], 5.0) == 10.0


def test_cost_lets_a_long_prompt_wait_for_those_that_come_within_twice_its_time() -> None:
    cost = Cost()
    assert cost.turn(10.0, 3.0, 0.0) == 16.0
    assert Lru().turn(10.0, 3.0, 0.0) == 10.0


def test_cost_lets_those_go_first_whose_budget_presses() -> None:
    cost = Cost()
    assert cost.turn(10.0, 1.0, 5.0) == 17.0
    assert Lru().turn(10.0, 1.0, 5.0) == 10.0


def test_a_prompt_passes_beside_one_that_takes_twice_as_long_as_it() -> None:
    cost = Cost()
    assert cost.passes(1.0, 2.0)
    assert not cost.passes(1.0, 1.9)
    assert not Lru().passes(0.1, 9.0)
