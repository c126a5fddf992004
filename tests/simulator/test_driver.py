"""The scheduler in a modelled machine: what must come out of arithmetic does."""

from random import Random

import pytest

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator import (
    FOREVER,
    Faults,
    Outcome,
    Place,
    Planned,
    Setup,
    requests,
    simulate,
)
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
) -> Outcome:
    """On one node of two cores with a device for so many experts."""
    device = DeviceJoined(0.0, "n/d", "n", 10 * room, parallel_runs=2, parallel_prefills=1)
    models = {f"e{i}": figures(f"e{i}", **changes) for i in range(experts)}
    limits = Limits(queue=10_000, queue_per_expert=10_000, wait=600.0)
    declared = tuple(Declared(0.0, name) for name in models)
    setup = Setup.of_one_kind(name, limits, (device,), declared, models, 2.0)
    return simulate(setup, requests(arrivals, budget))


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


def test_threads_make_tokens_quicker() -> None:
    (answer,) = run([Arrival(0.0, "e0", 100, 51)], output_threads=1.25).answers
    assert answer.total_s == pytest.approx(0.5 + 1.0 + 0.5 / 1.25)


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


def accelerator(
    *,
    nodes: int = 1,
    experts: int = 2,
    place: dict[str, float | int | bool] | None = None,
    declared: dict[str, bool] | None = None,
    limits: Limits | None = None,
    **changes: float,
) -> Setup:
    """Nodes with one accelerator each and room for one expert of 100 bytes, its link 100 B/s."""
    models = {
        f"e{i}": Figures(
            (Part(f"sha256:e{i}", 100),),
            **({"prompt_pace": 100.0, "output_pace": 10.0, "first_work": 0.0} | changes),  # type: ignore[arg-type]
            load_bytes=100,
        )
        for i in range(experts)
    }
    devices = tuple(DeviceJoined(0.0, f"n{i}/gpu", f"n{i}", 100) for i in range(nodes))
    names = {device.device: device.device for device in devices}
    places = tuple(
        Place(f"n{i}", **({"link": 100.0} | (place or {})))  # type: ignore[arg-type]
        for i in range(nodes)
    )
    return Setup(
        "cost",
        limits or Limits(wait=600.0),
        devices,
        tuple(Declared(0.0, name, slots=8, **(declared or {})) for name in models),  # type: ignore[arg-type]
        {"gpu": models},
        dict.fromkeys(names, 1.0),
        names,
        dict.fromkeys(names, "gpu"),
        places,
    )


def ask(*times: float, expert: str = "e0", prompt: int = 100, output: int = 11) -> list[Arrival]:
    return [Arrival(at, expert, prompt, output) for at in times]


def test_weights_come_over_the_link() -> None:
    found = simulate(accelerator(), requests(ask(0.0)))
    (answer,) = found.answers
    assert answer.first_s == pytest.approx(1.0 + 1.0)
    assert answer.total_s == pytest.approx(1.0 + 1.0 + 1.0)
    assert (found.moved_bytes, found.read_bytes) == (100, 0)
    (stay,) = found.residences
    assert (stay.from_s, stay.requests) == (0.0, 1)
    assert stay.hot_s == pytest.approx(1.0)


def test_what_is_not_in_host_memory_comes_from_disk_as_fast_as_the_slower_of_both() -> None:
    setup = accelerator(place={"disk": 25.0, "is_warm": False})
    found = simulate(setup, requests(ask(0.0)))
    assert found.answers[0].first_s == pytest.approx(4.0 + 1.0)
    assert found.read_bytes == 100


def test_host_memory_keeps_what_was_used_last() -> None:
    turns = [Arrival(20.0 * i, f"e{i % 3}", 100, 2) for i in range(6)]
    place = {"disk": 25.0, "is_warm": False}
    roomy = simulate(accelerator(experts=3, place=place), requests(turns))
    narrow = simulate(accelerator(experts=3, place=place | {"host_bytes": 200}), requests(turns))
    assert (roomy.loads, roomy.read_bytes) == (6, 300)
    assert (narrow.loads, narrow.read_bytes) == (6, 600)


def test_answers_of_one_replica_share_what_they_have_in_common() -> None:
    together = requests(ask(0.0, 0.0, output=11))
    alone = simulate(accelerator(batch_share=0.0), together)
    batch = simulate(accelerator(batch_share=1.0), requests(ask(0.0, 0.0, output=11)))
    assert alone.answers[1].total_s == pytest.approx(1.0 + 2.0 + 2.0)
    assert batch.answers[1].total_s == pytest.approx(1.0 + 2.0 + 1.0)


def test_what_is_preloaded_is_there_before_the_first_request() -> None:
    found = simulate(accelerator(experts=1, declared={"preload": True}), requests(ask(0.0)))
    assert found.answers[0].first_s == pytest.approx(1.0)
    assert found.residences[0].from_s == pytest.approx(-1.0)


def test_a_crash_before_the_first_token_costs_time_and_one_after_it_the_answer() -> None:
    calm = simulate(accelerator(), requests(ask(*map(float, range(0, 400, 10)))))
    faults = Faults(crashes_per_hour=200.0, seed=3)
    rough = simulate(accelerator(), requests(ask(*map(float, range(0, 400, 10)))), faults)
    assert all(answer.is_good for answer in calm.answers)
    crashed = [fault for fault in rough.faults if fault.kind == "crash"]
    assert len(crashed) > 5
    lost = [answer for answer in rough.answers if not answer.is_good]
    assert "the worker crashed" in {answer.error for answer in lost}
    assert {answer.error for answer in lost} <= {"the worker crashed", "expert_unavailable"}
    assert rough.loads == len(crashed) + 1
    assert {stay.ending for stay in rough.residences[:-1]} == {"the worker crashed"}
    assert rough == simulate(accelerator(), requests(ask(*map(float, range(0, 400, 10)))), faults)


def test_a_request_is_sent_again_no_more_often_than_limits_say() -> None:
    faults = Faults(crashes_per_hour=3600.0, seed=1)
    for attempts in (0, 1):
        setup = accelerator(limits=Limits(wait=600.0, attempts=attempts))
        found = simulate(setup, requests(ask(0.0, prompt=1000)), faults)
        assert [answer.status for answer in found.answers] == [502]
        assert found.loads == attempts + 1


def test_a_load_that_fails_is_tried_again() -> None:
    faults = Faults(load_fails=0.5, seed=1)
    found = simulate(accelerator(), requests(ask(*map(float, range(0, 200, 20)))), faults)
    failed = [stay for stay in found.residences if stay.hot_s == FOREVER]
    assert failed
    assert failed[0].ending == "the load failed"
    assert found.answers[-1].is_good


def test_while_a_node_is_gone_the_other_one_answers() -> None:
    lost = Planned("node", "n0", 10.0, 50.0)
    arrivals = ask(*map(float, range(0, 100, 5)))
    found = simulate(accelerator(nodes=2), requests(arrivals), Faults((lost,)))
    assert all(answer.is_good for answer in found.answers)
    devices = [stay.device for stay in found.residences]
    assert devices == ["n0/gpu", "n1/gpu"]
    assert found.residences[0].ending == "the node was lost"
    assert found.residences[0].gone_s == 10.0
    assert found.faults[0].until_s == 60.0


def test_without_its_only_node_requests_wait_until_it_is_back() -> None:
    lost = Planned("node", "n0", 10.0, 50.0)
    arrivals = ask(0.0, 20.0, 70.0)
    found = simulate(accelerator(), requests(arrivals), Faults((lost,)))
    assert [answer.is_good for answer in found.answers] == [True, True, True]
    assert found.answers[1].first_s == pytest.approx(40.0 + 1.0 + 1.0)


@pytest.mark.parametrize(("kind", "seconds"), [("link", 4.0), ("disk", 4.0)])
def test_a_slow_way_makes_loads_slow_while_it_lasts(kind: str, seconds: float) -> None:
    place = {"disk": 100.0, "is_warm": False}
    slow = Planned(kind, "n0", 0.0, 50.0, 0.25)  # type: ignore[arg-type]
    arrivals = [Arrival(0.0, "e0", 100, 2), Arrival(100.0, "e1", 100, 2)]
    found = simulate(accelerator(place=place), requests(arrivals), Faults((slow,)))
    assert found.answers[0].first_s == pytest.approx(seconds + 1.0)
    assert found.answers[1].first_s == pytest.approx(0.01 + 1.0 + 1.0)  # one is unloaded


def test_how_many_wait_is_sampled() -> None:
    found = simulate(accelerator(), requests(ask(*[0.0] * 20)))
    assert [sample.waiting for sample in found.queue] == list(range(1, 21))


def test_every_busy_second_is_counted() -> None:
    found = simulate(accelerator(), requests(ask(0.0, 50.0)))
    assert found.busy_s == {"n0/gpu": pytest.approx(4.0)}
    assert found.end_s == pytest.approx(52.0)


def test_what_was_busy_before_the_first_request_is_not_counted() -> None:
    setup = accelerator(experts=1, declared={"preload": True}, load_work=5.0)
    found = simulate(setup, requests(ask(0.0)))
    assert found.busy_s == {"n0/gpu": pytest.approx(2.0)}
    assert found.end_s == pytest.approx(2.0)


def test_nobody_waits_where_a_replica_is_hot() -> None:
    setup = accelerator(experts=1, declared={"preload": True})
    (sample,) = simulate(setup, requests(ask(0.0))).queue
    assert (sample.waiting, sample.running) == (0, 1)
