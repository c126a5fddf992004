"""An engine whose replicas run elsewhere: it lends the address of a server that runs already.

So the very same worker is asked directly and through Coterie, and a static upstream becomes an
expert. It enters by the door that every engine uses, an entry point, in a folder that is on the
path of the server under test alone.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from coterie.engines.protocol import Endpoint, Launch
from coterie.types import Expert, Footprint, Part, Weights

METADATA = "Metadata-Version: 2.1\nName: coterie-borrowed\nVersion: 0\n"
ENTRY_POINT = "[coterie.engines]\nborrowed = benchmarks.borrowed:create\n"


class BorrowedInstance:
    """A server that is there before and after."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def pids(self) -> tuple[int, ...]:
        return ()

    @property
    def lost(self) -> "asyncio.Future[str]":
        return self._lost

    async def stop(self, grace_s: float) -> None:
        self._lost.cancel()

    def measure(self) -> tuple[Part, ...]:
        return ()


class BorrowedEngine:
    """`options.address` is where the replica is; `options.headers` what to send along."""

    name = "borrowed"
    needs_weights = False

    def problems(self, expert: Expert) -> Mapping[str, str]:
        if "address" in expert.options:
            return {}
        return {"options.address": "expected the address of a server that runs already"}

    def footprint(self, expert: Expert, weights: Weights | None) -> Footprint:
        return Footprint(hot=(Part(f"borrowed:{expert.name}", 1),))

    async def start(self, launch: Launch) -> BorrowedInstance:
        options = launch.expert.options
        return BorrowedInstance(Endpoint(options["address"], dict(options.get("headers", {}))))

    async def close(self) -> None:
        pass


def create(state_dir: Path) -> BorrowedEngine:
    return BorrowedEngine()


def door(folder: Path) -> Path:
    """A folder that, on the Python path, makes the engine known."""
    metadata = folder / "door" / "coterie_borrowed-0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(METADATA)
    (metadata / "entry_points.txt").write_text(ENTRY_POINT)
    return metadata.parent
