"""Weighted shares: who has had less goes first, and nobody is charged for another."""

from collections import Counter

import pytest

from coterie.config import Limits
from coterie.scheduler import Dispatch, Refuse, Scheduler
from coterie.scheduler import events as on
from coterie.testing.core import parts, scheduler, taught
from coterie.testing.world import Model, World
from coterie.types import Footprint

LIMITS = Limits(wait=10_000.0, starvation=10.0, queue=100_000, queue_per_expert=100_000)


def shared(policy: str = "cost", limits: Limits = LIMITS, **weights: float) -> Scheduler:
    """One device that computes a prompt at a time, and tenants of these weights."""
    core = scheduler(policy, limits)
    for name, weight in weights.items():
        core.handle(on.TenantDeclared(0.0, name, weight))
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 24, parallel_runs=1, parallel_prefills=1))
    for name in ("a", "b"):
        core.handle(on.Declared(0.0, name, slots=1))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts(name))))
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    return core


def served(core: Scheduler, until: float, owners: dict[str, str]) -> Counter[str]:
    """Runs what waits, a second for each, and counts whose they were."""
    counts: Counter[str] = Counter()
    at, running = 100.0, "first"
    while at < until:
        at += 1.0
        actions = core.handle(on.Finished(at, running, first_byte_s=1.0, run_s=1.0))
        core.check()
        (start,) = (action for action in actions if isinstance(action, Dispatch))
        running = start.request
        counts[owners[running]] += 1
    return counts


def flood(core: Scheduler, counts: dict[str, int]) -> dict[str, str]:
    """So many requests of each tenant, one tenant after the other, all at one time."""
    owners = {"first": "first"}
    core.handle(on.Arrived(100.0, "first", "a", prompt_bytes=1000))
    for tenant, count in counts.items():
        for number in range(count):
            name = f"{tenant}-{number}"
            owners[name] = tenant
            core.handle(on.Arrived(100.0, name, "a", prompt_bytes=1000, tenant=tenant))
    return owners


def next_one(core: Scheduler, owners: dict[str, str], at: float) -> str:
    """Ends the one that runs; which one is next."""
    states = {name: core.explain(name, at) for name in owners}
    running = next(name for name, found in states.items() if found and found.state == "running")
    actions = core.handle(on.Finished(at, running, first_byte_s=1.0, run_s=1.0))
    (start,) = (action for action in actions if isinstance(action, Dispatch))
    return start.request


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_tenants_with_work_get_their_weighted_shares(weight: float) -> None:
    core = shared(x=weight, y=1.0)
    owners = flood(core, {"y": 300, "x": 300})
    counts = served(core, 300.0, owners)
    share = 200 * weight / (weight + 1)
    assert counts["x"] == pytest.approx(share, rel=0.05)


def test_without_that_part_the_first_to_come_gets_all() -> None:
    core = shared("cost-shares", x=1.0, y=1.0)
    owners = flood(core, {"first": 300, "second": 300})  # as their names are, where all is equal
    assert served(core, 300.0, owners)["second"] == 0


def test_one_who_comes_later_is_not_behind_a_long_line() -> None:
    core = shared(x=1.0, y=1.0)
    owners = flood(core, {"y": 100})
    served(core, 120.0, owners)
    core.handle(on.Arrived(120.0, "x-0", "a", prompt_bytes=1000, tenant="x"))
    owners["x-0"] = "x"
    counts: Counter[str] = Counter()
    at = 120.0
    while not counts["x"]:
        at += 1.0
        counts.update([owners[next_one(core, owners, at)]])
    assert counts["y"] <= 2


def test_one_that_used_what_nobody_wanted_owes_nothing() -> None:
    core = shared(x=1.0, y=1.0)
    owners = flood(core, {"y": 50})
    served(core, 145.0, owners)
    spent = {tenant.name: tenant.spent_s for tenant in core.tenants()}
    assert spent["y"] > 40.0
    for tenant in ("y", "x") * 40:
        name = f"late-{tenant}-{len(owners)}"
        owners[name] = tenant
        core.handle(on.Arrived(145.0, name, "a", prompt_bytes=1000, tenant=tenant))
    counts = Counter(owners[next_one(core, owners, 146.0 + number)] for number in range(40))
    assert counts["y"] >= 16


def test_loads_are_charged_to_whoever_causes_them() -> None:
    core = shared(x=1.0, y=1.0)
    core.handle(on.Arrived(20.0, "r", "b", tenant="x"))
    spent = {tenant.name: tenant.spent_s for tenant in core.tenants()}
    assert spent["x"] > 0.9  # a second, as that of `a` took
    assert spent["y"] == 0.0


def test_what_was_not_done_is_given_back() -> None:
    core = shared(x=1.0, y=1.0)
    core.handle(on.Arrived(20.0, "first", "a", prompt_bytes=1000))
    core.handle(on.Arrived(20.0, "r", "a", prompt_bytes=5000, tenant="x"))
    assert {t.name: t.spent_s for t in core.tenants()}["x"] == pytest.approx(5.0, rel=0.1)
    core.handle(on.Cancelled(21.0, "r"))
    assert {t.name: t.spent_s for t in core.tenants()}["x"] == pytest.approx(0.0)


def test_a_tenant_cannot_fill_the_queue() -> None:
    core = shared(limits=Limits(queue=10, queue_per_expert=10), x=1.0, y=1.0)
    core.handle(on.Arrived(20.0, "first", "a", prompt_bytes=1000))
    answers = [
        core.handle(on.Arrived(20.0, f"x-{number}", "a", prompt_bytes=1000, tenant="x"))
        for number in range(7)
    ]
    refused = [actions[0] for actions in answers if actions]
    assert len(refused) == 2
    assert isinstance(refused[0], Refuse)
    assert "tenant 'x'" in refused[0].reason
    assert core.handle(on.Arrived(20.0, "y-0", "a", prompt_bytes=1000, tenant="y")) == []


def test_one_who_cycles_through_cold_experts_does_not_slow_another() -> None:
    """Tenant y asks for eight experts in turn, all cold; tenant x for one, within its share."""

    def slowest(policy: str) -> float:
        core = scheduler(policy, LIMITS)
        for tenant in ("x", "y"):
            core.handle(on.TenantDeclared(0.0, tenant))
        models = {f"e{i}": Model(parts(f"e{i}"), load_s=1.0, run_s=0.3) for i in range(9)}
        world = World(core, models, spread=0.0, streamed=1.0)
        world.add([on.DeviceJoined(0.0, "n/d", "n", 24, parallel_runs=1, parallel_prefills=1)])
        world.add(on.Declared(0.0, name, slots=1) for name in models)
        fields = {"prompt_bytes": 1000, "output_tokens": 1}
        world.add(
            on.Arrived(5.0 + i, f"x{i}", "e0", tenant="x", **fields)  # type: ignore[arg-type]
            for i in range(60)
        )
        world.add(
            on.Arrived(5.0 + i / 4, f"y{i}", f"e{1 + i % 8}", tenant="y", **fields)  # type: ignore[arg-type]
            for i in range(240)
        )
        world.run(until=70.0)
        waits = [
            world.started.get(f"x{i}", 70.0) - world.arrivals[f"x{i}"].at for i in range(10, 60)
        ]
        return sorted(waits)[-3]

    assert slowest("cost") < 5.0
    assert slowest("cost-shares") > 20.0
