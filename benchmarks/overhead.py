"""What Coterie costs a request: the same server asked directly and through it, in turns.

`worker`: a real hot worker. `gateways`: Coterie, LiteLLM and vllm-router over one static upstream,
a core each.
"""

import asyncio
import math
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks import upstream as static
from benchmarks.borrowed import BorrowedEngine
from benchmarks.coterie_server import ask_once, composition, coterie_up
from benchmarks.gateways import litellm, vllm_router
from benchmarks.hot_worker import hot_worker
from benchmarks.servers import COTERIE, measured, static_coterie
from benchmarks.tables import Result
from benchmarks.weights import smollm2
from coterie.types import Expert
from coterie.workloads import (
    Answer,
    Shape,
    Target,
    closed_loop,
    connected,
    constant,
    endless,
    open_loop,
    percentile,
)

RATE = 50.0
EXPERT = "smollm2"
DIRECT = "upstream directly"


class Block(Struct, frozen=True):
    """How each turn loads: so many connections in a closed loop, or a rate in an open one."""

    connections: int = 0
    rate: float = 0.0
    requests: int = 40

    def __str__(self) -> str:
        return f"{self.rate:g} requests/s" if self.rate else f"{self.connections} connections"


def run(
    *, environments: Path, blocks: int = 12, seconds: int = 5, rounds: int = 3, part: str = "all"
) -> list[Result]:
    """Both parts, or one: `worker` or `gateways`."""
    results = []
    if part in ("all", "worker"):
        results.append(asyncio.run(worker(blocks)))
    if part in ("all", "gateways"):
        results += gateways(environments, blocks, seconds, rounds)
    return results


# -- a real worker --------------------------------------------------------------------------------


async def worker(blocks: int) -> Result:
    """One llama.cpp worker, asked directly and through Coterie, which has its address on loan."""
    expert = Expert(name=EXPERT, context=256, parallel=16)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with hot_worker(expert, smollm2(), 1, folder) as instance:
            endpoint = instance.endpoint
            lent = {"address": endpoint.address, "headers": dict(endpoint.headers)}
            document = composition(
                [
                    {
                        "name": EXPERT,
                        "engine": BorrowedEngine.name,
                        "parallel": 16,
                        "options": lent,
                    }
                ],
                hot_bytes=1024,
            )
            with coterie_up(document, folder / "coterie") as served:
                ask_once(served.url, EXPERT)
                for stream in (True, False):
                    for block in (
                        Block(connections=1),
                        Block(connections=16, requests=160),
                        Block(rate=RATE, requests=100),
                    ):
                        targets = {
                            "direct": Target(
                                endpoint.address,
                                api="completions",
                                stream=stream,
                                headers=dict(endpoint.headers),
                            ),
                            COTERIE: Target(served.url, api="completions", stream=stream),
                        }
                        answers = await in_turns(
                            targets, block, blocks, Shape((EXPERT,), 2, 1), keep=not stream
                        )
                        rows.append(compared(answers, "direct", COTERIE, block, stream))
    return Result(
        "overhead",
        "a real hot worker asked directly and through Coterie (SmolLM2-135M, 2 tokens in, 1 out)",
        rows,
        (
            f"{blocks} blocks each, direct and through in turns; one compute thread",
            "plain: on kept connections; streaming: each on a new one, because llama.cpp's server "
            "closes it after a stream",
            "to first token; without streaming: to the whole answer",
            "added: difference of the percentiles of both",
        ),
    )


async def in_turns(
    targets: dict[str, Target], block: Block, blocks: int, shape: Shape, *, keep: bool = True
) -> dict[str, list[Answer]]:
    """Small blocks, target after target, so that noise meets all; the first does not count."""
    answers: dict[str, list[Answer]] = {name: [] for name in targets}
    async with connected(keep=keep) as session:
        for number in range(blocks + 1):
            for name, target in targets.items():
                if block.rate:
                    arrivals = constant(shape, block.rate, block.requests / block.rate)
                    found = await open_loop(session, target, arrivals)
                else:
                    found = await closed_loop(
                        session,
                        target,
                        endless(shape),
                        connections=block.connections,
                        most_requests=block.requests,
                    )
                if number:
                    answers[name] += found
    return answers


def compared(
    answers: dict[str, list[Answer]], direct: str, through: str, block: Block, stream: bool
) -> dict[str, Any]:
    """A row: percentiles in ms of both ways, and what the longer one adds."""
    ways = {name: first_tokens_ms(answers[name]) for name in (direct, through)}
    row: dict[str, Any] = {
        "system": through,
        "answer": "streaming" if stream else "plain",
        "load": str(block),
        "requests": len(ways[through]),
        "failed": sum(not answer.is_good for name in ways for answer in answers[name]),
    }
    for percent in (50, 99):
        before, after = (percentile(ways[name], percent) for name in (direct, through))
        row[f"direct p{percent} ms"] = before
        row[f"through p{percent} ms"] = after
        row[f"added p{percent} ms"] = after - before
    return row


def first_tokens_ms(answers: list[Answer]) -> list[float]:
    return [
        answer.first_s * 1000 for answer in answers if answer.is_good and answer.first_s is not None
    ]


# -- over one static upstream ---------------------------------------------------------------------


def gateways(environments: Path, blocks: int, seconds: int, rounds: int) -> list[Result]:
    """Requests a second of each gateway, and what it adds at a steady rate."""
    counted: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        up = stack.enter_context(static.static_upstream(folder, core=1))
        for mode, address in (("plain", up.plain), ("streaming", up.streaming)):
            with ExitStack() as systems:
                urls = {
                    DIRECT: address,
                    COTERIE: systems.enter_context(
                        static_coterie(address, folder / f"coterie-{mode}", core=0)
                    ),
                    "vllm-router": systems.enter_context(
                        vllm_router(address, environments, folder, 0)
                    ),
                    "LiteLLM": systems.enter_context(litellm(address, environments, folder, 0)),
                }
                for connections in (1, 16):
                    counted += with_ratios(
                        measured(
                            urls,
                            mode=mode,
                            connections=connections,
                            seconds=seconds,
                            rounds=rounds,
                            folder=folder,
                        )
                    )
                added += steady(urls, mode == "streaming", blocks)
    return [
        Result(
            "overhead",
            "requests/s over one static upstream, one core each",
            counted,
            (
                "server on core 0; load generator (wrk) and upstream (nginx) on core 1",
                "all gateways run at once and are asked in turns; medians of the rounds",
            ),
        ),
        Result(
            "overhead",
            f"added time to first token at {RATE:g} requests/s over one static upstream",
            added,
            ("open loop, even arrivals, in turns; the load generator is `coterie bench`'s",),
        ),
    ]


def with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row's rate as a multiple of LiteLLM's and of vllm-router's in the same turns."""
    rates = {row["system"]: row["requests/s"] for row in rows}
    for row in rows:
        for peer in ("LiteLLM", "vllm-router"):
            base = rates.get(peer, 0.0)
            row[f"x {peer}"] = row["requests/s"] / base if base else math.nan
    return rows


def steady(urls: dict[str, str], stream: bool, blocks: int) -> list[dict[str, Any]]:
    """What each gateway adds at a rate that none of them is busy at."""
    targets = {name: Target(url, stream=stream) for name, url in urls.items()}
    block = Block(rate=RATE, requests=50)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1} & cores or cores)
    try:
        answers = asyncio.run(in_turns(targets, block, blocks, Shape((static.MODEL,), 8, 5)))
    finally:
        os.sched_setaffinity(0, cores)
    return [compared(answers, DIRECT, name, block, stream) for name in urls if name != DIRECT]
