"""The scheduler in a modelled machine: what must come out of arithmetic does."""

from random import Random

import pytest

from coterie.config import Limits
from coterie.scheduler import Scheduler, policy
from coterie.scheduler.events import DeviceJoined
from coterie.simulator import Driver, Figures, Simulated, requests
from coterie.types import NO_BUDGET, Budget, Part
from coterie.workloads import Arrival, is_in_time


def figures(name: str, **changes: float) -> Figures:
    base = {"prompt_pace": 100.0, "output_pace": 100.0, "load_work": 0.5, "first_work": 0.0}
    return Figures((Part(f"sha256:{name}", 10),), **(base | changes))  # type: ignore[arg-type]


def run(
    arrivals: list[Arrival],
    *,
    experts: int = 2,
    room: int = 1,
    name: str = "cost",
    budget: Budget = NO_BUDGET,
    **changes: float,
) -> Simulated:
    """On one node of two cores with a device for so many experts."""
    device = DeviceJoined(0.0, "n/d", "n", 10 * room, parallel_runs=2, parallel_prefills=1)
    models = {f"e{i}": figures(f"e{i}", **changes) for i in range(experts)}
    limits = Limits(queue=10_000, queue_per_expert=10_000, wait=600.0)
    driver = Driver(Scheduler(policy(name), limits), [device], {"n": 2.0}, models)
    return driver.run(requests(arrivals, budget))


def asked(count: int, experts: int, rate: float, seed: int = 0) -> list[Arrival]:
    draw, at, found = Random(seed), 0.0, []
    for _ in range(count):
        at += draw.expovariate(rate)
        found.append(Arrival(at, f"e{draw.randrange(experts)}", draw.randint(5, 50), 8))
    return found


def test_a_cold_request_takes_its_load_its_prompt_and_its_tokens() -> None:
    (answer,) = run([Arrival(0.0, "e0", 100, 51)]).answers
    assert answer.is_good
    assert answer.first_s == pytest.approx(0.5 + 1.0)
    assert answer.total_s == pytest.approx(0.5 + 1.0 + 0.5)


def test_threads_make_prompts_quicker() -> None:
    (answer,) = run([Arrival(0.0, "e0", 100, 1)], threads=2.0).answers
    assert answer.first_s == pytest.approx(0.5 + 0.5)


def test_a_hot_request_loads_nothing() -> None:
    found = run([Arrival(0.0, "e0", 10, 2), Arrival(5.0, "e0", 10, 2)])
    assert found.loads == 1
    assert found.answers[1].first_s == pytest.approx(0.1)


def test_one_makes_room_for_the_other() -> None:
    turns = [Arrival(2.0 * i, f"e{i % 2}", 10, 2) for i in range(6)]
    assert run(turns).loads == 6
    assert run(turns, room=2).loads == 2


@pytest.mark.parametrize("name", ["cost", "lru"])
def test_each_arrival_is_answered_or_refused_once_and_in_order(name: str) -> None:
    arrivals = asked(200, 6, 5.0)
    found = run(arrivals, experts=6, room=2, name=name)
    assert [answer.sent_s for answer in found.answers] == [arrival.at_s for arrival in arrivals]
    assert all(answer.is_good for answer in found.answers)


def test_what_cannot_be_in_time_is_refused() -> None:
    budget = Budget(ttft=1.0)
    arrivals = asked(300, 6, 10.0)
    found = run(arrivals, experts=6, room=2, budget=budget)
    refused = [answer for answer in found.answers if not answer.is_good]
    assert {answer.status for answer in refused} <= {400, 503}
    kept = sum(is_in_time(answer, budget) for answer in found.answers if answer.is_good)
    late = run(arrivals, experts=6, room=2, name="lru", budget=budget)
    assert kept > 2 * sum(is_in_time(answer, budget) for answer in late.answers)


def test_the_same_again_is_the_same_to_the_last_digit() -> None:
    arrivals = asked(300, 6, 6.0)
    assert run(arrivals, experts=6, room=2) == run(arrivals, experts=6, room=2)
