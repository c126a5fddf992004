"""Does the simulator say what the live system does? The same arrivals, both ways.

The figures of the model are measured at the beginning, on one worker by itself: its load, a prompt,
tokens. Nothing of the live runs that it is compared with goes into them.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from aiohttp import ClientSession
from msgspec import structs

from benchmarks.copies import warm
from benchmarks.goodput import (
    CAPACITY_SPEED,
    E2E_S,
    HEADERS,
    REUSED_TOKENS,
    TEMPLATE_TOKENS,
    TTFT_S,
    Shift,
    row_of,
)
from benchmarks.hot_worker import hot_worker
from benchmarks.multiplex import (
    CONTEXT,
    MOST_PROMPT_TOKENS,
    OUTPUT_TOKENS,
    PARALLEL,
    THREADS,
    Field,
    Running,
    prepared,
    send,
)
from benchmarks.systems import SYSTEMS
from benchmarks.tables import Result
from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator import Setup, requests
from coterie.simulator import simulate as simulate_setup
from coterie.types import Budget, Expert, Part
from coterie.workloads import Arrival, Target, at_speed, before, connected, read_trace, with_tokens
from coterie.workloads.loadgen import ask

POLICIES = {"coterie": "cost", "lru": "lru"}
CORES, PARALLEL_RUNS = 2.0, 2  # what Coterie says of two threads on two cores
LOADS, ROUNDS, TOKENS = 3, 3, 64
PROMPTS = (4, 16, 64, 128, 256, 512)


def run(
    *,
    data: Path,
    environments: Path,
    work: Path,
    systems: Sequence[str] = tuple(POLICIES),
    loads: Sequence[float] = (0.5, 1.0, 1.5),
    seconds: float = 60.0,
    live: bool = True,
) -> Result:
    """Two rows for each load and system, live and simulated."""
    field, trace, figures = modelled(data, environments, work)
    rows: list[dict[str, Any]] = []
    for load in loads:
        arrivals = with_tokens(
            before(at_speed(trace, load * CAPACITY_SPEED), seconds),
            most_prompt_tokens=MOST_PROMPT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
        )
        shift = Shift(f"{load:g}", arrivals)
        for name in systems:
            here = [{"how": "live"} | _live(shift, name, field)] if live else []
            here.append({"how": "simulated"} | simulated(shift, name, field, figures))
            for row in here:
                print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
            rows += here
    notes = (
        f"one worker by itself: a load {figures.load_work:.3f} s, prompts of "
        + ", ".join(
            f"{tokens:g} tokens {work / THREADS:.3f} s" for tokens, work in figures.prompt_points
        )
        + f"; {figures.output_pace * figures.output_threads:.0f} tokens/s, on "
        f"{figures.output_threads:.2f} cores; of two answers at once each takes "
        f"{2.0 - figures.batch_share:.2f} times as long",
    )
    return Result("simulation", "arena27, live and simulated", rows, notes)


def modelled(data: Path, environments: Path, work: Path) -> tuple[Field, list[Arrival], Figures]:
    """The files, the trace, and the figures of a worker on this machine now."""
    field = prepared(work, environments)
    trace = read_trace(data / "traces" / "arena27" / "requests.csv.gz")
    warm(list(field.files))
    return field, trace, asyncio.run(measured(field))


def simulated(shift: Shift, name: str, field: Field, figures: Figures) -> dict[str, Any]:
    """The row of a run in the model."""
    experts = {
        path.stem: structs.replace(figures, parts=(Part(path.stem, 100),)) for path in field.files
    }
    limits = Limits(queue=100_000, queue_per_expert=100_000, wait=600.0)
    device = DeviceJoined(
        0.0, "n/d", "n", 100 * shift.room, parallel_runs=PARALLEL_RUNS, parallel_prefills=1
    )
    declared = tuple(Declared(0.0, expert, slots=PARALLEL) for expert in experts)
    chosen = POLICIES.get(name, name)
    setup = Setup.of_one_kind(chosen, limits, (device,), declared, experts, CORES)
    found = simulate_setup(setup, requests(shift.arrivals, Budget(ttft=TTFT_S, e2e=E2E_S)))
    return row_of(name, shift.name, found.answers, Running("", 0, 0, lambda: found.loads))


async def measured(field: Field) -> Figures:
    """One worker's load, prompts and tokens with nobody beside it; its tokens beside another's, and
    beside its own: two that each use both cores have half of them.
    """
    loads, outputs, beside, together = [], [], [], []
    prompts: dict[int, list[float]] = {tokens: [] for tokens in PROMPTS}
    with tempfile.TemporaryDirectory() as name:
        for path, other in pairwise(field.files[: LOADS + 1]):
            begun = time.perf_counter()
            async with _worker(path, Path(name)) as target, connected(keep=False) as session:
                loads.append(time.perf_counter() - begun)
                for number in range(ROUNDS):
                    for tokens in PROMPTS:
                        asked = Arrival(0.0, "", tokens, 2)
                        answer = await ask(session, target, asked, number, begun=begun)
                        assert answer.first_s is not None, answer
                        prompts[answer.prompt_tokens].append(answer.first_s)
                    outputs += await _tokens_s(session, target)
                    together += await _tokens_s(session, target, target)
                async with _worker(other, Path(name)) as second:
                    for _ in range(ROUNDS):
                        beside += await _tokens_s(session, target, second)
    # Alone, tokens use as many cores as make them so much quicker than on an equal share.
    alone_s = median(outputs)
    cores = min(CORES, max(1.0, CORES / 2 * median(beside) / alone_s))
    points = [(float(tokens), median(taken) * THREADS) for tokens, taken in prompts.items()]
    return Figures(
        parts=(),
        prompt_pace=points[-1][0] / points[-1][1],
        prompt_points=tuple(points),
        output_pace=1.0 / alone_s / cores,
        output_threads=cores,
        batch_share=2.0 - median(together) / alone_s,
        load_work=min(loads),  # the first ones start the process that workers are forked from
        threads=THREADS,
        template_tokens=TEMPLATE_TOKENS,
        reused_tokens=REUSED_TOKENS,
    )


async def _tokens_s(session: ClientSession, *targets: Target) -> list[float]:
    """Seconds a token, of answers that are generated at the same time."""
    begun = time.perf_counter()
    brief = Arrival(0.0, "", 4, TOKENS + 1)
    asked = [ask(session, one, brief, number, begun=begun) for number, one in enumerate(targets)]
    answers = await asyncio.gather(*asked)
    return [(answer.total_s - (answer.first_s or 0.0)) / TOKENS for answer in answers]


@asynccontextmanager
async def _worker(path: Path, folder: Path) -> AsyncIterator[Target]:
    """A worker that has generated, and how it is asked."""
    expert = Expert(name=path.stem, context=CONTEXT, parallel=PARALLEL)
    async with hot_worker(expert, path, THREADS, folder) as worker:
        headers = dict(worker.endpoint.headers)
        extra = {"ignore_eos": True}
        yield Target(worker.endpoint.address, api="completions", headers=headers, extra=extra)


def _live(shift: Shift, name: str, field: Field) -> dict[str, Any]:
    warm(list(field.files))
    with SYSTEMS[name](field) as running:
        answers = asyncio.run(send(running.url, shift.arrivals, HEADERS))
        return row_of(name, shift.name, answers, running)
