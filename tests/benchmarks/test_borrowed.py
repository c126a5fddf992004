import importlib.metadata
from pathlib import Path

from benchmarks.borrowed import BorrowedEngine, create, door
from coterie.engines.protocol import Endpoint, Launch
from coterie.types import Device, Expert


def test_the_door_is_an_entry_point_that_leads_to_the_engine(tmp_path: Path) -> None:
    (found,) = importlib.metadata.distributions(path=[str(door(tmp_path))])
    (entry,) = found.entry_points
    assert (entry.group, entry.name) == ("coterie.engines", BorrowedEngine.name)
    assert entry.load() is create


async def test_a_replica_is_where_the_options_say(tmp_path: Path) -> None:
    engine = create(tmp_path)
    expert = Expert(
        name="a", engine="borrowed", options={"address": "http://x:1", "headers": {"K": "v"}}
    )
    assert engine.problems(expert) == {}
    assert engine.footprint(expert, None).hot_bytes == 1
    instance = await engine.start(Launch("a@n/d", 1, expert, Device("d", 10), None, "log"))
    assert instance.endpoint == Endpoint("http://x:1", {"K": "v"})
    assert instance.pids == ()
    assert instance.measure() == ()
    await instance.stop(0.0)
    assert instance.lost.cancelled()


def test_without_an_address_there_is_nothing_to_borrow(tmp_path: Path) -> None:
    assert "options.address" in create(tmp_path).problems(Expert(name="a"))
