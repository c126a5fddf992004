"""The estimate that the ledger starts from, beside what a worker takes once its slots were full."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.coterie_server import composition, coterie_up
from benchmarks.hot_worker import hot_worker, weights_of
from benchmarks.tables import Result
from benchmarks.watching import field_bytes, pss_bytes
from benchmarks.weights import SMOLLM2, gemma3, smollm2
from coterie.engines import llamacpp
from coterie.types import Expert
from coterie.workloads import Shape, Target, closed_loop, connected, endless

CASES = ((512, 1), (2048, 1), (1024, 2), (2048, 2), (2048, 4))
MIB = 1024**2


def run(*, models: tuple[str, ...] = ("smollm2", "gemma3")) -> list[Result]:
    """Estimates and measurements of the packaged models, and Coterie's own memory."""
    return [asyncio.run(estimates(models)), own()]


async def estimates(models: tuple[str, ...]) -> Result:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model in models:
            path = smollm2() if model == "smollm2" else gemma3(folder)
            for context, parallel in CASES:
                expert = Expert(name=model, context=context, parallel=parallel)
                rows.append(await one(expert, path, folder))
    return Result(
        "memory",
        "estimate and measurement of one worker (weights + private; the shared template is apart)",
        rows,
        ("measured after prompts of nine tenths of the context in every slot",),
    )


async def one(expert: Expert, path: Path, folder: Path) -> dict[str, Any]:
    """Loads the expert, fills its slots, measures."""
    weights = weights_of(path)
    engine = llamacpp.create(folder)
    try:
        footprint = engine.footprint(expert, weights)
    finally:
        await engine.close()
    async with hot_worker(expert, path, 2, folder) as instance:
        loaded = instance.measure()
        shape = Shape((expert.name,), int(expert.context * 0.9) - 16, 8)
        target = Target(
            instance.endpoint.address,
            api="completions",
            stream=False,
            headers=dict(instance.endpoint.headers),
        )
        async with connected() as session:
            answers = await closed_loop(
                session,
                target,
                endless(shape),
                connections=expert.parallel,
                most_requests=2 * expert.parallel,
            )
        assert all(answer.is_good for answer in answers), answers
        used = instance.measure()
    estimated, measured = own_bytes(footprint.hot), own_bytes(used)
    return {
        "model": expert.name,
        "context": expert.context,
        "slots": expert.parallel,
        "estimate MiB": estimated / MIB,
        "loaded MiB": own_bytes(loaded) / MIB,
        "used MiB": measured / MIB,
        "error %": (estimated / measured - 1) * 100,
    }


def own_bytes(parts: Any) -> int:
    """The bytes that are the replica's own: all but what the engine's workers share."""
    return sum(part.size_bytes for part in parts if not part.digest.startswith("runtime:"))


def own() -> Result:
    """Coterie's own process while it has served a while."""
    expert = {"name": "smollm2", "weights": SMOLLM2, "context": 512, "parallel": 4}
    with tempfile.TemporaryDirectory() as name:
        document = composition([expert], hot_bytes=1 << 30, threads=2)
        with coterie_up(document, Path(name)) as served:
            started = field_bytes(served.pid, "Rss:")
            target = Target(served.url)
            begun = time.perf_counter()

            async def load() -> int:
                async with connected() as session:
                    shape = Shape(("smollm2",), 16, 4)
                    answers = await closed_loop(
                        session, target, endless(shape), connections=16, most_requests=300
                    )
                return sum(answer.is_good for answer in answers)

            answered = asyncio.run(load())
            row = {
                "answered": answered,
                "seconds": time.perf_counter() - begun,
                "RSS at start MiB": started / MIB,
                "RSS MiB": field_bytes(served.pid, "Rss:") / MIB,
                "PSS MiB": pss_bytes(served.pid) / MIB,
            }
    return Result("memory", "Coterie's own process, without workers and template", [row])
