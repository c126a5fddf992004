"""One job for one thing: who asks while it runs joins it; it ends early only when all have left.

Blocking work runs in a thread and is told to stop when its job is cancelled; the job is over when
the thread is.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Progress = Callable[[int, int | None], None]


class Stopped(Exception):
    """Raised in a thread whose job was cancelled; nobody sees it."""


class Stop:
    """Asked between two blocks of work whether to go on."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def check(self) -> None:
        if self._event.is_set():
            raise Stopped


async def in_thread(work: Callable[[Stop], T]) -> T:
    """Runs `work` in a thread. If cancelled, asks it to stop and waits until it has.

    Whatever the work uses may therefore be closed right after, which `asyncio.to_thread` denies.
    """
    stop = Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # looked at, so that asyncio does not report Stopped
        raise


class Job(Generic[T]):
    """Work in progress, and those who wait for it."""

    def __init__(self) -> None:
        self.task: asyncio.Task[T] | None = None
        self.waiters = 0
        self.listeners: list[Progress] = []

    def report(self, done_bytes: int, total_bytes: int | None) -> None:
        for listener in tuple(self.listeners):
            listener(done_bytes, total_bytes)


class Jobs(Generic[T]):
    """The jobs in progress, by key."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, ...], Job[T]] = {}

    async def run(
        self,
        key: tuple[str, ...],
        start: Callable[[Progress], Coroutine[Any, Any, T]],
        progress: Progress | None = None,
    ) -> T:
        """The outcome of the job of `key`: of the one that runs, else of a new one."""
        job = await self._joined(key, start)
        assert job.task is not None
        if progress is not None:
            job.listeners.append(progress)
        job.waiters += 1
        try:
            return await asyncio.shield(job.task)
        finally:
            job.waiters -= 1
            if progress is not None:
                job.listeners.remove(progress)
            if not job.waiters:
                job.task.cancel()

    async def _joined(
        self, key: tuple[str, ...], start: Callable[[Progress], Coroutine[Any, Any, T]]
    ) -> Job[T]:
        while (job := self._jobs.get(key)) is not None:
            assert job.task is not None
            if not job.task.cancelling():
                return job
            await asyncio.wait([job.task])  # given up by others, and still tidying: then begin anew
        job = self._jobs[key] = Job()
        job.task = asyncio.ensure_future(start(job.report))
        job.task.add_done_callback(lambda _: self._jobs.pop(key, None))
        return job
