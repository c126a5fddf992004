"""One replica's life, where an engine does what no engine should."""

import asyncio
from pathlib import Path

import pytest

from coterie.engines import Engine, Launch
from coterie.node.kv import KvStore
from coterie.node.place import Place
from coterie.node.records import Records
from coterie.scheduler.actions import Load
from coterie.scheduler.events import Event, Loaded, LoadFailed, Unloaded
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


class Stubborn(FakeInstance):
    """Is stopped at the third try."""

    async def stop(self, grace_s: float) -> None:
        self.stops.append(grace_s)
        if len(self.stops) < 3:
            raise OSError("not now")


class Unwilling(FakeEngine):
    async def start(self, launch: Launch) -> FakeInstance:
        self.instances["e", 1] = Stubborn(launch, (), ())
        return self.instances["e", 1]


async def first_event(
    engine: Engine, tmp_path: Path, log: list[Event] | None = None
) -> tuple[Place, Event]:
    heard: asyncio.Queue[Event] = asyncio.Queue()

    def report(event: Event) -> None:
        heard.put_nowait(event)
        if log is not None:
            log.append(event)

    async def ready() -> tuple[Expert, Engine, Weights | None]:
        return Expert("e"), engine, None

    place = Place(
        ACTION,
        Device("d", hot=1),
        ready,
        str(tmp_path / "log"),
        None,
        Records(tmp_path),
        KvStore(tmp_path / "kv", "n", 1000),
        report,
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


async def test_memory_is_free_only_once_a_stop_has_succeeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coterie.node.place.STOP_AGAIN_S", (0.0, 0.001))
    engine, heard = Unwilling(), list[Event]()
    place, _ = await first_event(engine, tmp_path, heard)
    place.end(1.0)
    await place.task
    assert engine.instances["e", 1].stops == [1.0, 1.0, 1.0]
    assert [type(event) for event in heard] == [Loaded, Unloaded]


class Keeper(FakeInstance):
    """Writes what it may when it is asked to save."""

    restored_tokens = 7
    fails = False

    async def save(self, most_bytes: int) -> None:
        assert not self.stops, "it was stopped before it could save"
        if self.fails:
            raise OSError("disk full")
        (Path(self.launch.kv_dir) / "0.kv").write_bytes(bytes(most_bytes))


class Keepers(FakeEngine):
    async def start(self, launch: Launch) -> FakeInstance:
        self.instances["e", 1] = Keeper(launch, (), ())
        return self.instances["e", 1]


@pytest.mark.parametrize(
    ("grace_s", "fails", "kept"), [(1.0, False, 1000), (0.0, False, 0), (1.0, True, 0)]
)
async def test_its_kv_cache_is_kept_where_there_is_time(
    tmp_path: Path, grace_s: float, fails: bool, kept: int
) -> None:
    engine, log = Keepers(), list[Event]()
    place, event = await first_event(engine, tmp_path, log)
    assert isinstance(event, Loaded)
    assert event.restored_tokens == 7
    instance = engine.instances["e", 1]
    assert isinstance(instance, Keeper)
    instance.fails = fails
    place.end(grace_s)
    await place.task
    assert isinstance(log[-1], Unloaded)
    files = list((tmp_path / "kv").rglob("*.kv"))
    assert sum(file.stat().st_size for file in files) == kept
