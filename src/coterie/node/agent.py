"""The node's agent: performs actions with engines and weights, reports events.

Its one law: whatever holds memory is in `running`, and leaves it only with the event that says that
its memory is free.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import assert_never

from coterie.engines import Endpoint, Engine
from coterie.errors import CoterieError, EngineUnknown
from coterie.node.kv import KvStore
from coterie.node.place import Place
from coterie.node.records import Records
from coterie.node.staging import Staging
from coterie.scheduler.actions import Fetch, Load, Stage, Unload
from coterie.scheduler.events import (
    DeviceJoined,
    Event,
    Fetched,
    FetchFailed,
    LoadFailed,
    Measured,
    Reported,
    Unloaded,
)
from coterie.types import Device, Expert, Footprint, Node, Weights, device_id

Resolve = Callable[[Expert], Awaitable[Weights]]

MEASURE_EVERY_S = 5.0
CLOSE_S = 30.0  # a replica has so long to end with its node
REPORT_EVERY = 2
"""Turns of measuring between two reports of what runs."""
MEASURE_TOLERANCE = 0.01
"""A measurement that differs by less from the last that was reported is not news."""
GRACE_S = 5.0
"""An unload follows the drain, so an engine that is polite has little left to finish."""


class NodeAgent:
    """One node's hands. The engines stay the caller's: nodes of one process may share them."""

    def __init__(
        self,
        node: Node,
        experts: Mapping[str, Expert],
        engines: Mapping[str, Engine],
        resolve: Resolve,
        state_dir: Path,
        report: Callable[[Event], None],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._node = node
        self._devices = {device_id(node.name, device.name): device for device in node.devices}
        self._experts = experts
        self._engines = engines
        self._resolve = resolve
        self._state_dir = state_dir
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._records = Records(state_dir / "workers")
        self._kv = KvStore(state_dir / "kv", node.name, node.kv_cache)
        self._weights: dict[str, Weights | None] = {}
        self._fetches: dict[str, asyncio.Task[None]] = {}
        self._places: dict[str, Place] = {}
        self._newest: dict[str, int] = {}
        self._staging = Staging(self._weights, report, clock)
        self._watch: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Ends what an earlier run left behind, then offers the devices."""
        await self._records.reap()
        await asyncio.to_thread(self._kv.clear)
        for name, device in self._devices.items():
            self._report(
                DeviceJoined(
                    at=self._clock(),
                    device=name,
                    node=self._node.name,
                    hot_bytes=device.hot,
                    host_bytes=self._node.host,
                    parallel_loads=device.parallel_loads,
                    parallel_runs=_parallel_runs(device),
                    parallel_prefills=_parallel_prefills(device),
                )
            )
        self._watch = asyncio.create_task(self._keep_watching())

    def perform(self, action: Fetch | Stage | Load | Unload) -> None:
        """Starts what the action asks for; what becomes of it is reported."""
        match action:
            case Fetch():
                self._fetch(action.expert)
            case Stage():
                self._staging.stage(action)
            case Load():
                self._staging.stop(action.expert)
                self._load(action)
            case Unload():
                self._unload(action)
            case _:
                assert_never(action)

    def endpoint(self, replica: str, generation: int) -> Endpoint | None:
        """Where to stream from, if that generation of the replica is hot."""
        place = self._places.get(replica)
        if place is None or place.generation != generation:
            return None
        return place.endpoint

    def running(self) -> tuple[tuple[str, int], ...]:
        """Every replica that holds memory: starting, hot, or not confirmed gone."""
        return tuple(sorted((name, place.generation) for name, place in self._places.items()))

    async def close(self) -> None:
        """Stops every instance at once; returns when all are gone. The engines stay open."""
        tasks = [*self._fetches.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        try:
            await self._staging.close()
            for place in self._places.values():
                place.end(grace_s=0.0)
            waiting = [*tasks, *(place.task for place in self._places.values())]
            if waiting:
                _, late = await asyncio.wait(waiting, timeout=CLOSE_S)
                for task in late:  # a plug-in's replica that cannot be stopped
                    task.cancel()
        finally:  # whoever is in a hurry leaves nothing of what clients wrote, either
            self._kv.clear()

    def _fetch(self, expert: str) -> None:
        """One fetch of an expert at a time; a second request for it is answered by the first."""
        if expert in self._fetches:
            return
        self._fetches[expert] = asyncio.create_task(self._do_fetch(expert))

    async def _do_fetch(self, expert: str) -> None:
        """Takes itself off the list before it reports: the answer may be to fetch again."""
        began = self._clock()
        event: Event
        try:
            footprint = await self._ensure_weights(expert)
            now = self._clock()
            event = Fetched(now, expert, footprint, now - began)
        except CoterieError as error:
            event = FetchFailed(self._clock(), expert, str(error), error.retryable)
        except Exception as error:  # a plug-in's defect fails one expert, not the node
            event = FetchFailed(self._clock(), expert, f"{type(error).__name__}: {error}")
        finally:
            del self._fetches[expert]
        self._report(event)

    async def _ensure_weights(self, name: str) -> Footprint:
        expert, engine = self._known(name)
        if name not in self._weights:
            self._weights[name] = await self._resolve(expert) if engine.needs_weights else None
        return engine.footprint(expert, self._weights[name])

    def _known(self, name: str) -> tuple[Expert, Engine]:
        """The expert and its engine. Raises EngineUnknown, also for an expert of no composition."""
        expert = self._experts.get(name)
        if expert is None:
            raise EngineUnknown(f"node {self._node.name!r} knows no expert {name!r}")
        engine = self._engines.get(expert.engine)
        if engine is None:
            raise EngineUnknown(
                f"node {self._node.name!r} has no engine {expert.engine!r} for {name!r}"
            )
        return expert, engine

    def _load(self, action: Load) -> None:
        """A generation that is not newer than the newest seen is an echo of the past, and is
        dropped.
        """
        if action.generation <= self._newest.get(action.replica, -1):
            return
        self._newest[action.replica] = action.generation
        before = self._places.get(action.replica)
        if before is not None:
            before.end(grace_s=0.0)
        device = self._devices.get(action.device)
        if device is None:
            reason = f"node {self._node.name!r} has no device {action.device!r}"
            self._report(
                LoadFailed(self._clock(), action.replica, action.generation, reason, False)
            )
            return
        self._places[action.replica] = Place(
            action,
            device,
            start=self._start_of(action),
            log_path=self._log_path(action.replica),
            before=before.task if before is not None else None,
            records=self._records,
            kv=self._kv,
            report=self._report,
            clock=self._clock,
            gone=self._forget,
        )

    def _start_of(
        self, action: Load
    ) -> Callable[[], Awaitable[tuple[Expert, Engine, Weights | None]]]:
        async def ready() -> tuple[Expert, Engine, Weights | None]:
            expert, engine = self._known(action.expert)
            if action.expert not in self._weights:
                await self._ensure_weights(action.expert)
            return expert, engine, self._weights[action.expert]

        return ready

    def _unload(self, action: Unload) -> None:
        self._newest[action.replica] = max(
            action.generation, self._newest.get(action.replica, action.generation)
        )
        place = self._places.get(action.replica)
        if place is None or place.generation != action.generation:
            if place is None or place.generation > action.generation:
                self._report(Unloaded(self._clock(), action.replica, action.generation))
            return
        place.end(grace_s=0.0 if action.force else GRACE_S)

    def _forget(self, place: Place) -> None:
        if self._places.get(place.replica) is place:
            del self._places[place.replica]

    def _log_path(self, replica: str) -> str:
        name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in replica)
        return str(self._state_dir / "logs" / f"{name}.log")

    async def _keep_watching(self) -> None:
        turn = 0
        while True:
            await self._sleep(MEASURE_EVERY_S)
            turn += 1
            for place in list(self._places.values()):
                hot = await place.measure(MEASURE_TOLERANCE)
                if hot:
                    self._report(Measured(self._clock(), place.replica, place.generation, hot))
            if turn % REPORT_EVERY == 0:
                self._report(Reported(self._clock(), self._node.name, self.running()))


def _parallel_runs(device: Device) -> int:
    """What the device says, or else on a CPU: as many replicas as have cores to generate on.

    Engines generate with half of a device's threads (and use all for prompts), so two replicas at
    once fill the cores; more would make threads wait for each other.
    """
    if device.parallel_runs or device.kind != "cpu":
        return device.parallel_runs
    generating = ((device.threads or _cores()) + 1) // 2
    return max(1, _cores() // generating)


def _parallel_prefills(device: Device) -> int:
    """What the device says, or else on a CPU: as many prompts as have cores to be computed on.

    A prompt is bound by computing and takes all of a device's threads: two at once would both take
    twice as long.
    """
    if device.parallel_prefills or device.kind != "cpu":
        return device.parallel_prefills
    return max(1, _cores() // (device.threads or _cores()))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
