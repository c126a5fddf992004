"""llama.cpp behind the engine protocol: a replica is one worker process with the model's own server
on loopback.

A worker is always ended by SIGKILL: what wants saving was saved, requests were drained before, and
the kernel frees its memory in tens of milliseconds, whereas an orderly shutdown of the server waits
for all of its streams.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from coterie.engines.llamacpp import estimate, logs, memory, options, slots
from coterie.engines.llamacpp.template import Host, Worker
from coterie.engines.protocol import Endpoint, Launch
from coterie.errors import LoadError
from coterie.types import Expert, Footprint, Part, Weights


class LlamaCpp:
    """Forks workers from a template for `cpu` devices; starts each in a process of its own for any
    other kind.
    """

    name = "llamacpp"
    needs_weights = True

    def __init__(self, state_dir: Path) -> None:
        self._log_path = state_dir / "logs" / "llamacpp.log"
        self._opening: asyncio.Task[Host] | None = None

    def problems(self, expert: Expert) -> Mapping[str, str]:
        return options.problems(expert)

    def footprint(self, expert: Expert, weights: Weights | None) -> Footprint:
        """The peak of one replica on a CPU device. Where a loop runs, the template is started now:
        a load will follow.
        """
        assert weights is not None, "llamacpp reads weights"
        self._warm()
        adapters = sum(_size(path) for path, _scale in options.lora(expert))
        return estimate.estimate(
            weights.header, weights.size_bytes, expert, weights.digest, adapters
        )

    async def start(self, launch: Launch) -> "LlamaInstance":
        if launch.weights is None:
            raise LoadError(f"{launch.replica!r} has no weights to load")
        # a GPU's driver does not survive a fork, and only Linux ends a worker with the process it
        # was forked from
        single = launch.device.kind != "cpu" or sys.platform != "linux"
        Path(launch.log_path).parent.mkdir(parents=True, exist_ok=True)
        host = await self._single_host(launch) if single else await self._template()
        key = secrets.token_urlsafe(24)
        kv_dir = (
            launch.kv_dir if slots.CAN_SAVE and not launch.expert.options.get("embedding") else ""
        )
        worker = host.launch(
            {
                "log_path": launch.log_path,
                "weights": launch.weights.path,
                "key": key,
                "params": options.params(launch.expert, launch.device, _cores(), kv_dir),
            }
        )
        try:
            await asyncio.wait({worker.ready, worker.exited}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await worker.end()
            raise
        if not worker.ready.done() or worker.exited.done():
            await worker.end()
            raise LoadError(_failure(launch, worker))
        instance = LlamaInstance(launch, worker, key, kv_dir, measured=not single)
        try:
            await instance.restore()
        except BaseException:
            await instance.stop(0.0)
            raise
        return instance

    async def close(self) -> None:
        """Ends the template, and every worker with it. A later start opens another."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        await asyncio.wait({opening})
        if not opening.cancelled() and opening.exception() is None:
            await opening.result().close()

    async def _single_host(self, launch: Launch) -> Host:
        return await Host.open(Path(launch.log_path + ".host"), single=True)

    async def _template(self) -> Host:
        """The template that lives; a dead one is replaced. The first caller's cancellation does not
        stop its start.
        """
        opening = self._opening
        if opening is None or (opening.done() and not _is_alive(opening)):
            opening = self._opening = asyncio.get_running_loop().create_task(
                Host.open(self._log_path)
            )
        return await asyncio.shield(opening)

    def _warm(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._opening is None:
            self._opening = loop.create_task(Host.open(self._log_path))
            self._opening.add_done_callback(_retrieve)


class LlamaInstance:
    """One replica: a worker that has generated."""

    def __init__(
        self, launch: Launch, worker: Worker, key: str, kv_dir: str, *, measured: bool
    ) -> None:
        assert launch.weights is not None
        self._launch = launch
        self._weights = launch.weights
        self._worker = worker
        self._measured = measured
        self._kv_dir = kv_dir
        self.restored_tokens = 0
        self._stopping = False
        self._endpoint = Endpoint(worker.ready.result(), {"Authorization": f"Bearer {key}"})
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        worker.exited.add_done_callback(self._on_exit)

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def pids(self) -> tuple[int, ...]:
        return self._worker.pids

    @property
    def lost(self) -> "asyncio.Future[str]":
        return self._lost

    async def restore(self) -> None:
        """Gives the slots back what an earlier generation of this replica saved."""
        if self._kv_dir:
            address, headers = self._endpoint.address, self._endpoint.headers
            parallel = self._launch.expert.parallel
            self.restored_tokens = await asyncio.to_thread(
                slots.restore, address, headers, self._kv_dir, parallel
            )

    async def save(self, most_bytes: int) -> None:
        """Saves the slots, if this engine may."""
        if self._kv_dir and most_bytes and not self._worker.exited.done():
            address, headers = self._endpoint.address, self._endpoint.headers
            parallel, pid = self._launch.expert.parallel, self._worker.pid
            await asyncio.to_thread(
                slots.save, address, headers, self._kv_dir, parallel, most_bytes, pid
            )

    async def stop(self, grace_s: float) -> None:
        """Kills the worker, at once whatever the grace: see the module."""
        self._stopping = True
        await self._worker.end()

    def measure(self) -> tuple[Part, ...]:
        """Mapped weights, what is private to the worker, and the template; nothing where memory is
        not the system's.
        """
        if not self._measured or self._worker.exited.done():
            return ()
        own = memory.usage(self._worker.pid, self._weights.path)
        template = memory.usage(self._worker.template_pid)
        if own is None or template is None:
            return ()
        return (
            Part(self._weights.digest, own.mapped),
            Part(estimate.private_digest(self._launch.expert), own.private),
            Part(estimate.RUNTIME_DIGEST, template.resident),
        )

    def _on_exit(self, exited: "asyncio.Future[str]") -> None:
        if not self._stopping and not self._lost.done():
            tail = logs.last_line(self._launch.log_path)
            self._lost.set_result(
                f"worker {self._worker.pid} {exited.result()}" + (f": {tail}" if tail else "")
            )


def create(state_dir: Path) -> LlamaCpp:
    """The door for the entry point `coterie.engines`."""
    return LlamaCpp(state_dir)


def _failure(launch: Launch, worker: Worker) -> str:
    """What the log gives as the cause, or else what the worker said, or else how it ended."""
    end = f"its worker {worker.exited.result()}"
    cause = logs.cause(launch.log_path) or worker.reason
    details = f"{end}; log: {launch.log_path!r}" if cause else f"log: {launch.log_path!r}"
    return f"{launch.replica!r} did not load: {cause or end} ({details})"


def _is_alive(opening: "asyncio.Task[Host]") -> bool:
    return not opening.cancelled() and opening.exception() is None and opening.result().alive


def _retrieve(opening: "asyncio.Task[Host]") -> None:
    """Marks a failed early start as seen: the next load tries again and reports it."""
    if not opening.cancelled():
        opening.exception()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0  # a missing adapter fails the load, with its name
