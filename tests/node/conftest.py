"""A node with a fake engine, a clock that is set by hand, and a record of what it reports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coterie.engines import Engine
from coterie.errors import CoterieError
from coterie.node import NodeAgent
from coterie.scheduler.events import Event
from coterie.testing.engines import FakeEngine
from coterie.types import Device, Expert, Footprint, Header, Node, Part, Weights

WEIGHTS = Weights("/w", "sha256:w", 100, Header("gguf"))
NODE = Node("n", (Device("d", hot=1000, threads=3, parallel_loads=2), Device("g", 50, "cuda")), 77)


class World:
    """All that a test sees of a node. `tick` is one turn of its watch."""

    def __init__(self, state_dir: Path) -> None:
        self.now = 100.0
        self.events: list[Event] = []
        self.hot = (Part("sha256:w", 100), Part("private:e", 10))
        self.engine = FakeEngine(
            needs_weights=True, footprint=Footprint(hot=self.hot), hot=self.hot
        )
        self.resolved: list[str] = []
        self.resolve_error: CoterieError | None = None
        self._heard = asyncio.Event()
        self._sleeping = asyncio.Event()
        self._wake = asyncio.Event()
        engines: dict[str, Engine] = {"fake": self.engine}
        self.agent = NodeAgent(
            NODE,
            {
                "e": Expert("e", engine="fake", weights="file://w"),
                "f": Expert("f", engine="fake", weights="file://w"),
                "strange": Expert("strange", engine="no-such"),
            },
            engines,
            self._resolve,
            state_dir,
            self._report,
            lambda: self.now,
            self._sleep,
        )

    async def until(self, done: Callable[[], bool]) -> None:
        """Returns when what has been reported makes it true."""
        async with asyncio.timeout(10):
            while not done():
                self._heard.clear()
                await self._heard.wait()

    async def heard(self, count: int) -> list[Event]:
        """The events so far, once there are as many; they are then forgotten."""
        await self.until(lambda: len(self.events) >= count)
        events, self.events = self.events, []
        return events

    async def tick(self) -> None:
        """Lets the watch do its turn."""
        await self._sleeping.wait()
        self._sleeping.clear()
        self._wake.set()
        await self._sleeping.wait()

    async def _sleep(self, _seconds: float) -> None:
        self._sleeping.set()
        await self._wake.wait()
        self._wake.clear()

    async def _resolve(self, expert: Expert) -> Weights:
        self.resolved.append(expert.name)
        if self.resolve_error is not None:
            raise self.resolve_error
        self.now += 2.0
        return WEIGHTS

    def _report(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Opened, and its devices' joining forgotten."""
    made = World(tmp_path)
    await made.agent.open()
    made.events.clear()
    yield made
    await made.agent.close()
