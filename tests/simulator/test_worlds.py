"""Whatever the machines, and whatever befalls them, nothing is lost and nothing is overbooked."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import Action, Event, Scheduler, policy
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator import (
    FREE,
    Driver,
    Faults,
    Outcome,
    Place,
    Planned,
    Residence,
    Setup,
    requests,
    simulate,
)
from coterie.types import NO_BUDGET, Budget, Part
from coterie.workloads import Arrival

ROUNDING = 1e-6


class World(Struct):
    """All that a simulation is given."""

    setup: Setup
    arrivals: list[Arrival]
    budget: Budget
    faults: Faults


@st.composite
def worlds(draw: st.DrawFn) -> World:
    nodes = [f"n{number}" for number in range(draw(st.integers(1, 2)))]
    experts = [f"e{number}" for number in range(draw(st.integers(1, 5)))]
    devices = tuple(
        draw(_devices(f"{node}/d{number}", node))
        for node in nodes
        for number in range(draw(st.integers(1, 2)))
    )
    names = [device.device for device in devices]
    is_shared = draw(st.booleans())  # the devices of a node are on one machine
    computes = {one.device: one.node if is_shared else one.device for one in devices}
    setup = Setup(
        draw(st.sampled_from(["cost", "lru"])),
        draw(_limits()),
        devices,
        tuple(draw(_declared(name, names)) for name in experts),
        {"k": {name: draw(_figures(name)) for name in experts}},
        {machine: draw(st.sampled_from([1.0, 2.0, 4.0])) for machine in computes.values()},
        computes,
        dict.fromkeys(names, "k"),
        tuple(draw(_places(node)) for node in nodes),
        lanes={name: draw(st.sampled_from([50.0, FREE])) for name in names},
    )
    budget = draw(st.sampled_from([NO_BUDGET, Budget(ttft=2.0), Budget(e2e=9.0)]))
    return World(setup, draw(_arrivals(experts)), budget, draw(_faults(nodes)))


def _devices(name: str, node: str) -> st.SearchStrategy[DeviceJoined]:
    return st.builds(
        DeviceJoined,
        st.just(0.0),
        st.just(name),
        st.just(node),
        st.sampled_from([100, 150, 250]),
        st.sampled_from([0, 150, 400]),
        parallel_loads=st.integers(1, 3),
        parallel_runs=st.integers(0, 2),
        parallel_prefills=st.integers(0, 2),
    )


def _limits() -> st.SearchStrategy[Limits]:
    return st.builds(
        Limits,
        queue=st.sampled_from([4, 1000]),
        queue_per_expert=st.sampled_from([2, 500]),
        wait=st.sampled_from([5.0, 60.0]),
        starvation=st.sampled_from([1.0, 10.0]),
        attempts=st.integers(0, 2),
        backoff=st.sampled_from([0.1, 5.0]),
    )


def _declared(name: str, devices: list[str]) -> st.SearchStrategy[Declared]:
    return st.builds(
        Declared,
        st.just(0.0),
        st.just(name),
        slots=st.integers(1, 4),
        replicas=st.integers(1, 2),
        pinned=st.sampled_from([False, False, False, True]),
        preload=st.booleans(),
        idle_ttl_s=st.sampled_from([0.0, 1.5]),
        devices=st.sampled_from([(), (), tuple(devices[-1:])]),
    )


def _figures(name: str) -> st.SearchStrategy[Figures]:
    """Experts have their weights in part from a base that they share."""

    def figures(size: int, shares: bool, **rest: Any) -> Figures:
        own = (Part(f"sha256:{name}", size),)
        return Figures((*own, Part("sha256:base", 30)) if shares else own, load_bytes=size, **rest)

    return st.builds(
        figures,
        st.sampled_from([20, 60, 100, 300]),
        st.booleans(),
        prompt_pace=st.sampled_from([50.0, 1e9]),
        output_pace=st.sampled_from([20.0, 1e9]),
        load_work=st.sampled_from([0.0, 0.5]),
        load_wait_s=st.sampled_from([0.0, 0.3]),
        unload_s=st.sampled_from([0.0, 0.01, 1.0]),
        first_work=st.sampled_from([0.0, 0.01]),
        threads=st.sampled_from([1.0, 8.0]),
        output_threads=st.sampled_from([1.0, 2.0]),
        batch_share=st.sampled_from([0.0, 0.7, 1.0]),
    )


def _places(node: str) -> st.SearchStrategy[Place]:
    return st.builds(
        Place,
        st.just(node),
        link=st.sampled_from([100.0, FREE]),
        disk=st.sampled_from([40.0, FREE]),
        host_bytes=st.sampled_from([0, 150, 400]),
        is_warm=st.booleans(),
    )


@st.composite
def _arrivals(draw: st.DrawFn, experts: list[str]) -> list[Arrival]:
    at_s, found = 0.0, []
    for _ in range(draw(st.integers(1, 40))):
        at_s += draw(st.sampled_from([0.0, 0.0, 0.05, 0.4, 3.0]))
        name, prompt = draw(st.sampled_from(experts)), draw(st.sampled_from([0, 5, 100]))
        found.append(Arrival(at_s, name, prompt, draw(st.sampled_from([1, 2, 30]))))
    return found


@st.composite
def _faults(draw: st.DrawFn, nodes: list[str]) -> Faults:
    planned = list[Planned]()
    for kind in draw(st.lists(st.sampled_from(["node", "node", "disk", "link"]), max_size=3)):
        node, at_s = draw(st.sampled_from(nodes)), draw(st.sampled_from([0.0, 0.4, 1.0, 3.0, 7.0]))
        if all((one.kind, one.node) != (kind, node) for one in planned):
            for_s = draw(st.sampled_from([0.005, 0.5, 5.0]))
            planned.append(Planned(kind, node, at_s, for_s, 0.1))  # type: ignore[arg-type]
    crashes, fails = st.sampled_from([0.0, 0.0, 1800.0]), st.sampled_from([0.0, 0.0, 0.3])
    return Faults(tuple(planned), draw(crashes), draw(fails), draw(st.integers(0, 3)))


class _Checked(Scheduler):
    """A scheduler that looks for contradictions after each event."""

    def handle(self, event: Event) -> list[Action]:
        out = super().handle(event)
        self.check()
        return out


def _outcome(world: World) -> tuple[Outcome, float]:
    """What comes of it, and how long the machines ran before the first request."""
    core = _Checked(policy(world.setup.policy), world.setup.limits)
    driver = Driver(core, world.setup, world.faults)
    return driver.run(requests(world.arrivals, world.budget)), driver.begin


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_in_any_world_each_request_has_one_end_and_nothing_is_overbooked(world: World) -> None:
    found, _ = _outcome(world)
    asked = [(arrival.expert, arrival.at_s) for arrival in world.arrivals]
    assert [(answer.expert, answer.sent_s) for answer in found.answers] == asked
    for answer in found.answers:
        assert answer.is_good == (not answer.error)
        if answer.is_good:
            assert answer.first_s is not None
            assert 0.0 <= answer.first_s <= answer.total_s + ROUNDING
        assert answer.sent_s + answer.total_s <= found.end_s + ROUNDING
    served = sum(stay.requests for stay in found.residences)
    assert served >= sum(answer.is_good for answer in found.answers)
    for device in world.setup.devices:
        _assert_within(device, world.setup, found.residences)
    for machine, cores in world.setup.cores.items():
        assert -ROUNDING <= found.busy_s[machine] <= cores * found.end_s + ROUNDING
    again = simulate(world.setup, requests(world.arrivals, world.budget), world.faults)
    assert again == structs.replace(found)


def _assert_within(device: DeviceJoined, setup: Setup, stays: list[Residence]) -> None:
    """At no moment do replicas take more than the device has, shared parts once."""
    here = [stay for stay in stays if stay.device == device.device]
    for stay in here:
        assert stay.from_s <= stay.leaves_s <= stay.gone_s
        assert stay.from_s <= stay.hot_s
        present = [one for one in here if one.from_s <= stay.from_s < one.gone_s]
        parts = {part for one in present for part in setup.figures_on(one.expert, one.device).parts}
        assert sum(part.size_bytes for part in parts) <= device.hot_bytes
        assert len({one.expert for one in present}) == len(present)
