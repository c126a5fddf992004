"""The live driver on virtual time: grants, refusals, and the decisions of the simulated one."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest

from coterie.config import Composition, Limits, SchedulerOptions
from coterie.controller import Controller, read
from coterie.errors import ExpertUnavailable, QueueFull, UnknownExpert, WaitExceeded
from coterie.scheduler import Dispatch, Load, Scheduler, Snapshot, Unload, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import replay
from coterie.testing.clock import run_virtually
from coterie.testing.links import QuietLink, Timing
from coterie.testing.world import Model, World
from coterie.types import Device, Expert, Grant, Node, Part

TIMINGS = {
    name: Timing((Part(f"w-{name}", 10),), load_s=load_s)
    for name, load_s in (("a", 1.01), ("b", 0.73), ("c", 2.17), ("d", 0.59))
}
LIMITS = Limits(wait=30.0, starvation=4.0, queue_per_expert=20)


def composition(limits: Limits = LIMITS, policy_name: str = "cost") -> Composition:
    return Composition(
        nodes=(Node("n", (Device("d", 22),)),),
        experts=tuple(Expert(name, engine="echo") for name in TIMINGS),
        limits=limits,
        scheduler=SchedulerOptions(policy_name),
    )


class Live:
    """A controller over one quiet node."""

    def __init__(self, folder: Path, made: Composition, timings: dict[str, Timing]) -> None:
        clock = asyncio.get_running_loop().time
        self.folder = folder
        self.controller = Controller(made, folder, clock)
        self.link = QuietLink("n", "n/d", 22, timings, self.controller.report, clock)

    async def __aenter__(self) -> "Live":
        await self.controller.open({"n": self.link})
        await self.controller.until_ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.controller.close()

    async def grant(self, request: str, expert: str) -> Grant:
        answer = self.controller.submit(request, expert)
        return answer if isinstance(answer, Grant) else await answer


@pytest.fixture
def live(tmp_path: Path) -> Callable[..., Live]:
    def make(limits: Limits = LIMITS, **changed: Timing) -> Live:
        return Live(tmp_path, composition(limits), TIMINGS | changed)

    return make


def test_it_is_ready_when_an_expert_has_generated_even_if_none_is_preloaded(
    live: Callable[..., Live],
) -> None:
    async def main() -> None:
        async with live() as run:
            assert run.controller.ready()
            assert [s.phase for s in run.controller.experts()] == ["hot", "cold", "cold", "cold"]

    run_virtually(main())


def test_a_hot_expert_grants_at_once_and_a_cold_one_when_it_is_loaded(
    live: Callable[..., Live],
) -> None:
    async def main() -> None:
        async with live() as run:
            grant = run.controller.submit("r1", "a")
            assert isinstance(grant, Grant)
            assert grant.address == "http://a@n/d"
            cold = await run.grant("r2", "b")
            assert cold.loading_s == pytest.approx(0.73)
            assert cold.queued_s == pytest.approx(0.0, abs=1e-9)

    run_virtually(main())


def test_the_first_byte_of_an_answer_is_an_event_of_the_journal(live: Callable[..., Live]) -> None:
    async def main() -> None:
        async with live() as run:
            await run.grant("r1", "a")
            run.controller.began("r1")
            run.controller.finish("r1", ok=True)
        (segment,) = run.folder.glob("*.jsonl")
        kinds = [msgspec.json.decode(line)["type"] for line in segment.read_bytes().splitlines()]
        assert kinds[-2:] == ["Began", "Finished"]

    run_virtually(main())


def test_refusals_become_the_errors_that_clients_get(live: Callable[..., Live]) -> None:
    async def main() -> None:
        broken = Timing(TIMINGS["b"].parts, load_fails=True)
        async with live(Limits(wait=5.0, queue_per_expert=1), b=broken, c=slow) as run:
            with pytest.raises(UnknownExpert, match="'nobody'"):
                run.controller.submit("r0", "nobody")
            with pytest.raises(ExpertUnavailable, match="no memory"):
                await run.grant("r1", "b")
            waits = run.controller.submit("r2", "c")
            with pytest.raises(QueueFull) as full:
                run.controller.submit("r3", "c")
            assert full.value.retry_after_s >= 1.0
            assert isinstance(waits, asyncio.Future)
            with pytest.raises(WaitExceeded, match=r"5\.0 s"):
                await waits

    slow = Timing(TIMINGS["c"].parts, load_s=9.0)
    run_virtually(main())


def test_a_client_that_leaves_gives_back_its_place_in_line_or_on_the_replica(
    live: Callable[..., Live],
) -> None:
    async def main() -> None:
        async with live() as run:
            waiting = run.controller.submit("r1", "b")
            assert isinstance(waiting, asyncio.Future)
            run.controller.cancel("r1")
            assert run.controller.experts()[1].waiting == 0
            granted = run.controller.submit("r2", "a")
            assert isinstance(granted, Grant)
            run.controller.cancel("r2")
            assert run.controller.experts()[0].running == 0

    run_virtually(main())


def test_a_crash_is_an_event_and_the_expert_comes_back(live: Callable[..., Live]) -> None:
    async def main() -> None:
        async with live() as run:
            await run.grant("r1", "a")
            run.link.crash("a@n/d")
            run.controller.finish("r1", ok=False)
            again = await run.grant("r2", "a")
            assert again.generation == 2

    run_virtually(main())


def test_shutting_down_refuses_who_waits_and_who_comes(live: Callable[..., Live]) -> None:
    async def main() -> None:
        run = live()
        async with run:
            waiting = run.controller.submit("r1", "b")
            assert isinstance(waiting, asyncio.Future)
        with pytest.raises(ExpertUnavailable, match="shutting down"):
            await waiting
        with pytest.raises(ExpertUnavailable, match="shutting down"):
            run.controller.submit("r2", "a")

    run_virtually(main())


def test_before_it_has_started_it_says_so(live: Callable[..., Live]) -> None:
    async def main() -> None:
        with pytest.raises(ExpertUnavailable, match="starting"):
            live().controller.submit("r1", "a")

    run_virtually(main())


def test_operators_load_unload_and_pin(live: Callable[..., Live]) -> None:
    async def main() -> None:
        async with live() as run:
            run.controller.load("c")
            await asyncio.sleep(3.0)
            assert phases(run)["c"] == "hot"
            run.controller.unload("c")
            await asyncio.sleep(0.2)
            assert phases(run)["c"] == "cold"
            run.controller.pin("d", True)
            await asyncio.sleep(1.0)
            assert phases(run)["d"] == "hot"
            assert run.controller.explain("d") is not None
            assert run.controller.devices()[0].used_bytes == 20

    run_virtually(main())


def phases(run: Live) -> dict[str, str]:
    return {status.name: status.phase for status in run.controller.experts()}


@pytest.mark.parametrize("policy_name", ["cost", "lru"])
def test_live_and_simulated_take_the_same_decisions(tmp_path: Path, policy_name: str) -> None:
    """One tie-free world, driven by asyncio on virtual time and by a heap."""
    random = Random(7)
    arrivals = [(0.9 + i * 0.31 + random.random() / 100, random.choice("aabcd")) for i in range(80)]
    runs = {f"r{i}": random.uniform(0.1, 0.9) for i in range(80)}

    async def lived() -> None:
        async with Live(tmp_path, composition(policy_name=policy_name), TIMINGS) as run:

            async def client(number: int, at: float, expert: str) -> None:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                await run.grant(f"r{number}", expert)
                await asyncio.sleep(runs[f"r{number}"])
                run.controller.finish(f"r{number}", ok=True, run_s=runs[f"r{number}"])

            await asyncio.gather(
                *(client(i, at + 1.2, expert) for i, (at, expert) in enumerate(arrivals))
            )

    run_virtually(lived())
    snapshot, *entries = read(tmp_path)
    assert isinstance(snapshot, Snapshot)
    world = Timed(Scheduler(policy(policy_name), LIMITS), runs)
    world.add(entry for entry in entries if isinstance(entry, on.DeviceJoined | on.Declared))
    world.add(entry for entry in entries if isinstance(entry, on.Arrived))
    world.run(until=60.0)
    assert decisions(world.log) == decisions(entries)
    assert len(decisions(world.log)) > 100
    assert replay([snapshot, *entries], None, policy).differing == 0


class Timed(World):
    """The simulated driver with exactly the times of the live one."""

    def __init__(self, scheduler: Scheduler, runs: dict[str, float]) -> None:
        models = {n: Model(t.parts, t.load_s, t.unload_s) for n, t in TIMINGS.items()}
        super().__init__(scheduler, models, spread=0.0)
        self._runs = runs

    def run_s(self, action: Dispatch) -> float:
        return self._runs[action.request]


def decisions(entries: Sequence[object]) -> list[tuple[object, ...]]:
    """Loads, unloads and dispatches in order, without the times that rounding may touch."""
    found: list[tuple[object, ...]] = []
    for entry in entries:
        match entry:
            case Load():
                found.append(("load", entry.replica, entry.generation))
            case Unload():
                found.append(("unload", entry.replica, entry.generation, entry.reason))
            case Dispatch():
                found.append(("dispatch", entry.request, entry.replica, entry.generation))
    return found


def test_the_outlook_of_experts_is_told_and_loads_none(live: Callable[..., Live]) -> None:
    async def main() -> None:
        async with live() as run:
            found = run.controller.outlook(["a", "b", "nobody"], prompt_bytes=100)
            assert [one.where for one in found] == ["resident", "room", "unavailable"]
            assert [s.phase for s in run.controller.experts()] == ["hot", "cold", "cold", "cold"]

    run_virtually(main())
