"""Weighted shares: who has had less goes first, and nobody is charged for another."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from coterie.config import Limits
from coterie.scheduler import Dispatch, Refuse, Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.world import ROUND_S
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


class Priced(World):
    """A world in which a request costs what its prompt's length says."""

    def run_s(self, action: Dispatch) -> float:
        model = self.models[action.replica.partition("@")[0]]
        bytes_share = model.prompt_share * self.arrivals[action.request].prompt_bytes / 1000
        return model.run_s * (bytes_share + 1.0 - model.prompt_share)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100_000))
def test_in_any_world_a_tenant_with_work_gets_nine_tenths_of_its_share(seed: int) -> None:
    """Costs are known and every expert is resident: what is left is who runs next."""
    draw = Random(seed)
    core = scheduler("cost", LIMITS)
    models = {
        f"e{i}": Model(
            parts(f"e{i}"), run_s=draw.choice([0.1, 0.3, 1.0]), prompt_share=draw.choice([0.2, 0.9])
        )
        for i in range(draw.randint(1, 4))
    }
    weights = {f"t{i}": draw.choice([0.5, 1.0, 2.0, 5.0]) for i in range(draw.randint(2, 4))}
    world = Priced(core, models, spread=0.0, streamed=1.0, after_each=lambda event, actions: None)
    world.add(on.TenantDeclared(0.0, name, weight) for name, weight in weights.items())
    world.add([on.DeviceJoined(0.0, "n/d", "n", 100, parallel_runs=1, parallel_prefills=1)])
    world.add(on.Declared(0.0, name, slots=1) for name in models)

    def asked(at: float, request: str, expert: str, tenant: str) -> on.Arrived:
        prompt_bytes = draw.choice([500, 1000, 2000])
        return on.Arrived(
            at, request, expert, prompt_bytes=prompt_bytes, output_tokens=20, tenant=tenant
        )

    taught = sorted(models) * 6
    world.add(asked(2.0 * i, f"taught-{i}", name, "t0") for i, name in enumerate(taught))
    begin, end = 60.0, 180.0
    for tenant in weights:
        names = draw.sample(sorted(models), draw.randint(1, len(models)))
        work_s = 0.0
        while work_s < 2.2 * (end - begin):
            expert = draw.choice(names)
            work_s += models[expert].run_s
            name = f"{tenant}-{len(world.arrivals)}-{work_s}"
            world.add([asked(begin + draw.random(), name, expert, tenant)])
    world.run(until=end)
    assert all(tenant.waiting for tenant in core.tenants()), "one had too little work"
    got = dict.fromkeys(weights, 0.0)
    for event in world.log:
        if isinstance(event, on.Finished) and world.started[event.request] > begin + 2.0:
            got[event.request.partition("-")[0]] += event.run_s
    request_s = 2 * max(model.run_s for model in models.values())
    for tenant, weight in weights.items():
        share_s = sum(got.values()) * weight / sum(weights.values())
        assert got[tenant] + request_s + weight * ROUND_S >= 0.9 * share_s, (tenant, got, weights)


def test_a_cold_expert_takes_the_place_of_a_busy_one_as_soon_as_its_tenant_is_next() -> None:
    core = scheduler("cost", structs.replace(LIMITS, starvation=1000.0))
    for tenant in ("x", "y"):
        core.handle(on.TenantDeclared(0.0, tenant))
    models = {name: Model(parts(name), load_s=0.5, run_s=0.5) for name in ("a", "b")}
    world = World(core, models, spread=0.0, streamed=1.0)
    world.add([on.DeviceJoined(0.0, "n/d", "n", 12, parallel_runs=1, parallel_prefills=1)])
    world.add(on.Declared(0.0, name, slots=1) for name in models)
    for tenant, expert in (("x", "a"), ("y", "b")):
        world.add(
            on.Arrived(1.0, f"{tenant}{i}", expert, prompt_bytes=1000, tenant=tenant)
            for i in range(200)
        )
    world.run(until=100.0)
    served = Counter(request[0] for request in world.answered)
    assert served["x"] == pytest.approx(served["y"], rel=0.1)
    assert core.experts(100.0)[0].loads < 30
