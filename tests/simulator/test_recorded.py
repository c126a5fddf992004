"""What a journal tells becomes a model of the run that it is of."""

import pytest

from coterie.config import Limits
from coterie.errors import JournalUnusable
from coterie.scheduler import Dispatch, Scheduler, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry
from coterie.simulator import recorded, simulate
from coterie.testing.core import parts
from coterie.testing.world import Faults, Model, World
from coterie.types import Budget

LIMITS = Limits(wait=60.0, queue=1000, queue_per_expert=1000)


def past(seconds: float = 60.0, faults: Faults | None = None) -> tuple[World, list[Entry]]:
    """A virtual run of three experts in the room of two, and its journal."""
    core = Scheduler(policy("cost"), LIMITS)
    begin = core.snapshot(0.0)
    models = {
        name: Model(parts(name), load_s=0.5, run_s=0.4, prompt_share=0.5)
        for name in ("a", "b", "c")
    }
    world = World(core, models, faults, spread=0.0, streamed=1.0)
    world.add([on.DeviceJoined(0.0, "n/d", "n", 24, parallel_runs=1, parallel_prefills=1)])
    world.add([on.TenantDeclared(0.0, "x", 2.0)])
    world.add(on.Declared(0.0, name, slots=2) for name in models)
    world.add(
        on.Arrived(
            1.0 + i,
            f"r{i}",
            "abc"[i * i % 3],
            prompt_bytes=1000,
            output_tokens=9,
            budget=Budget(ttft=5.0) if i % 2 else Budget(),
        )
        for i in range(int(seconds))
    )
    world.run(until=seconds + 20.0)
    return world, [begin, *world.log]


def test_requests_figures_and_what_happened_are_read() -> None:
    world, entries = past()
    found = recorded(entries, policy, cores=2.0)
    setup = found.setup
    assert setup.policy == "cost"
    assert [device.hot_bytes for device in setup.devices] == [24]
    assert [(tenant.tenant, tenant.weight) for tenant in setup.tenants] == [("x", 2.0)]
    assert [(expert.expert, expert.slots) for expert in setup.experts] == [
        ("a", 2),
        ("b", 2),
        ("c", 2),
    ]
    assert len(found.requests) == len(found.happened.answers) == 60
    assert found.requests[0].at == 0.0
    assert found.requests[1].budget == Budget(ttft=5.0)
    figures = setup.figures[""]["a"]
    assert figures.load_work == pytest.approx(0.5, rel=0.01)
    # 1000 bytes in 0.2 s, on two cores
    assert figures.prompt_work(850 / 6, is_first=False) == pytest.approx(0.4, rel=0.1)
    assert figures.output_work(9) == pytest.approx(0.2, rel=0.1)
    first = found.happened.answers[0]
    assert first.first_s == pytest.approx(0.5 + 0.2)
    assert first.total_s == pytest.approx(0.5 + 0.4)
    last = found.happened.answers[-1]
    assert found.happened.end_s == pytest.approx(last.sent_s + last.total_s)
    assert found.happened.loads == sum(status.loads for status in world.scheduler.experts(99.0))


def test_waiting_is_until_a_request_runs_and_from_when_an_attempt_failed() -> None:
    core = Scheduler(policy("cost"), LIMITS)
    sent = on.Arrived(1.0, "r", "a", prompt_bytes=1000, output_tokens=9)
    again = on.Arrived(5.0, "r", "a", since=1.0, attempt=1, prompt_bytes=1000, output_tokens=9)
    begin = core.snapshot(0.0)
    entries: list[Entry] = [
        begin,
        on.DeviceJoined(0.0, "n/d", "n", 24),
        on.Declared(0.0, "a", slots=1),
        sent,
        on.Tick(2.0),
        Dispatch("r", "a@n/d", 1),
        on.Finished(4.5, "r", ok=False),
        again,
        on.Tick(7.0),
        Dispatch("r", "a@n/d", 1),
        on.Finished(9.0, "r", first_byte_s=1.0, run_s=2.0, prompt_tokens=9, output_tokens=9),
    ]
    assert recorded(entries, policy, cores=2.0).happened.waited_s == pytest.approx(1.0 + 2.5)


def test_the_model_makes_of_it_what_happened() -> None:
    _, entries = past()
    found = recorded(entries, policy, cores=2.0)
    again = simulate(found.setup, found.requests)
    assert again.loads == pytest.approx(found.happened.loads, abs=2)
    for then, now in zip(found.happened.answers[5:], again.answers[5:], strict=True):
        assert now.total_s == pytest.approx(then.total_s, abs=0.3)


def test_what_failed_then_is_no_answer_and_no_request() -> None:
    world, entries = past(faults=Faults(crash=0.5, leave=0.2))
    found = recorded(entries, policy, cores=2.0)
    refused = {request.request for request in found.requests if request.request in world.refused}
    answered = len(found.requests) - len(refused)
    assert 0 < answered <= len(world.answered)
    statuses = {answer.status for answer in found.happened.answers}
    assert statuses <= {200, 400, 429, 503}


def test_a_journal_begins_with_a_snapshot() -> None:
    _, entries = past(seconds=3.0)
    with pytest.raises(JournalUnusable, match="begins in the middle"):
        recorded(entries[1:], policy, cores=2.0)
    with pytest.raises(JournalUnusable, match="empty"):
        recorded([], policy, cores=2.0)
