"""A tenant who stays within his share, beside one who cycles through cold experts.

The quiet tenant asks one expert at an even pace; the other asks for all others in turn, several
times as often as the machine can load and answer. What happens to the quiet one: alone, with
shares, and without?
"""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.copies import warm
from benchmarks.multiplex import OUTPUT_TOKENS, PATIENCE_S, ROOM, medians, prepared
from benchmarks.systems import coterie
from benchmarks.tables import Result
from coterie.workloads import Answer, Arrival, Target, connected, open_loop, percentile

QUIET_RATE, LOUD_RATE = 0.5, 4.0
TOKENS = 100
SYSTEMS = {"alone": "cost", "shares": "cost", "no shares": "cost-shares", "lru": "lru"}
KEYS = ("quiet", "loud")


def run(*, environments: Path, work: Path, seconds: float = 60.0, runs: int = 3) -> Result:
    """A row for each way to be treated."""
    field = prepared(work, environments)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in SYSTEMS}
    for _ in range(runs):
        for name, policy in SYSTEMS.items():
            warm(list(field.files))
            keys = [
                {"name": key, "sha256": hashlib.sha256(key.encode()).hexdigest()} for key in KEYS
            ]
            more = {"keys": keys, "limits": {"wait": "30s"}}
            with coterie(field, policy, more=more, key=KEYS[0]) as running:
                quiet, loud = asyncio.run(_send(running.url, seconds, alone=name == "alone"))
            row = row_of(name, quiet, loud)
            print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
            taken[name].append(row)
    title = f"fairness: {QUIET_RATE:g} requests/s of one tenant beside {LOUD_RATE:g} of another"
    return Result("fairness", title, [medians(rows) for rows in taken.values()], NOTES)


NOTES = (
    f"quiet: one expert, evenly spaced; loud: 26 others in turn; room for {ROOM}; equal weights",
    f"{TOKENS} tokens in, {OUTPUT_TOKENS} out; who waits for 30 s is refused",
)


def row_of(name: str, quiet: Sequence[Answer], loud: Sequence[Answer]) -> dict[str, Any]:
    firsts = [answer.first_s for answer in quiet if answer.is_good and answer.first_s is not None]
    return {
        "system": name,
        "quiet sent": len(quiet),
        "quiet answered": len(firsts),
        "quiet p50 s": percentile(firsts, 50),
        "quiet p95 s": percentile(firsts, 95),
        "loud sent": len(loud),
        "loud answered": sum(answer.is_good for answer in loud),
    }


def arrivals(seconds: float) -> tuple[list[Arrival], list[Arrival]]:
    """Of the quiet tenant, and of the loud one."""
    quiet = [
        Arrival(5.0 + i / QUIET_RATE, "expert-00", TOKENS, OUTPUT_TOKENS)
        for i in range(int((seconds - 5.0) * QUIET_RATE))
    ]
    loud = [
        Arrival(i / LOUD_RATE, f"expert-{1 + i % 26:02}", TOKENS, OUTPUT_TOKENS)
        for i in range(int(seconds * LOUD_RATE))
    ]
    return quiet, loud


async def _send(url: str, seconds: float, *, alone: bool) -> tuple[list[Answer], list[Answer]]:
    quiet, loud = arrivals(seconds)
    quietly, loudly = (
        Target(
            url,
            headers={"Authorization": f"Bearer {key}"},
            extra={"ignore_eos": True},
            patience_s=PATIENCE_S,
        )
        for key in KEYS
    )
    async with connected(keep=False) as session:
        answers = await asyncio.gather(
            open_loop(session, quietly, quiet),
            open_loop(session, loudly, [] if alone else loud),
        )
    return answers[0], answers[1]
