"""The way to a worker program: one process that speaks JSON lines, as a template of many workers or
as one by itself.

A worker's `exited` is done only when its process is really gone, so that its memory may be handed
out again.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from coterie.engines.llamacpp.processes import gone, outcome
from coterie.errors import LoadError

PROGRAM = Path(__file__).with_name("worker.py")
_LINE_LIMIT = 1 << 16
_OPEN_TIMEOUT_S = 60.0
_SPINS = "200"
"""Turns for which an idle OpenMP thread spins. libgomp's own count lets two replicas on the same
cores starve each other (measured: 8 tokens/s in all instead of 150); none at all costs a lone
replica two thirds of its speed.
"""


class Worker:
    """One worker process, from the request to launch it until it is gone."""

    def __init__(self, host: "Host") -> None:
        loop = asyncio.get_running_loop()
        self.pid = 0
        self.reason = ""
        self.ready: asyncio.Future[str] = loop.create_future()
        self.exited: asyncio.Future[str] = loop.create_future()
        self.doomed = False
        self._host = host

    @property
    def pids(self) -> tuple[int, ...]:
        """Its own process, and the one that it came from."""
        return tuple(dict.fromkeys((self.pid, self._host.pid)))

    @property
    def template_pid(self) -> int:
        return self._host.pid

    async def end(self) -> None:
        """Kills it; returns when it is gone, however often the caller is cancelled meanwhile."""
        self.doomed = True
        self._host.kill(self)
        while not self.exited.done():
            try:
                await asyncio.wait({self.exited})
            except asyncio.CancelledError:
                continue


class Host:
    """A running worker program. Opened by `Host.open`; `alive` until its stdout ends."""

    def __init__(self, process: asyncio.subprocess.Process, single: bool) -> None:
        loop = asyncio.get_running_loop()
        self.alive = True
        self._process = process
        self._single = single
        self._launches: dict[int, Worker] = {}
        self._workers: dict[int, Worker] = {}
        self._opened: asyncio.Future[str] = loop.create_future()
        self._unusable = ""
        self._listening = loop.create_task(self._listen())

    @classmethod
    async def open(cls, log_path: Path, single: bool = False, program: Path = PROGRAM) -> "Host":
        """Starts the program; a template is waited for until it says that it can fork. Raises
        LoadError.
        """
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(program),
                *(["--single"] if single else []),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment(os.environ),
                limit=_LINE_LIMIT,
            )
        host = cls(process, single)
        if single:
            return host
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                unusable = await asyncio.shield(host._opened)
        except TimeoutError:
            unusable = f"it said nothing in {_OPEN_TIMEOUT_S:g} s"
        except asyncio.CancelledError:
            await host.close()
            raise
        if unusable:
            await host.close()
            raise LoadError(f"the llama.cpp template did not start: {unusable}")
        return host

    @property
    def pid(self) -> int:
        return self._process.pid

    def launch(self, request: Mapping[str, Any]) -> Worker:
        """Asks for a worker; watch its `ready` and its `exited`."""
        worker = Worker(self)
        number = len(self._launches) + 1
        self._launches[number] = worker
        self._send({"launch": number, **request})
        return worker

    def kill(self, worker: Worker) -> None:
        """Kills a worker that is not gone yet; one without a pid as soon as it has one."""
        if worker.exited.done() or not worker.pid:
            return
        if self._single:
            self._process.kill()
        else:
            self._send({"kill": worker.pid})

    async def close(self) -> None:
        """Ends the program, and with it its workers. Returns when all are gone."""
        if self.alive:
            self._process.kill()
        await asyncio.wait({self._listening})

    def _send(self, message: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        if self.alive and not stdin.is_closing():
            stdin.write(msgspec.json.encode(message) + b"\n")

    async def _listen(self) -> None:
        """Reads what the program reports until it ends, then reports those who ended with it."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                self._hear(msgspec.json.decode(line, type=dict[str, Any]))
        except asyncio.CancelledError:  # the loop is being closed over our heads: nobody will hear
            self._abandon()
            raise
        self.alive = False
        if not self._opened.done():
            self._opened.set_result(self._unusable or "it ended at once")
        status = await self._process.wait()
        how = outcome(status)
        for worker in self._launches.values():
            if worker.exited.done():
                continue
            worker.reason = worker.reason or self._unusable
            if self._single:
                worker.exited.set_result(how)
                continue
            if worker.pid:
                await gone(worker.pid)
            worker.exited.set_result(f"ended with its template, which {how}")

    def _abandon(self) -> None:
        """Kills the program, with which its workers end, and lets go all who wait for that."""
        self.alive = False
        with suppress(ProcessLookupError):
            self._process.kill()
        if not self._opened.done():
            self._opened.set_result("its start was given up")
        for worker in self._launches.values():
            if not worker.exited.done():
                worker.exited.set_result("was abandoned")

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"template": _, "threads": threads}:
                # forking a process with more threads than this one could leave locks held for ever
                self._opened.set_result(
                    "" if threads == 1 else f"it has {threads} threads and cannot fork safely"
                )
            case {"unusable": reason}:
                self._unusable = reason
            case {"started": number, "pid": pid}:
                worker = self._launches[number]
                worker.pid = pid
                self._workers[pid] = worker
                if worker.doomed:
                    self.kill(worker)
            case {"ready": number, "address": address}:
                self._launches[number].ready.set_result(address)
            case {"failed": number, "reason": reason}:
                self._launches[number].reason = reason
            case {"exited": pid, "status": status}:
                worker = self._workers.pop(pid)
                worker.exited.set_result(outcome(os.waitstatus_to_exitcode(status)))


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """A worker's: what is set stays, and what llama.cpp needs beside other replicas is added."""
    environment = {"GGML_NO_BACKTRACE": "1", **environ}
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", _SPINS)
    return environment
