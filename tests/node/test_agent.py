"""Actions in, events out: given these, exactly those."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coterie.errors import FetchFailed as NotDelivered
from coterie.errors import LoadError, WeightsInvalid
from coterie.node.kv import KvStore
from coterie.scheduler.actions import Fetch, Load, Unload
from coterie.scheduler.events import (
    Crashed,
    DeviceJoined,
    Fetched,
    FetchFailed,
    Loaded,
    LoadFailed,
    Measured,
    Reported,
    Unloaded,
)
from coterie.types import Footprint, Part

if TYPE_CHECKING:
    from tests.node.conftest import World

E = "e@n/d"


def load(
    generation: int = 1, expert: str = "e", device: str = "n/d", deadline: float = 1e9
) -> Load:
    return Load(f"{expert}@{device}", generation, expert, device, deadline)


async def loaded(world: "World", generation: int = 1) -> None:
    world.agent.perform(load(generation))
    await world.engine.succeed(E, generation)
    await world.until(lambda: isinstance(world.events[-1:] and world.events[-1], Loaded))
    world.events.clear()


async def test_opening_offers_the_devices(world: "World") -> None:
    await world.agent.open()
    cpu, gpu = world.events
    assert isinstance(cpu, DeviceJoined)
    assert isinstance(gpu, DeviceJoined)
    assert (cpu.device, cpu.node, cpu.hot_bytes, cpu.host_bytes) == ("n/d", "n", 1000, 77)
    assert (cpu.parallel_loads, cpu.parallel_runs >= 1) == (2, True)
    assert cpu.parallel_prefills >= 1
    assert (gpu.device, gpu.hot_bytes) == ("n/g", 50)
    assert (gpu.parallel_runs, gpu.parallel_prefills) == (0, 0)


async def test_a_fetch_brings_the_footprint(world: "World") -> None:
    world.agent.perform(Fetch("e"))
    assert await world.heard(1) == [Fetched(102.0, "e", Footprint(hot=world.hot), 2.0)]


async def test_two_fetches_at_once_are_one(world: "World") -> None:
    world.agent.perform(Fetch("e"))
    world.agent.perform(Fetch("e"))
    assert len(await world.heard(1)) == 1
    assert world.resolved == ["e"]


@pytest.mark.parametrize(
    ("error", "retryable"), [(NotDelivered("net down"), True), (WeightsInvalid("torn"), False)]
)
async def test_a_fetch_that_fails_says_whether_to_retry(
    world: "World", error: NotDelivered | WeightsInvalid, retryable: bool
) -> None:
    world.resolve_error = error
    world.agent.perform(Fetch("e"))
    assert await world.heard(1) == [FetchFailed(100.0, "e", str(error), retryable)]
    world.resolve_error = None
    world.agent.perform(Fetch("e"))
    assert isinstance((await world.heard(1))[0], Fetched)


@pytest.mark.parametrize("expert", ["strange", "unknown"])
async def test_what_the_node_does_not_know_is_not_fetched(world: "World", expert: str) -> None:
    world.agent.perform(Fetch(expert))
    (event,) = await world.heard(1)
    assert isinstance(event, FetchFailed)
    assert not event.retryable
    assert repr(expert) in event.reason


async def test_a_load_ends_in_what_was_measured(world: "World") -> None:
    world.agent.perform(load())
    await world.engine.started(E, 1)
    assert world.agent.running() == ((E, 1),)
    assert world.agent.endpoint(E, 1) is None
    world.now = 110.0
    await world.engine.succeed(E, 1)
    assert await world.heard(1) == [Loaded(110.0, E, 1, 10.0, world.hot)]
    endpoint = world.agent.endpoint(E, 1)
    assert endpoint is not None
    assert endpoint.address == "http://e@n/d/1"
    assert world.agent.endpoint(E, 2) is None
    launch = world.engine.launches[0]
    assert (launch.expert.name, launch.device.name, launch.weights is not None) == ("e", "d", True)


async def test_a_load_that_fails_is_gone(world: "World") -> None:
    world.agent.perform(load())
    await world.engine.fail(E, 1, LoadError("no room"))
    assert await world.heard(1) == [LoadFailed(102.0, E, 1, "no room", True)]
    assert world.agent.running() == ()


async def test_a_load_past_its_deadline_is_cancelled_and_fails(world: "World") -> None:
    world.agent.perform(load(deadline=100.0))
    (event,) = await world.heard(1)
    assert isinstance(event, LoadFailed)
    assert event.retryable
    assert "its time to load" in event.reason
    assert world.agent.running() == ()


async def test_a_deadline_ends_a_start_that_is_under_way(world: "World") -> None:
    await world.agent._resolve(world.agent._experts["e"])
    world.agent.perform(load(deadline=world.now + 0.01))
    (event,) = await world.heard(1)
    assert isinstance(event, LoadFailed)


async def test_a_load_on_a_device_of_another_node_fails(world: "World") -> None:
    world.agent.perform(load(device="m/d"))
    reason = "node 'n' has no device 'm/d'"
    assert await world.heard(1) == [LoadFailed(100.0, "e@m/d", 1, reason, False)]


async def test_an_unload_waits_until_the_memory_is_free(world: "World") -> None:
    await loaded(world)
    instance = world.engine.instances[E, 1]
    instance.may_stop.clear()
    world.agent.perform(Unload(E, 1))
    await instance.stopping.wait()
    assert world.agent.endpoint(E, 1) is None
    assert world.agent.running() == ((E, 1),)
    assert world.events == []
    world.now += 3.0
    instance.may_stop.set()
    assert await world.heard(1) == [Unloaded(105.0, E, 1, 3.0)]
    assert world.agent.running() == ()


async def test_force_leaves_no_grace(world: "World") -> None:
    await loaded(world)
    world.agent.perform(Unload(E, 1, force=True))
    await world.heard(1)
    assert world.engine.instances[E, 1].stops == [0.0]


async def test_force_hurries_an_unload_that_is_under_way(world: "World") -> None:
    await loaded(world)
    instance = world.engine.instances[E, 1]
    instance.may_stop.clear()
    world.agent.perform(Unload(E, 1))
    await instance.stopping.wait()
    instance.stopping.clear()
    world.agent.perform(Unload(E, 1, force=True))
    await instance.stopping.wait()
    assert instance.stops[0] > 0.0
    assert instance.stops[1] == 0.0
    instance.may_stop.set()
    assert len(await world.heard(1)) == 1


async def test_an_unload_cancels_a_start(world: "World") -> None:
    world.agent.perform(load())
    await world.engine.started(E, 1)
    world.agent.perform(Unload(E, 1))
    assert await world.heard(1) == [Unloaded(102.0, E, 1, 0.0)]
    assert world.engine.cancelled == [(E, 1)]
    assert world.agent.running() == ()


async def test_an_unload_before_the_start_has_begun_is_enough(world: "World") -> None:
    world.agent.perform(load())
    world.agent.perform(Unload(E, 1))
    assert await world.heard(1) == [Unloaded(100.0, E, 1, 0.0)]
    assert world.engine.launches == []


async def test_an_unload_of_what_is_not_there_is_done_at_once(world: "World") -> None:
    world.agent.perform(Unload(E, 7))
    assert world.events == [Unloaded(100.0, E, 7)]


async def test_a_lost_instance_has_crashed_and_then_unloads(world: "World") -> None:
    await loaded(world)
    world.engine.instances[E, 1].lost.set_result("killed")
    assert world.agent.endpoint(E, 1) is None
    assert world.agent.running() == ((E, 1),)
    assert await world.heard(2) == [Crashed(102.0, E, 1, "killed"), Unloaded(102.0, E, 1, 0.0)]
    assert world.agent.running() == ()


async def test_the_same_load_twice_is_one(world: "World") -> None:
    await loaded(world)
    world.agent.perform(load(1))
    assert len(world.engine.launches) == 1
    assert world.agent.endpoint(E, 1) is not None


async def test_actions_of_an_older_generation_do_nothing_to_a_newer_one(world: "World") -> None:
    await loaded(world, 5)
    world.agent.perform(load(4))
    world.agent.perform(Unload(E, 4))
    assert world.events == [Unloaded(102.0, E, 4)]
    assert world.agent.running() == ((E, 5),)
    assert world.agent.endpoint(E, 5) is not None


async def test_a_load_that_was_unloaded_before_it_came_is_dropped(world: "World") -> None:
    world.agent.perform(Unload(E, 3))
    world.agent.perform(load(3))
    assert await world.heard(1) == [Unloaded(100.0, E, 3)]
    assert world.agent.running() == ()


async def test_a_newer_load_waits_until_the_older_replica_is_gone(world: "World") -> None:
    await loaded(world)
    world.agent.perform(load(2))
    await world.engine.succeed(E, 2)
    first, second = await world.heard(2)
    assert first == Unloaded(102.0, E, 1, 0.0)
    assert isinstance(second, Loaded)
    assert world.agent.running() == ((E, 2),)


async def test_a_measurement_is_news_when_it_changes(world: "World") -> None:
    await loaded(world)
    instance = world.engine.instances[E, 1]
    await world.tick()
    instance.hot = (Part("sha256:w", 100), Part("private:e", 11))
    await world.tick()
    assert [event for event in world.events if isinstance(event, Measured)] == []
    instance.hot = (Part("sha256:w", 100), Part("private:e", 12))
    await world.tick()
    await world.tick()
    measured = [event for event in world.events if isinstance(event, Measured)]
    assert measured == [Measured(102.0, E, 1, instance.hot)]


async def test_every_other_turn_what_runs_is_reported(world: "World") -> None:
    await loaded(world)
    world.agent.perform(load(1, "f"))
    for _ in range(4):
        await world.tick()
    running = ((E, 1), ("f@n/d", 1))
    reported = [event for event in world.events if isinstance(event, Reported)]
    assert reported == [Reported(reported[0].at, "n", running)] * 2


async def test_closing_ends_all_of_it(world: "World") -> None:
    await loaded(world)
    world.agent.perform(load(1, "f"))
    await world.engine.started("f@n/d", 1)
    world.agent.perform(Fetch("e"))
    async with asyncio.timeout(10):
        await world.agent.close()
    assert world.agent.running() == ()
    assert world.engine.instances[E, 1].stops == [0.0]
    assert world.engine.cancelled == [("f@n/d", 1)]


@pytest.mark.parametrize("hurried", [False, True])
async def test_closing_leaves_nothing_of_what_clients_wrote(
    world: "World", tmp_path: Path, hurried: bool
) -> None:
    await loaded(world)
    kept = KvStore(tmp_path / "kv", "n", 1000)
    assert kept.reserve("f@n/d") > 0
    (Path(kept.path("f@n/d")) / "0.kv").write_bytes(b"secret")
    closing = asyncio.create_task(world.agent.close())
    await asyncio.sleep(0)
    if hurried:  # a second Ctrl-C
        closing.cancel()
    await asyncio.wait({closing})
    assert list((tmp_path / "kv").rglob("*.kv")) == []


async def test_a_log_is_named_after_its_replica(world: "World", tmp_path: Path) -> None:
    await loaded(world)
    assert world.engine.launches[0].log_path == str(tmp_path / "logs" / "e_n_d.log")
