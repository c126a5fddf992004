"""Numbers of outcomes that were made by hand, or by a rule that is simple enough to see through."""

import json
import math

import msgspec
import pytest

from coterie.scheduler import events as on
from coterie.simulator.metrics import Spread, flat, metrics
from coterie.simulator.outcome import Fault, Outcome, Queue
from coterie.types import Budget
from coterie.workloads import Answer, percentile
from tests.simulator.synthetic import GIB, Shape, made

NOTHING = made(Shape(requests=0))


def test_a_simulation_is_told_in_numbers() -> None:
    setup, requests, outcome = made(
        Shape(budget=Budget(ttft=2.0), tenants=("gold", "lead"), rate=2.0, patience_s=10.0)
    )
    found = metrics(setup, requests, outcome)
    good = [answer for answer in outcome.answers if answer.is_good]
    firsts = [answer.first_s for answer in good if answer.first_s is not None]
    kept = sum(first_s <= 2.0 for first_s in firsts)
    assert (found.requests, found.answered) == (300, len(good))
    assert found.answered + found.refused + found.failed == 300
    assert found.refused > 0
    assert found.problems == {"wait_exceeded": found.refused}
    assert found.attainment == kept / 300
    assert found.goodput_rps == kept / outcome.end_s
    assert found.throughput_rps == len(good) / outcome.end_s
    assert found.output_tokens_per_s == pytest.approx(
        sum(answer.output_tokens for answer in good) / outcome.end_s
    )
    assert found.ttft == Spread(*(percentile(firsts, one) for one in (50, 90, 95, 99, 100)))
    assert found.loads == len(outcome.residences)
    assert found.switches == found.evictions == found.loads - 3  # the first three found it free
    assert found.moved_bytes == found.loads * GIB
    assert sum(one.requests for one in found.experts) == 300
    assert sum(one.loads for one in found.experts) == found.loads
    assert [(one.tenant, one.requests) for one in found.tenants] == [("gold", 150), ("lead", 150)]
    assert found.devices[0].peak_share == 1.0
    (machine,) = found.machines
    assert machine.utilisation == pytest.approx(machine.busy_s / outcome.end_s)


def test_it_is_counted_who_found_its_expert_hot() -> None:
    setup, requests, outcome = made(Shape(rate=0.05, experts=4, room=2))
    hits = sum(
        any(
            stay.expert == request.expert and stay.hot_s <= request.at < stay.leaves_s
            for stay in outcome.residences
        )
        for request in requests
    )
    assert metrics(setup, requests, outcome).hit_rate == hits / 300


def test_every_declared_expert_has_its_row() -> None:
    setup, requests, outcome = made(Shape(experts=9, requests=3))
    rows = metrics(setup, requests, outcome).experts
    assert [row.expert for row in rows] == [f"expert-{number:02}" for number in range(9)]
    silent = [row for row in rows if not row.requests]
    assert silent
    assert {(row.ttft, row.attainment, row.loads, row.hot_share) for row in silent} == {
        (None, None, 0, 0.0)
    }


def test_an_expert_that_nobody_declared_is_told_of_too() -> None:
    setup, _, _ = NOTHING
    outcome = Outcome([Answer("x", 0.0, 404, 0.0, error="model_not_found")], end_s=1.0)
    found = metrics(setup, [on.Arrived(0.0, "r", "x")], outcome)
    assert (found.refused, found.failed) == (1, 0)
    assert [row.requests for row in found.experts if row.expert == "x"] == [1]


def test_of_nothing_there_is_nothing_to_say() -> None:
    figures = flat(metrics(*NOTHING))
    assert {name for name, value in figures.items() if value} == set()
    assert figures["p95_ttft"] is figures["attainment"] is figures["switches_per_hour"] is None
    assert figures["loads"] == 0


def test_without_budgets_there_is_no_attainment_and_every_answer_is_good() -> None:
    figures = flat(metrics(*made(Shape())))
    assert figures["attainment"] is None
    assert figures["goodput"] == figures["throughput"]


def test_rates_are_by_the_hour() -> None:
    setup, requests, outcome = made(Shape())
    figures = flat(metrics(setup, requests, outcome))
    hours = outcome.end_s / 3600
    assert figures["moved_bytes_per_hour"] == pytest.approx(outcome.moved_bytes / hours)
    assert figures["loads_per_hour"] == pytest.approx(len(outcome.residences) / hours)
    assert figures["utilisation"] == figures["peak_utilisation"]


def test_who_waits_is_averaged_over_time() -> None:
    setup, _, _ = NOTHING
    queue = [Queue(2.0, 4, 1), Queue(4.0, 0, 1), Queue(9.0, 2, 0), Queue(30.0, 9, 0)]
    faults = [Fault(1.0, "disk", "n")]
    found = metrics(setup, [], Outcome(queue=queue, waited_s=8.0, end_s=10.0, faults=faults))
    assert found.mean_waiting == pytest.approx(0.8)
    assert (found.max_waiting, found.faults) == (9, 1)


def test_where_nobody_looked_at_the_queue_nothing_is_said_of_it() -> None:
    setup, _, _ = NOTHING
    found = metrics(setup, [], Outcome(end_s=10.0))
    figures = flat(found)
    assert (figures["mean_queue"], figures["max_queue"]) == (None, None)


def test_numbers_are_finite_and_the_same_twice() -> None:
    one, two = (metrics(*made(Shape(devices=3, room=2, rate=5.0))) for _ in range(2))
    assert one == two
    said = json.loads(msgspec.json.encode(one))
    assert said["ttft"]["p95"] > 0
    assert all(value is None or math.isfinite(value) for value in flat(one).values())


def test_answers_belong_to_their_requests() -> None:
    setup, requests, outcome = made(Shape(requests=3))
    with pytest.raises(ValueError, match="longer"):
        metrics(setup, requests[:2], outcome)
