"""One replica's life on this node, from the action that starts it to the event that says that its
memory is free.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from coterie.engines import Endpoint, Engine, Instance, Keeping, Launch
from coterie.errors import CoterieError
from coterie.node.kv import KvStore
from coterie.node.records import Records
from coterie.scheduler.actions import Load
from coterie.scheduler.events import Crashed, Event, Loaded, LoadFailed, Unloaded
from coterie.types import Device, Expert, Part, Weights

STOP_AGAIN_S = (0.1, 1.0, 5.0)  # pauses after a stop that failed; the last one again and again

Ready = Callable[[], Awaitable[tuple[Expert, Engine, Weights | None]]]


class Place:
    """Runs in a task of its own: start, then wait to be ended or for the instance to be lost, then
    stop.

    It reports Loaded or LoadFailed, then Crashed if the instance died, and Unloaded as the last
    word of what was loaded or was told to end. `gone` is called just before that last event.
    """

    def __init__(
        self,
        action: Load,
        device: Device,
        start: Ready,
        log_path: str,
        before: "asyncio.Task[None] | None",
        records: Records,
        kv: KvStore,
        report: Callable[[Event], None],
        clock: Callable[[], float],
        gone: Callable[["Place"], None],
    ) -> None:
        self.replica = action.replica
        self.generation = action.generation
        self._action = action
        self._device = device
        self._ready = start
        self._log_path = log_path
        self._before = before
        self._records = records
        self._kv = kv
        self._report = report
        self._clock = clock
        self._gone = gone
        self._instance: Instance | None = None
        self._measured: tuple[Part, ...] = ()
        self._grace_s = 0.0
        self._ended_at: float | None = None
        self._starting: asyncio.Task[Instance] | None = None
        self._end = asyncio.Event()
        self._hurry: asyncio.Task[None] | None = None
        self.task = asyncio.create_task(self._live())

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it serves; None unless it is hot."""
        return self._instance.endpoint if self._instance is not None and self._is_hot() else None

    def end(self, grace_s: float) -> None:
        """Ends it, in whatever phase it is. Told again with less grace, it hurries."""
        if not self._end.is_set():
            self._ended_at = self._clock()
            self._grace_s = grace_s
            self._end.set()
            if self._starting is not None:
                self._starting.cancel()
        elif grace_s < self._grace_s and self._instance is not None:
            self._grace_s = grace_s
            self._hurry = asyncio.create_task(self._stop(self._instance))

    async def measure(self, tolerance: float) -> tuple[Part, ...]:
        """What it takes now, if it is hot and that has changed by more than `tolerance`; else
        nothing.
        """
        instance = self._instance
        if instance is None or not self._is_hot():
            return ()
        hot = await _measured(instance)
        before, now = _total(self._measured), _total(hot)
        if not hot or not self._is_hot() or abs(now - before) <= tolerance * before:
            return ()
        self._measured = hot
        return hot

    def _is_hot(self) -> bool:
        instance = self._instance
        return instance is not None and not self._end.is_set() and not instance.lost.done()

    async def _live(self) -> None:
        if self._before is not None:
            await asyncio.wait({self._before})
        began = self._clock()
        failure = await self._start()
        if self._instance is None:
            await asyncio.to_thread(self._kv.drop, self.replica)
            self._gone(self)
            if self._end.is_set():
                self._say_unloaded()
            else:
                reason, retryable = failure
                at = self._clock()
                self._report(LoadFailed(at, self.replica, self.generation, reason, retryable))
            return
        await self._serve(self._instance, began)
        await self._save(self._instance)
        await self._stop(self._instance)
        self._records.remove(self.replica)
        self._gone(self)
        self._say_unloaded()

    async def _start(self) -> tuple[str, bool]:
        """Sets the instance, or returns why there is none and whether another try may help."""
        if self._end.is_set():
            return "", False
        left_s = self._action.deadline - self._clock()
        self._starting = asyncio.create_task(self._launch())
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                self._instance = await self._starting
        except TimeoutError:
            return (
                f"{self.replica!r} had not generated after {left_s:.1f} s, its time to load",
                True,
            )
        except asyncio.CancelledError:
            return "", False  # by `end`; nobody else cancels
        except CoterieError as error:
            return str(error), error.retryable
        except Exception as error:  # a plug-in's defect fails one load, not the node
            return f"{type(error).__name__}: {error}", True
        finally:
            self._starting = None
        return "", True

    async def _launch(self) -> Instance:
        expert, engine, weights = await self._ready()
        launch = Launch(
            self.replica,
            self.generation,
            expert,
            self._device,
            weights,
            self._log_path,
            self._kv.path(self.replica),
        )
        instance = await engine.start(launch)
        self._records.write(self.replica, self.generation, instance.pids)
        return instance

    async def _serve(self, instance: Instance, began: float) -> None:
        """Says that it is loaded; returns when it is to be ended, or has died."""
        if not self._end.is_set() and not instance.lost.done():
            self._measured = await _measured(instance)
            now = self._clock()
            restored = instance.restored_tokens if isinstance(instance, Keeping) else 0
            self._report(
                Loaded(now, self.replica, self.generation, now - began, self._measured, restored)
            )
        await asyncio.to_thread(self._kv.drop, self.replica)  # its slots go on from there
        ending = asyncio.create_task(self._end.wait())
        either: set[asyncio.Future[Any]] = {ending, instance.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not self._end.is_set():
            self._ended_at = self._clock()
            self._report(
                Crashed(self._clock(), self.replica, self.generation, instance.lost.result())
            )

    async def _save(self, instance: Instance) -> None:
        """Keeps its KV cache, where it has the grace to be asked: then it is idle."""
        if not isinstance(instance, Keeping) or not self._end.is_set() or not self._grace_s:
            return
        granted = await asyncio.to_thread(self._kv.reserve, self.replica)
        try:
            async with asyncio.timeout(self._grace_s):
                await instance.save(granted)
        except Exception:  # also a plug-in's defect: what is not kept is computed again
            pass
        finally:
            await asyncio.to_thread(self._kv.settle, self.replica)

    async def _stop(self, instance: Instance) -> None:
        """Stops it, however often that must be tried: its memory counts as taken until then."""
        pauses = iter(STOP_AGAIN_S)
        while True:
            try:
                await instance.stop(self._grace_s)
                return
            except Exception:  # a plug-in's defect frees no byte
                await asyncio.sleep(next(pauses, STOP_AGAIN_S[-1]))

    def _say_unloaded(self) -> None:
        now = self._clock()
        unload_s = now - (self._ended_at if self._ended_at is not None else now)
        self._report(Unloaded(now, self.replica, self.generation, unload_s))


async def _measured(instance: Instance) -> tuple[Part, ...]:
    """Off the loop: reading the maps of a large process takes milliseconds. Failing, it is not
    known.
    """
    try:
        return await asyncio.to_thread(instance.measure)
    except Exception:  # a plug-in's defect costs a measurement, not the node
        return ()


def _total(parts: tuple[Part, ...]) -> int:
    return sum(part.size_bytes for part in parts)
