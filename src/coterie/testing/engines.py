"""An engine that does as it is told: a load waits until the test lets it succeed or fail."""

import asyncio
from collections.abc import Mapping

from coterie.engines import Endpoint, Launch
from coterie.errors import EngineError
from coterie.types import Expert, Footprint, Part, Weights


class FakeInstance:
    """A replica without a process. `stops` are the graces it was stopped with; `hot` is what it
    measures.
    """

    def __init__(self, launch: Launch, pids: tuple[int, ...], hot: tuple[Part, ...]) -> None:
        self.launch = launch
        self.pids = pids
        self.hot = hot
        self.endpoint = Endpoint(f"http://{launch.replica}/{launch.generation}")
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.stops: list[float] = []
        self.stopping = asyncio.Event()
        self.may_stop = asyncio.Event()
        self.may_stop.set()

    async def stop(self, grace_s: float) -> None:
        self.stops.append(grace_s)
        self.stopping.set()
        if grace_s == 0:
            return
        await self.may_stop.wait()

    def measure(self) -> tuple[Part, ...]:
        return self.hot


class FakeEngine:
    """Remembers each launch; `succeed` and `fail` decide it. `cancelled` are those that were given
    up.
    """

    name = "fake"

    def __init__(
        self,
        needs_weights: bool = False,
        footprint: Footprint = Footprint(),  # noqa: B008 - frozen
        pids: tuple[int, ...] = (),
        hot: tuple[Part, ...] = (),
    ) -> None:
        self.needs_weights = needs_weights
        self.launches: list[Launch] = []
        self.instances: dict[tuple[str, int], FakeInstance] = {}
        self.cancelled: list[tuple[str, int]] = []
        self.is_closed = False
        self.found: dict[str, str] = {}
        self._footprint = footprint
        self._pids = pids
        self._hot = hot
        self._pending: dict[tuple[str, int], asyncio.Future[None]] = {}
        self._changed = asyncio.Event()

    def problems(self, expert: Expert) -> Mapping[str, str]:
        return self.found

    def footprint(self, expert: Expert, weights: Weights | None) -> Footprint:
        return self._footprint

    async def start(self, launch: Launch) -> FakeInstance:
        key = (launch.replica, launch.generation)
        self.launches.append(launch)
        self._pending[key] = asyncio.get_running_loop().create_future()
        self._changed.set()
        try:
            await self._pending[key]
        except asyncio.CancelledError:
            self.cancelled.append(key)
            raise
        self.instances[key] = FakeInstance(launch, self._pids, self._hot)
        return self.instances[key]

    async def close(self) -> None:
        self.is_closed = True

    async def started(self, replica: str, generation: int) -> None:
        """Returns once that load has been asked for."""
        while (replica, generation) not in self._pending:
            self._changed.clear()
            await self._changed.wait()

    async def succeed(self, replica: str, generation: int) -> None:
        await self.started(replica, generation)
        self._pending[replica, generation].set_result(None)

    async def fail(self, replica: str, generation: int, error: EngineError) -> None:
        await self.started(replica, generation)
        self._pending[replica, generation].set_exception(error)
