"""What a worker costs on this machine now: its loads, prompts and tokens, measured one at a time.

The machine's speed may change within minutes. So what is to be compared with a run is measured
before it and after it, and both together give the figures.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

from aiohttp import ClientSession
from msgspec import Struct

from benchmarks.goodput import REUSED_TOKENS, TEMPLATE_TOKENS
from benchmarks.hot_worker import hot_worker
from benchmarks.multiplex import CONTEXT, PARALLEL, THREADS, Field
from coterie.engines import llamacpp
from coterie.engines.protocol import Engine
from coterie.hardware import Figures
from coterie.types import Expert
from coterie.workloads import Arrival, Target, connected
from coterie.workloads.loadgen import ask

CORES = 2.0
TOKENS = 64
IDLE_S = 0.3
UNUSED = 100
"""From here on, prompts' indices are not those that answers are asked for with."""
PROMPTS = (4, 16, 64, 128, 256, 512)


class Samples(Struct, frozen=True):
    """Seconds. `loads`: until a worker has generated; `unloads`: until it is gone; `firsts`: until
    a prompt's first token, by its length without the template; `outputs`: a token of one answer,
    `beside` another worker's, and of two answers `together` in one worker.
    """

    loads: Sequence[float]
    unloads: Sequence[float]
    firsts: Mapping[int, Sequence[float]]
    outputs: Sequence[float]
    beside: Sequence[float]
    together: Sequence[float]

    def __add__(self, other: "Samples") -> "Samples":
        return Samples(
            loads=[*self.loads, *other.loads],
            unloads=[*self.unloads, *other.unloads],
            firsts={
                tokens: [*self.firsts.get(tokens, ()), *other.firsts.get(tokens, ())]
                for tokens in sorted({*self.firsts, *other.firsts})
            },
            outputs=[*self.outputs, *other.outputs],
            beside=[*self.beside, *other.beside],
            together=[*self.together, *other.together],
        )

    @property
    def pace(self) -> float:
        """Prompt tokens a second, of the longest prompt: how fast the machine is."""
        tokens = max(self.firsts)
        return tokens / median(self.firsts[tokens])


async def sampled(field: Field, loads: int, rounds: int) -> Samples:
    """So many workers, one after another, each measured so many times. A process that workers are
    forked from is there before, as it is in a system that serves.
    """
    alone: list[float] = []
    unloads: list[float] = []
    outputs: list[float] = []
    beside: list[float] = []
    together: list[float] = []
    firsts: dict[int, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = llamacpp.create(folder)
        try:
            async with _worker(field.files[-1], engine, folder):
                pass
            for path, other in pairwise(field.files[: loads + 1]):
                begun = time.perf_counter()
                async with _worker(path, engine, folder) as target, connected(keep=False) as asks:
                    alone.append(time.perf_counter() - begun)
                    await _tokens_s(asks, *[target] * PARALLEL)  # all slots know the template
                    for number in range(rounds):
                        for i, tokens in enumerate(PROMPTS):
                            index = UNUSED + number * len(PROMPTS) + i  # no two begin alike
                            taken_s = await _first_s(asks, target, tokens, index)
                            firsts.setdefault(tokens, []).append(taken_s)
                        outputs += await _tokens_s(asks, target)
                        together += await _tokens_s(asks, target, target)
                    async with _worker(other, engine, folder) as second:
                        for _ in range(rounds):
                            beside += await _tokens_s(asks, target, second)
                        begun = time.perf_counter()
                    unloads.append(time.perf_counter() - begun)
        finally:
            await engine.close()
    return Samples(alone, unloads, firsts, outputs, beside, together)


def figures_of(samples: Samples) -> Figures:
    """The medians. Tokens of one answer use as many cores as make them so much quicker than on an
    equal share of all; of two answers in one worker each takes longer by what they do not share.
    """
    alone_s = median(samples.outputs)
    cores = min(CORES, max(1.0, CORES / 2 * median(samples.beside) / alone_s))
    own = TEMPLATE_TOKENS - REUSED_TOKENS
    points = [
        (float(n + own), median(taken) * THREADS) for n, taken in sorted(samples.firsts.items())
    ]
    return Figures(
        parts=(),
        prompt_pace=points[-1][0] / points[-1][1],
        prompt_points=tuple(points),
        output_pace=1.0 / alone_s / cores,
        output_threads=cores,
        batch_share=2.0 - median(samples.together) / alone_s,
        load_work=median(samples.loads),
        unload_s=median(samples.unloads),
        threads=THREADS,
        template_tokens=TEMPLATE_TOKENS,
        reused_tokens=REUSED_TOKENS,
    )


async def _first_s(session: ClientSession, target: Target, tokens: int, index: int) -> float:
    """Seconds to the first token, in a chat with a worker that was idle, as most are when they are
    asked. What a slot has computed before would not be computed again, so each has an index of its
    own.
    """
    await asyncio.sleep(IDLE_S)
    asked = Arrival(0.0, "", tokens, 2)
    answer = await ask(session, target, asked, index, begun=time.perf_counter())
    counted = answer.prompt_tokens - TEMPLATE_TOKENS  # a word may be more than one
    if answer.first_s is None or abs(counted - tokens) > tokens / 10 + 1:
        raise RuntimeError(f"a worker that is measured did not answer as asked: {answer}")
    return answer.first_s


async def _tokens_s(session: ClientSession, *targets: Target) -> list[float]:
    """Seconds a token, of answers that are generated at the same time."""
    begun = time.perf_counter()
    brief = Arrival(0.0, "", 4, TOKENS + 1)
    asked = [ask(session, one, brief, number, begun=begun) for number, one in enumerate(targets)]
    answers = await asyncio.gather(*asked)
    return [(answer.total_s - (answer.first_s or 0.0)) / TOKENS for answer in answers]


@asynccontextmanager
async def _worker(path: Path, engine: Engine, folder: Path) -> AsyncIterator[Target]:
    """A worker that has generated, and how it is asked."""
    expert = Expert(name=path.stem, context=CONTEXT, parallel=PARALLEL)
    async with hot_worker(expert, path, THREADS, folder, engine) as worker:
        headers = dict(worker.endpoint.headers)
        extra = {"ignore_eos": True}
        yield Target(worker.endpoint.address, headers=headers, extra=extra)
