"""Random worlds for Hypothesis: what the core must hold its promises in."""

from hypothesis import strategies as st

from coterie.config import Limits
from coterie.scheduler import Event, Scheduler, policy
from coterie.scheduler import events as on
from coterie.testing.world import Faults, Model, World
from coterie.types import NO_BUDGET, Budget, Part, Priority

PRIORITIES: tuple[Priority, ...] = ("interactive", "standard", "batch")
BUDGETS = (
    NO_BUDGET,
    NO_BUDGET,
    Budget(ttft=2.0),
    Budget(ttft=0.3, e2e=4.0),
    Budget(tpot=0.05, e2e=10.0),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A random composition, its arrivals, its operators and its faults."""
    name = draw(st.sampled_from(["cost", "cost", "lru", "cost-order-grouping", "cost-eviction"]))
    limits = Limits(
        wait=draw(st.sampled_from([5.0, 30.0])),
        starvation=draw(st.sampled_from([0.0, 1.0, 5.0])),
        queue=draw(st.sampled_from([5, 1000])),
        queue_per_expert=draw(st.sampled_from([2, 50])),
        minimum_residency=draw(st.sampled_from([0.0, 2.0])),
        backoff=0.5,
    )
    core = Scheduler(policy(name), limits)
    count = draw(st.integers(1, 8))
    shared = draw(st.booleans())
    models = {}
    for i in range(count):
        digest = f"sha256:{i // 2 if shared else i}"
        size = 10 if shared else draw(st.integers(1, 20))
        models[f"e{i}"] = Model(
            parts=(Part(digest, size), Part(f"private:e{i}", 2)),
            load_s=draw(st.sampled_from([0.1, 1.0, 3.0])),
            unload_s=draw(st.sampled_from([0.01, 0.5])),
            run_s=draw(st.sampled_from([0.05, 1.0])),
            fetch_s=draw(st.sampled_from([0.0, 1.0])),
        )
    chance = st.sampled_from([0.0, 0.0, 0.1, 0.3])
    faults = Faults(*(draw(chance) for _ in range(6)))
    seed, streamed = draw(st.integers(0, 1000)), draw(st.sampled_from([0.0, 0.5, 1.0]))
    world = World(core, models, faults, seed, streamed=streamed)
    for i in range(draw(st.integers(1, 3))):
        world.add(
            [
                on.DeviceJoined(
                    0.0,
                    f"n{i}/d",
                    f"n{i}",
                    draw(st.integers(10, 60)),
                    parallel_loads=draw(st.integers(1, 2)),
                    parallel_runs=draw(st.integers(0, 2)),
                    parallel_prefills=draw(st.integers(0, 2)),
                )
            ]
        )
    if draw(st.booleans()):
        weight = draw(st.sampled_from([0.5, 1.0, 3.0]))
        world.add([on.TenantDeclared(0.0, ""), on.TenantDeclared(0.0, "x", weight)])
    for name in models:
        world.add(
            [
                on.Declared(
                    0.0,
                    name,
                    slots=draw(st.integers(1, 3)),
                    replicas=draw(st.integers(1, 2)),
                    pinned=draw(st.integers(0, 9)) == 0,
                    preload=draw(st.integers(0, 4)) == 0,
                    idle_ttl_s=draw(st.sampled_from([0.0, 0.0, 3.0])),
                    devices=draw(st.sampled_from([(), (), ("n0/d",)])),
                )
            ]
        )
    arrivals = [
        on.Arrived(
            draw(st.floats(0.0, 40.0)),
            f"r{i}",
            f"e{draw(st.integers(0, count - 1))}",
            prompt_bytes=draw(st.sampled_from([0, 100, 5000])),
            output_tokens=draw(st.sampled_from([0, 4, 400])),
            tenant=draw(st.sampled_from(["", "x"])),
            priority=draw(st.sampled_from(PRIORITIES)),
            budget=draw(st.sampled_from(BUDGETS)),
            fallbacks=draw(st.sampled_from([(), (), ("e0",), ("e0", f"e{count - 1}")])),
        )
        for i in range(draw(st.integers(0, 60)))
    ]
    world.add(arrivals)
    leaves = draw(st.lists(st.integers(0, 59), max_size=8))
    world.add(
        on.Cancelled(arrivals[i].at + draw(st.floats(0.0, 5.0)), arrivals[i].request)
        for i in leaves
        if i < len(arrivals)
    )
    names = st.sampled_from(sorted(models))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.floats(0.0, 40.0))
        name = draw(names)
        wishes: list[Event] = [
            on.LoadRequested(at, name),
            on.Hinted(at, name),
            on.Hinted(at + 1.0, name),
            on.UnloadRequested(at, name),
            on.PinChanged(at, name, True),
            on.PinChanged(at, name, False),
        ]
        world.add([draw(st.sampled_from(wishes))])
    if draw(st.integers(0, 4)) == 0:
        world.add([on.NodeLeft(draw(st.floats(0.0, 40.0)), "n0", "unplugged")])
    return world
