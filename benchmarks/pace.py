"""How many prompt tokens a second does the machine compute, at its best?

So many workers of real files compute a prompt each at the same time, with the threads that every
system is given; the fastest of all rounds counts.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.hot_worker import hot_worker
from coterie.types import Expert
from coterie.workloads import Arrival, Target, connected
from coterie.workloads.loadgen import ask

AT_ONCE = (1, 2, 4)
TOKENS = (100, 400)
ROUNDS = 4
CONTEXT = 1024


def fastest(files: Sequence[Path], threads: int) -> float:
    """Tokens a second, the most over all numbers of prompts at once and all their lengths."""
    return max(asyncio.run(_paces(files[: max(AT_ONCE)], threads)).values())


async def _paces(files: Sequence[Path], threads: int) -> dict[tuple[int, int], float]:
    """The best round of each number of prompts at once and each length."""
    best: dict[tuple[int, int], float] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        targets = []
        for path in files:
            expert = Expert(name=path.stem, context=CONTEXT, parallel=1)
            worker = await stack.enter_async_context(hot_worker(expert, path, threads, folder))
            headers = dict(worker.endpoint.headers)
            targets.append(Target(worker.endpoint.address, api="completions", headers=headers))
        session = await stack.enter_async_context(connected(keep=False))
        number = 0
        for _ in range(ROUNDS):
            for tokens in TOKENS:
                for at_once in AT_ONCE:
                    begun = time.perf_counter()
                    asked = [
                        ask(session, target, Arrival(0.0, "", tokens, 1), number + i, begun=begun)
                        for i, target in enumerate(targets[:at_once])
                    ]
                    answers = await asyncio.gather(*asked)
                    took_s = time.perf_counter() - begun
                    assert all(answer.is_good for answer in answers), answers
                    done = sum(answer.prompt_tokens or 0 for answer in answers)
                    key = at_once, tokens
                    best[key] = max(best.get(key, 0.0), done / took_s)
                    number += at_once
    return best
