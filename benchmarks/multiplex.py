"""Many experts in the room of a few, under real arrivals, faster until each system breaks.

One system runs at a time; each run is a fresh server, the files in the page cache, the same
requests. At each speed the systems take turns, and a row is the medians of its runs.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median_low
from typing import Any

from msgspec import Struct

from benchmarks.copies import copies, warm
from benchmarks.tables import Result
from benchmarks.watching import Watched, watching
from benchmarks.weights import smollm2
from coterie.workloads import (
    Answer,
    Arrival,
    Target,
    at_speed,
    before,
    connected,
    open_loop,
    percentile,
    read_trace,
    with_tokens,
)

LIMIT_S = 5.0
BREAKS_AT = 3.0
SPEEDS = (0.1, 0.2, 0.4, 0.8, 1.2, 1.6)
ROOM = 6
DEFAULT_SYSTEMS = ("coterie", "lru", "resident", "llama-router", "llama-router-tuned")
CONTEXT, PARALLEL, THREADS, UBATCH = 1024, 2, 2, 512
OUTPUT_TOKENS = 16
# A chat template adds some tokens of its own, and a word may be more than one.
MOST_PROMPT_TOKENS = 880
PATIENCE_S = 300.0


class Field(Struct, frozen=True):
    """What every system is given: the experts' files, the folder for logs, and how many experts it
    has room for.
    """

    files: tuple[Path, ...]
    folder: Path
    environments: Path
    room: int = ROOM

    @property
    def weight_bytes(self) -> int:
        return self.files[0].stat().st_size


class Running(Struct, frozen=True):
    """A system that serves: where, its root process, its budget (0: none), its loads so far."""

    url: str
    pid: int
    budget_bytes: int
    loads: Callable[[], int]


System = Callable[[Field], AbstractContextManager[Running]]


def run(
    *,
    data: Path,
    environments: Path,
    work: Path,
    systems: Sequence[str],
    speeds: Sequence[float] = SPEEDS,
    seconds: float = 120.0,
    runs: int = 3,
) -> Result:
    """The ladder of each system; a system that breaks climbs no further."""
    from benchmarks.systems import SYSTEMS

    trace = read_trace(data / "traces" / "arena27" / "requests.csv.gz")
    field = prepared(work, environments)
    rows: list[dict[str, Any]] = []
    climbing = list(systems)
    for speed in speeds:
        arrivals = with_tokens(
            before(at_speed(trace, speed), seconds),
            most_prompt_tokens=MOST_PROMPT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
        )
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in climbing}
        for _ in range(runs):
            for name in climbing:
                row = one_run(name, SYSTEMS[name], speed, arrivals, field)
                print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
                taken[name].append(row)
        here = [medians(taken[name]) for name in climbing]
        rows += here
        climbing = [row["system"] for row in here if not is_broken(row)]
    rows.sort(key=lambda row: list(systems).index(row["system"]))
    return Result("multiplex", f"27 experts, room for {ROOM}, arrivals of arena27", rows, NOTES)


def prepared(work: Path, environments: Path, room: int = ROOM) -> Field:
    """The field of all benchmarks of many experts: 27 copies of one model."""
    experts = [f"expert-{number:02}" for number in range(27)]
    return Field(tuple(copies(smollm2(), work / "models", experts)), work, environments, room)


NOTES = (
    "experts are distinct copies of SmolLM2-135M Q4_1 (98 MB each); 16 output tokens; all streamed",
    f"each: {THREADS} threads for prompts and {(THREADS + 1) // 2} for tokens, {PARALLEL} slots, "
    f"{CONTEXT} tokens of context a slot, "
    f"ubatch {UBATCH}",
    f"a system's ladder ends where its p95 is above {BREAKS_AT:g} x {LIMIT_S:g} s, or where it "
    "leaves more than 1 in 20 unanswered",
    "each row: the medians of its runs, in which the systems took turns",
    "memory is PSS of the whole process tree, sampled from outside each 0.5 s; "
    "'workers' leaves out the root process (gateway or router)",
)


def medians(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One row of several runs of the same: the median of each number; `runs` says of how many."""

    def middle(key: str) -> Any:
        values = [row[key] for row in rows]
        return values[0] if isinstance(values[0], str | None) else median_low(values)

    return {key: middle(key) for key in rows[0]} | {"runs": len(rows)}


def one_run(
    name: str, system: System, speed: float, arrivals: Sequence[Arrival], field: Field
) -> dict[str, Any]:
    """Starts the system, sends the arrivals, waits for all answers, and stops it."""
    warm(list(field.files))
    with system(field) as running, watching(running.pid) as watched:
        begun = time.perf_counter()
        answers = asyncio.run(send(running.url, arrivals))
        wall_s = time.perf_counter() - begun
        loads = running.loads()
    return row_of(name, speed, answers, loads, watched, running.budget_bytes, field, wall_s)


def row_of(
    name: str,
    speed: float,
    answers: Sequence[Answer],
    loads: int,
    watched: Watched,
    budget_bytes: int,
    field: Field,
    wall_s: float,
) -> dict[str, Any]:
    """What the table says of one run. A request without an answer is not within the limit."""
    good = [a.first_s for a in answers if a.is_good and a.first_s is not None]
    whole = [a.total_s for a in answers if a.is_good]
    last_s = max((answer.sent_s for answer in answers), default=0.0)
    return {
        "system": name,
        "speed": speed,
        "requests/s": len(answers) / last_s if last_s else 0.0,
        "sent": len(answers),
        "answered": len(good),
        "p50 s": percentile(good, 50),
        "p95 s": percentile(good, 95),
        "p99 s": percentile(good, 99),
        "within 5 s": sum(first_s <= LIMIT_S for first_s in good),
        "whole p95 s": percentile(whole, 95),
        "loads": loads,
        "moved GB": loads * field.weight_bytes / 1e9,
        "peak MiB": mib(watched.total_bytes),
        "workers MiB": mib(watched.below_bytes),
        "budget MiB": mib(budget_bytes) if budget_bytes else None,
        "wall s": wall_s,
    }


def is_broken(row: dict[str, Any]) -> bool:
    """Whether a system is beyond what it can do: there is no sense in asking it for more."""
    too_slow = row["answered"] == 0 or row["p95 s"] > BREAKS_AT * LIMIT_S
    return bool(too_slow or row["answered"] < 0.95 * row["sent"])


def mib(size_bytes: int) -> int:
    return round(size_bytes / 1024**2)


async def send(
    url: str, arrivals: Sequence[Arrival], headers: dict[str, str] | None = None
) -> list[Answer]:
    """Each arrival at its time, all streamed."""
    extra = {"ignore_eos": True}
    target = Target(url, headers=headers or {}, patience_s=PATIENCE_S, extra=extra)
    async with connected(keep=False) as session:
        return await open_loop(session, target, arrivals)
