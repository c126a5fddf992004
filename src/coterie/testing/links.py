"""A node that takes time but does nothing: for the live controller on virtual time."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from coterie.engines.protocol import Endpoint
from coterie.scheduler import Event, Fetch, Load, Stage, Unload
from coterie.scheduler import events as on
from coterie.types import Footprint, Part


class Timing(Struct, frozen=True):
    """How an expert behaves on the node: its parts, and seconds for each step."""

    parts: tuple[Part, ...]
    load_s: float = 1.0
    unload_s: float = 0.1
    load_fails: bool = False


class QuietLink:
    """Performs loads and unloads by waiting. `performed` lists what it was asked to do."""

    def __init__(
        self,
        node: str,
        device: str,
        hot_bytes: int,
        timings: dict[str, Timing],
        report: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self.performed: list[Fetch | Stage | Load | Unload] = []
        self._node = node
        self._device = device
        self._hot_bytes = hot_bytes
        self._timings = timings
        self._report = report
        self._clock = clock
        self._alive: dict[str, int] = {}
        self._handles: list[asyncio.TimerHandle] = []

    async def open(self) -> None:
        self._report(on.DeviceJoined(self._clock(), self._device, self._node, self._hot_bytes))

    def perform(self, action: Fetch | Stage | Load | Unload) -> None:
        self.performed.append(action)
        match action:
            case Fetch():
                footprint = Footprint(hot=self._timings[action.expert].parts)
                self._later(0.0, lambda at: on.Fetched(at, action.expert, footprint))
            case Stage():
                expert, device = action.expert, action.device
                self._later(0.01, lambda at: on.Staged(at, expert, device))
            case Load():
                self._load(action)
            case Unload():
                seconds = self._timings[action.replica.partition("@")[0]].unload_s
                self._alive.pop(action.replica, None)
                name, generation = action.replica, action.generation
                self._later(seconds, lambda at: on.Unloaded(at, name, generation, seconds))

    def endpoint(self, replica: str, generation: int) -> Endpoint | None:
        if self._alive.get(replica) != generation:
            return None
        return Endpoint(f"http://{replica}")

    def crash(self, replica: str) -> None:
        """The replica's worker dies now; its memory is free a moment later."""
        generation = self._alive.pop(replica)
        self._report(on.Crashed(self._clock(), replica, generation, "signal 9"))
        self._later(0.05, lambda at: on.Unloaded(at, replica, generation))

    async def close(self) -> None:
        for handle in self._handles:
            handle.cancel()

    def _load(self, action: Load) -> None:
        timing = self._timings[action.expert]
        name, generation = action.replica, action.generation
        if timing.load_fails:
            self._later(timing.load_s, lambda at: on.LoadFailed(at, name, generation, "no memory"))
            return

        def loaded(at: float) -> Event:
            self._alive[name] = generation
            return on.Loaded(at, name, generation, timing.load_s)

        self._later(timing.load_s, loaded)

    def _later(self, seconds: float, event: Callable[[float], Event]) -> None:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(seconds, lambda: self._report(event(self._clock())))
        self._handles.append(handle)
