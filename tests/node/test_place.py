"""One replica's life, where an engine does what no engine should."""

import asyncio
from pathlib import Path

import pytest

from coterie.engines import Engine, Launch
from coterie.node.place import Place
from coterie.node.records import Records
from coterie.scheduler.actions import Load
from coterie.scheduler.events import Event, Loaded, LoadFailed
from coterie.testing.engines import FakeEngine, FakeInstance
from coterie.types import Device, Expert, Part, Weights

ACTION = Load("e@n/d", 1, "e", "n/d", 1e9)


class Broken(FakeEngine):
    async def start(self, launch: Launch) -> FakeInstance:
        raise KeyError("nobody's")


class Unmeasurable(FakeInstance):
    def measure(self) -> tuple[Part, ...]:
        raise OSError("no maps")


class Blind(FakeEngine):
    async def start(self, launch: Launch) -> FakeInstance:
        return Unmeasurable(launch, (), ())


async def first_event(engine: Engine, tmp_path: Path) -> tuple[Place, Event]:
    heard: asyncio.Queue[Event] = asyncio.Queue()

    async def ready() -> tuple[Expert, Engine, Weights | None]:
        return Expert("e"), engine, None

    place = Place(
        ACTION,
        Device("d", hot=1),
        ready,
        str(tmp_path / "log"),
        None,
        Records(tmp_path),
        heard.put_nowait,
        lambda: 1.0,
        lambda place: None,
    )
    return place, await heard.get()


async def test_a_defect_of_an_engine_fails_one_load(tmp_path: Path) -> None:
    place, event = await first_event(Broken(), tmp_path)
    await place.task
    assert event == LoadFailed(1.0, "e@n/d", 1, 'KeyError: "nobody\'s"', True)


async def test_what_cannot_be_measured_is_loaded_without_a_measure(tmp_path: Path) -> None:
    place, event = await first_event(Blind(), tmp_path)
    assert event == Loaded(1.0, "e@n/d", 1, 0.0, ())
    assert await place.measure(0.0) == ()
    place.end(0.0)
    await place.task


@pytest.mark.parametrize("grace_s", [0.0, 5.0])
async def test_ending_twice_is_ending_once(tmp_path: Path, grace_s: float) -> None:
    place, _ = await first_event(Blind(), tmp_path)
    place.end(grace_s)
    place.end(grace_s)
    async with asyncio.timeout(10):
        await place.task
    assert place.endpoint is None
