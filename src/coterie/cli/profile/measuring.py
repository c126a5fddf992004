"""A worker by itself, loaded and asked again and again; it ends with the measurement, whatever
happens.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from coterie.engines import Endpoint, Engine, Launch
from coterie.errors import CommandError
from coterie.types import Device, Expert, Weights
from coterie.workloads.loadgen import Target, ask, connected
from coterie.workloads.report import Answer
from coterie.workloads.requests import Arrival

STEPS = 32  # tokens of an answer after the first, of which the mean is taken
SHORT_TOKENS = 8
BATCHES = (1, 2, 4)
PARTS = (32, 8, 4, 2)  # of the context that prompts fill
GRACE_S = 5.0

Done = Callable[[str], None]
"""Told what is being done, once for each thing that is done."""


def lengths(context: int) -> tuple[int, ...]:
    """Tokens of the prompts that are sent."""
    return tuple(sorted({max(SHORT_TOKENS, context // part) for part in PARTS}))


class Worker:
    """One expert on this machine: each load is a replica of its own."""

    def __init__(self, engine: Engine, expert: Expert, weights: Weights, folder: Path) -> None:
        self._engine = engine
        self._expert = expert
        self._weights = weights
        self._folder = folder
        self._asked = 0
        self.loads: list[float] = []
        self.unloads: list[float] = []
        self.prompts: dict[int, list[tuple[int, float]]] = {}
        self.steps: dict[int, list[float]] = {}

    async def measure(self, rounds: int, done: Done) -> None:
        """So many loads, and after the last of them as many prompts and answers of each kind."""
        try:
            async with self._loaded():
                pass  # starts what later loads find running, and brings weights into memory
            self.loads.clear()
            self.unloads.clear()
            for _ in range(rounds - 1):
                async with self._loaded():
                    done("loads")
            async with self._loaded() as endpoint, connected(keep=False) as session:
                done("loads")
                await self._ask(session, endpoint, rounds, done)
        finally:
            await self._engine.close()

    @asynccontextmanager
    async def _loaded(self) -> AsyncIterator[Endpoint]:
        launch = Launch(
            replica=f"{self._expert.name}@local/ram",
            generation=len(self.loads) + 1,
            expert=self._expert,
            device=Device(name="ram", hot=1 << 60),
            weights=self._weights,
            log_path=str(self._folder / "worker.log"),
        )
        begun = time.perf_counter()
        instance = await self._engine.start(launch)
        self.loads.append(time.perf_counter() - begun)
        try:
            yield instance.endpoint
        finally:
            begun = time.perf_counter()
            await instance.stop(GRACE_S)
            self.unloads.append(time.perf_counter() - begun)

    async def _ask(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, rounds: int, done: Done
    ) -> None:
        """Kinds take turns, so that noise meets all of them alike."""
        target = Target(
            endpoint.address,
            api="completions",
            headers=dict(endpoint.headers),
            extra={"ignore_eos": True},
        )
        await self._answer(session, target, SHORT_TOKENS, 2)  # the first one warms what there is
        for _ in range(rounds):
            for tokens in lengths(self._expert.context):
                answer = await self._answer(session, target, tokens, 1)
                assert answer.first_s is not None
                sent = (answer.prompt_tokens, answer.first_s)
                self.prompts.setdefault(tokens, []).append(sent)
                done("prompts")
            for batch in BATCHES:
                answers = await asyncio.gather(
                    *(self._answer(session, target, SHORT_TOKENS, STEPS + 1) for _ in range(batch))
                )
                steps = [(one.total_s - (one.first_s or 0.0)) / STEPS for one in answers]
                self.steps.setdefault(batch, []).append(sum(steps) / batch)
                done("answers")

    async def _answer(
        self, session: aiohttp.ClientSession, target: Target, prompt: int, output: int
    ) -> Answer:
        self._asked += 1
        arrival = Arrival(0.0, self._expert.name, prompt, output)
        answer = await ask(session, target, arrival, self._asked, begun=time.perf_counter())
        if not answer.is_good or answer.output_tokens != output:
            told = answer.error or f"{answer.output_tokens} of {output} tokens came"
            raise CommandError(
                f"expert {self._expert.name!r} did not answer as it was asked: {told}; "
                "it has to complete text"
            )
        return answer
