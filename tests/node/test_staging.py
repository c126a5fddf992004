"""Files are read into the page cache, and only what is not there."""

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from coterie.node import staging
from coterie.node.staging import CHUNK_BYTES, Staging, read_ahead
from coterie.scheduler.actions import Stage
from coterie.scheduler.events import Event, Staged
from coterie.types import Header, Weights

HEADER = Header("gguf", "llama")
SIZE = 5 * CHUNK_BYTES + 17


@pytest.fixture
def cold(tmp_path: Path) -> Path:
    """A file that is not in the page cache."""
    if sys.platform != "linux":
        pytest.skip("the page cache cannot be looked at here")
    path = tmp_path / "weights"
    with path.open("wb") as file:
        file.write(os.urandom(SIZE))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    _, why = read_ahead(str(path), stopped())
    if not why:
        pytest.skip("this file system keeps what it is told to drop")
    return path


def stopped() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_what_is_cold_is_read_once(cold: Path) -> None:
    assert read_ahead(str(cold), threading.Event()) == (SIZE, "")
    assert read_ahead(str(cold), threading.Event()) == (0, "")


def test_it_stops_when_its_load_begins(cold: Path) -> None:
    assert read_ahead(str(cold), stopped()) == (0, "its load has begun")


def test_memory_that_others_use_is_left_alone(cold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_available_bytes", lambda: staging.SPARE_BYTES)
    read, why = read_ahead(str(cold), threading.Event())
    assert (read, why) == (0, "there is not enough free memory")


async def told(weights: dict[str, Weights | None], *actions: Stage) -> list[Event]:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    reader = Staging(weights, heard.put_nowait, lambda: 1.0)
    for action in actions:
        reader.stage(action)
    async with asyncio.timeout(10):
        found = [await heard.get() for _ in actions]
    await reader.close()
    return found


async def test_each_order_is_answered_once(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(100))
    weights = Weights(path=str(path), digest="sha256:x", size_bytes=100, header=HEADER)
    missing = Weights(path=str(tmp_path / "gone"), digest="sha256:y", size_bytes=100, header=HEADER)
    orders = [Stage("a", "n/d"), Stage("b", "n/d")]
    heard = await told({"a": weights, "b": weights}, *orders)
    found = {event.expert: event for event in heard if isinstance(event, Staged)}
    assert found["a"].read_bytes in (0, 100)
    assert found["b"].reason == "another expert is being read"
    for name in ("echo", "unknown", "gone"):
        (event,) = await told({"echo": None, "gone": missing}, Stage(name, "n/d"))
        assert isinstance(event, Staged)
        assert event.reason
