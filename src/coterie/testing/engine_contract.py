"""What every engine keeps, ours and strangers': a plug-in's tests call these with a bench of its
own.

async def test_contract(tmp_path): await check_engine(Bench(MyEngine(tmp_path), expert, weights,
device, tmp_path))

An engine may start several instances at once. The expert has to have one parallel slot, and its
engine must honour `max_tokens`, `ignore_eos` and `temperature`, so that a request can be made to
last.
"""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from coterie.engines import Engine, Instance, Launch
from coterie.errors import LoadError
from coterie.types import Device, Expert, Weights

LEAVING_S = 1.0
"""A client that has left may cost the replica so much longer."""
_LONG_TOKENS = 1500
_SHORT = {"max_tokens": 4, "ignore_eos": True, "temperature": 0}
_PATIENCE_S = 30.0

Crash = Callable[[Instance], Awaitable[None]]


async def kill_process(instance: Instance) -> None:
    """How an instance with a process of its own dies by itself."""
    os.kill(instance.pids[0], signal.SIGKILL)


class Bench(Struct, frozen=True):
    """An engine, what to load with it, what it must refuse, and how its instances die."""

    engine: Engine
    expert: Expert
    weights: Weights | None
    device: Device
    folder: Path
    bad_expert: Expert | None = None
    bad_weights: Weights | None = None
    crash: Crash = kill_process

    def launch(self, generation: int, bad: bool = False) -> Launch:
        expert = self.bad_expert if bad and self.bad_expert is not None else self.expert
        weights = self.bad_weights if bad and self.bad_weights is not None else self.weights
        return Launch(
            f"{expert.name}@node/{self.device.name}",
            generation,
            expert,
            self.device,
            weights,
            str(self.folder / f"{generation}.log"),
        )


async def check_engine(bench: Bench) -> None:
    """Every check, one after the other; closes the engine."""
    try:
        for check in CHECKS:
            await check(bench)
    finally:
        await bench.engine.close()


async def check_footprint(bench: Bench) -> None:
    """The estimate names no part twice, and knows of no negative bytes."""
    assert not bench.engine.problems(bench.expert)
    hot = bench.engine.footprint(bench.expert, bench.weights).hot
    assert len({part.digest for part in hot}) == len(hot)
    assert all(part.size_bytes >= 0 for part in hot)


async def check_generation(bench: Bench) -> None:
    """A started instance answers, whole and streamed, counts its tokens, and measures what it
    estimated.
    """
    instance = await bench.engine.start(bench.launch(1))
    try:
        estimated = {
            part.digest for part in bench.engine.footprint(bench.expert, bench.weights).hot
        }
        assert {part.digest for part in instance.measure()} <= estimated
        whole = json.loads(await _ask(instance, {"prompt": "one two three", **_SHORT}))
        assert whole["choices"][0]["text"]
        _check_usage(whole["usage"])
        streamed = await _ask(
            instance,
            {
                "messages": [{"role": "user", "content": "one two three"}],
                "stream": True,
                **_SHORT,
                "stream_options": {"include_usage": True},
            },
            "/v1/chat/completions",
        )
        *frames, done = [line[6:] for line in streamed.split("\n") if line.startswith("data: ")]
        assert done.strip() == "[DONE]"
        chunks = [json.loads(frame) for frame in frames]
        assert any(choice["delta"].get("content") for c in chunks for choice in c["choices"])
        _check_usage(chunks[-1]["usage"])
    finally:
        await instance.stop(0.0)


async def check_secret(bench: Bench) -> None:
    """Without its secret an instance answers nothing."""
    instance = await bench.engine.start(bench.launch(2))
    try:
        assert instance.endpoint.headers, "an endpoint has to carry a secret"
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with aiohttp.ClientSession() as session:
                address = f"{instance.endpoint.address}/v1/completions"
                body = {"prompt": "one", "max_tokens": 1}
                async with session.post(address, json=body, headers=headers) as response:
                    assert response.status == 401
    finally:
        await instance.stop(0.0)


async def check_client_leaving(bench: Bench) -> None:
    """When a client leaves, streamed to or not, its slot is free for the next within a second."""
    instance = await bench.engine.start(bench.launch(3))
    try:
        for stream in (True, False):
            body = {"prompt": "one two", "max_tokens": _LONG_TOKENS, "ignore_eos": True}
            busy = asyncio.create_task(_ask(instance, {**body, "stream": stream}))
            await asyncio.wait({busy}, timeout=0.3)
            assert not busy.done(), "the expert answers too fast to be left"
            busy.cancel()
            await asyncio.wait({busy})
            async with asyncio.timeout(LEAVING_S):
                await _ask(instance, {"prompt": "one", "max_tokens": 1})
    finally:
        await instance.stop(0.0)


async def check_stop(bench: Bench) -> None:
    """Stopping ends its process and its address, is no loss, and can be asked twice."""
    instance = await bench.engine.start(bench.launch(4))
    await asyncio.gather(instance.stop(1.0), instance.stop(0.0))
    await instance.stop(0.0)
    assert not is_running(instance.pids[:1])
    assert not instance.lost.done()
    assert instance.measure() == ()
    await _expect_refused(instance)


async def check_stop_while_it_answers(bench: Bench) -> None:
    """Stopping without grace ends an answer with it, in bounded time, and frees all."""
    instance = await bench.engine.start(bench.launch(10))
    body = {"prompt": "one two", "max_tokens": _LONG_TOKENS, "ignore_eos": True, "stream": True}
    busy = asyncio.create_task(_ask(instance, body))
    await asyncio.wait({busy}, timeout=0.3)
    assert not busy.done(), "the expert answers too fast to be stopped meanwhile"
    async with asyncio.timeout(_PATIENCE_S):
        await instance.stop(0.0)
        await asyncio.wait({busy})
    broken = busy.exception() is not None
    assert broken or "[DONE]" not in busy.result(), "an answer that was cut short says it is whole"
    assert not is_running(instance.pids[:1])
    await _expect_refused(instance)


async def check_loss(bench: Bench) -> None:
    """An instance that dies says so, with a reason, and can still be stopped."""
    instance = await bench.engine.start(bench.launch(5))
    await bench.crash(instance)
    async with asyncio.timeout(_PATIENCE_S):
        assert await instance.lost
    await instance.stop(0.0)
    assert not is_running(instance.pids[:1])
    await _expect_refused(instance)


async def check_failed_start(bench: Bench) -> None:
    """A start that fails raises LoadError, leaves nothing, and harms no later start."""
    if bench.bad_expert is None and bench.bad_weights is None:
        return
    launch = bench.launch(6, bad=True)
    cause = await _failure(bench, launch)
    assert launch.replica in cause
    instance = await bench.engine.start(bench.launch(7))
    await instance.stop(0.0)


async def check_cancelled_start(bench: Bench) -> None:
    """A start that is cancelled at any moment ends, leaves nothing, and harms no later start."""
    for wait_s in (0.0, 0.02, 0.1):
        start = asyncio.create_task(bench.engine.start(bench.launch(8)))
        await asyncio.wait({start}, timeout=wait_s)
        start.cancel()
        await asyncio.wait({start}, timeout=_PATIENCE_S)
        assert start.done()
        if not start.cancelled():
            await start.result().stop(0.0)
    instance = await bench.engine.start(bench.launch(9))
    await instance.stop(0.0)


CHECKS: tuple[Callable[[Bench], Awaitable[None]], ...] = (
    check_footprint,
    check_generation,
    check_secret,
    check_client_leaving,
    check_stop,
    check_stop_while_it_answers,
    check_loss,
    check_failed_start,
    check_cancelled_start,
)


def is_running(pids: tuple[int, ...]) -> bool:
    """Whether any of the processes still runs; one that its parent has yet to take note of does
    not.
    """
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in ("Z", "X"):
            return True
    return False


async def _failure(bench: Bench, launch: Launch) -> str:
    try:
        await bench.engine.start(launch)
    except LoadError as error:
        return str(error)
    raise AssertionError(f"{launch.replica!r} was to fail, and started")


async def _ask(instance: Instance, body: dict[str, Any], path: str = "/v1/completions") -> str:
    address, headers = instance.endpoint.address, instance.endpoint.headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(address + path, json=body, headers=headers) as response,
    ):
        text = await response.text()
        assert response.status == 200, text
        return text


def _check_usage(usage: dict[str, int]) -> None:
    assert usage["completion_tokens"] == _SHORT["max_tokens"]
    assert usage["prompt_tokens"] >= 3
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def _expect_refused(instance: Instance) -> None:
    try:
        await _ask(instance, {"prompt": "one", "max_tokens": 1})
    except aiohttp.ClientConnectionError:
        return
    raise AssertionError(f"{instance.endpoint.address!r} still answers")
