"""A route on a running composition, with residency priced and without: what is kept of quality, and
how many answers come in time?

The experts are named as those of llmrouter9 and are distinct copies of one small model, of which a
third fit in memory: an answer's quality is what its named expert scored on that prompt, its time is
real. Prompts are of the 30 % that the router was not fitted to, arrivals are Poisson. Each request
carries a latency budget, so that one which cannot be in time is refused, not answered late.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from benchmarks.copies import copies, warm
from benchmarks.multiplex import Field, medians
from benchmarks.routing import SETS, read, split
from benchmarks.systems import coterie
from benchmarks.tables import Result
from benchmarks.weights import smollm2
from coterie.router.artefact import write_router
from coterie.router.embedders import open_embedder
from coterie.router.fit import fit
from coterie.router.ratings import Ratings
from coterie.workloads import percentile

ROOM = 3
RATES = (2.0, 4.0, 5.0, 6.0)
TTFT_S = 2.0
HEADERS = {"x-coterie-ttft": f"{TTFT_S:g}s"}
OUTPUT_TOKENS = 16
MOST_CHARACTERS = 600
PATIENCE_S = 60.0
WAYS: dict[str, dict[str, Any]] = {
    "unpriced": {"economy": 0.0, "margin": 0.0},
    "priced": {},  # as the document has it where it says nothing
    "economy 0.3": {"economy": 0.3},
    "economy 0.5": {"economy": 0.5},
}


class Answered(Struct, frozen=True):
    """A prompt's row, who answered it (empty: nobody), and when the first token came."""

    row: int
    expert: str
    first_s: float


def run(
    *,
    data: Path,
    work: Path,
    rates: Sequence[float] = RATES,
    ways: Sequence[str] = tuple(WAYS),
    seconds: float = 60.0,
    runs: int = 3,
) -> list[Result]:
    """A row for each rate and way; `ways`: of WAYS."""
    ratings, _ = read(data, SETS[0])
    parts = split(ratings, 0)
    router = work / "live.router"
    work.mkdir(parents=True, exist_ok=True)
    write_router(fit(parts.train, open_embedder("static")), router)
    files = named(work, ratings.experts)
    field = Field(tuple(files), work, work, ROOM)
    short = [i for i, text in enumerate(parts.held.prompts) if len(text) <= MOST_CHARACTERS]
    taken: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for one in range(runs):
        for rate in rates:
            arrivals = drawn(short, rate, seconds, one)
            for way in ways:
                warm(files)
                more = {"routes": [route(ratings.experts, router, WAYS[way])]}
                with coterie(field, "cost", more=more) as running:
                    found = asyncio.run(send(running.url, parts.held, arrivals))
                    loads = running.loads()
                row = row_of(way, rate, parts.held, found, loads)
                print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
                taken.setdefault((way, rate), []).append(row)
    rows = [medians(rows) for _, rows in sorted(taken.items(), key=lambda one: one[0][1])]
    notes = (
        f"{len(ratings.experts)} experts, room for {ROOM}; {OUTPUT_TOKENS} tokens out; in time: "
        f"first token within {TTFT_S:g} s, which each request asks for; quality: the mean score of "
        "who answered, in percent, of those that were in time",
    )
    return [Result("routing-live", "a route with residency priced, and without", rows, notes)]


def named(work: Path, experts: Sequence[str]) -> list[Path]:
    """A distinct copy of the small model for each expert, by its name."""
    made = copies(smollm2(), work / "models", [f"expert-{i:02}" for i in range(len(experts))])
    folder = work / "live"
    folder.mkdir(exist_ok=True)
    found = []
    for expert, path in zip(experts, made, strict=True):
        link = folder / f"{expert}.gguf"
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
        found.append(link)
    return found


def route(experts: Sequence[str], router: Path, dials: dict[str, Any]) -> dict[str, Any]:
    """The route that stands before the experts; each prompt is for itself."""
    return {
        "name": "auto",
        "otherwise": experts[0],
        "candidates": list(experts),
        "learned": str(router.resolve()),
        "stickiness": 0,
        **dials,
    }


def drawn(rows: Sequence[int], rate: float, seconds: float, seed: int) -> list[tuple[float, int]]:
    """When each prompt comes, and which: each at most once."""
    chance = random.Random(seed)
    order = chance.sample(rows, len(rows))
    found: list[tuple[float, int]] = []
    at = chance.expovariate(rate)
    while at < seconds and order:
        found.append((at, order.pop()))
        at += chance.expovariate(rate)
    return found


async def send(url: str, held: Ratings, arrivals: Sequence[tuple[float, int]]) -> list[Answered]:
    began = time.perf_counter()
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def one(at: float, row: int) -> Answered:
            await asyncio.sleep(max(0.0, at - (time.perf_counter() - began)))
            sent = time.perf_counter()
            body = {
                "model": "auto",
                "stream": True,
                "max_tokens": OUTPUT_TOKENS,
                "ignore_eos": True,
                "messages": [{"role": "user", "content": held.prompts[row]}],
            }
            first, expert = float("inf"), ""
            try:
                async with session.post(
                    url + "/v1/chat/completions", json=body, headers=HEADERS
                ) as answer:
                    async for line in answer.content:
                        if first == float("inf") and line.startswith(b"data: {"):
                            choices = json.loads(line[6:]).get("choices") or [{}]
                            if choices[0].get("delta", {}).get("content"):
                                first = time.perf_counter() - sent
                    if answer.status == 200 and first < float("inf"):
                        expert = answer.headers["x-coterie-expert"]
            except (aiohttp.ClientError, TimeoutError):
                pass
            return Answered(row, expert, first)

        return list(await asyncio.gather(*(one(at, row) for at, row in arrivals)))


def row_of(
    way: str, rate: float, held: Ratings, found: Sequence[Answered], loads: int
) -> dict[str, Any]:
    good = [one for one in found if one.expert]
    in_time = [one for one in good if one.first_s <= TTFT_S]
    scores = [float(held.scores[one.row, held.experts.index(one.expert)]) for one in in_time]
    firsts = [one.first_s for one in good]
    return {
        "way": way,
        "requests/s": rate,
        "sent": len(found),
        "answered": len(good),
        "in time": len(in_time),
        "quality %": round(100 * sum(scores) / max(1, len(in_time)), 2),
        "p50 s": percentile(firsts, 50),
        "p95 s": percentile(firsts, 95),
        "loads": loads,
    }
