"""How many requests get their first token and their last in time, at and beyond capacity?

Every system is sent the same requests at the same times, with the same latency budget in headers
that only Coterie reads. A request counts where its answer kept the budget, whatever became of the
others. Capacity is what the machine sustains with everything resident (`multiplex` measures it).
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from benchmarks.clairvoyant import Prompt, most_in_time
from benchmarks.copies import warm
from benchmarks.coterie_server import get
from benchmarks.multiplex import (
    MOST_PROMPT_TOKENS,
    OUTPUT_TOKENS,
    ROOM,
    THREADS,
    Field,
    Running,
    medians,
    mib,
    prepared,
    send,
)
from benchmarks.pace import fastest
from benchmarks.tables import Result
from benchmarks.watching import watching
from coterie.types import Budget
from coterie.workloads import (
    Answer,
    Arrival,
    at_speed,
    before,
    is_in_time,
    percentile,
    read_trace,
    with_tokens,
)

TTFT_S, E2E_S = 2.0, 10.0
FORECASTS = ("coterie", "resident")  # systems that say how their forecasts turned out
HEADERS = {"x-coterie-ttft": f"{TTFT_S:g}s", "x-coterie-e2e": f"{E2E_S:g}s"}
CAPACITY_SPEED = 0.68
"""Of the trace: the machine sustains p95 of 5 s up to there with everything resident."""
LOADS = (0.5, 0.75, 1.0, 1.25, 1.5)
DEFAULT_SYSTEMS = ("coterie", "lru", "llama-router-tuned", "ray-serve", "llama-router")
TEMPLATE_TOKENS = 30
REUSED_TOKENS = 28  # the beginning that all prompts have in common, which a slot keeps
SHIFT_RATE, SHIFT_TOKENS = 1.8, 100
SHIFTS = ("uniform", "skewed", "circle", "pair")
PAIR_RATE, PAIR_TOKENS, PAIR_OUTPUT = 5.0, 20, 8


def run(
    *,
    data: Path,
    environments: Path,
    work: Path,
    systems: Sequence[str],
    loads: Sequence[float] = LOADS,
    seconds: float = 60.0,
    runs: int = 3,
) -> Result:
    """The arena27 trace at parts and multiples of capacity; a row for each load and system."""
    field = prepared(work, environments)
    trace = read_trace(data / "traces" / "arena27" / "requests.csv.gz")
    shifts = [
        Shift(
            f"{load:g}",
            with_tokens(
                before(at_speed(trace, load * CAPACITY_SPEED), seconds),
                most_prompt_tokens=MOST_PROMPT_TOKENS,
                output_tokens=OUTPUT_TOKENS,
            ),
        )
        for load in loads
    ]
    title = f"first token in {TTFT_S:g} s and last in {E2E_S:g} s, arrivals of arena27"
    return _compare(title, shifts, field, systems, runs)


class Shift(Struct, frozen=True):
    """A workload by name, and how many experts there is room for."""

    name: str
    arrivals: list[Arrival]
    room: int = ROOM


def synthetic(
    *,
    environments: Path,
    work: Path,
    systems: Sequence[str],
    seconds: float = 60.0,
    named: Sequence[str] = SHIFTS,
    runs: int = 3,
    seed: int = 0,
) -> Result:
    """Synthetic workloads: uniform, heavily skewed, a circle, and a pair that alternates."""
    shifts = [
        Shift("uniform", drawn([1.0] * 27, seconds, seed)),
        Shift("skewed", drawn([1.0 / (rank + 1) ** 2 for rank in range(27)], seconds, seed)),
        Shift("circle", in_turn(2 * ROOM, SHIFT_RATE, SHIFT_TOKENS, OUTPUT_TOKENS, seconds)),
        Shift("pair", in_turn(2, PAIR_RATE, PAIR_TOKENS, PAIR_OUTPUT, seconds), room=1),
    ]
    shifts = [shift for shift in shifts if shift.name in named]
    return _compare("shifts", shifts, prepared(work, environments), systems, runs)


def drawn(weights: Sequence[float], seconds: float, seed: int) -> list[Arrival]:
    """Poisson arrivals, each for an expert drawn by weight."""
    chance = random.Random(seed)
    names = [f"expert-{number:02}" for number in range(len(weights))]
    arrivals: list[Arrival] = []
    at = chance.expovariate(SHIFT_RATE)
    while at < seconds:
        (expert,) = chance.choices(names, weights)
        arrivals.append(Arrival(at, expert, SHIFT_TOKENS, OUTPUT_TOKENS))
        at += chance.expovariate(SHIFT_RATE)
    return arrivals


def in_turn(
    experts: int, rate: float, tokens: int, output_tokens: int, seconds: float
) -> list[Arrival]:
    """Evenly spaced, for one expert after the other: where there is room for half of them, the one
    that is least recently used is always the one that comes next.
    """
    return [
        Arrival(i / rate, f"expert-{i % experts:02}", tokens, output_tokens)
        for i in range(int(seconds * rate))
    ]


def _compare(
    title: str,
    shifts: Sequence[Shift],
    field: Field,
    systems: Sequence[str],
    runs: int,
) -> Result:
    from benchmarks.systems import SYSTEMS

    pace = fastest(field.files, THREADS)
    rows: list[dict[str, Any]] = []
    for shift in shifts:
        here = structs.replace(field, room=shift.room)
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in systems}
        for _ in range(runs):
            for name in systems:
                warm(list(field.files))
                with SYSTEMS[name](here) as running, watching(running.pid) as watched:
                    answers = asyncio.run(send(running.url, shift.arrivals, HEADERS))
                    row = row_of(name, shift.name, answers, running)
                row["workers MiB"] = mib(watched.below_bytes)
                print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
                taken[name].append(row)
        middle = [medians(taken[name]) for name in systems]
        rows += [*middle, bound(shift.name, shift.arrivals, middle[0], pace)]
    computed = f"clairvoyant bound: prompts at {pace:.0f} tokens/s, the most seen before the runs"
    return Result("goodput", title, rows, (*NOTES, computed))


def row_of(name: str, load: str, answers: Sequence[Answer], running: Running) -> dict[str, Any]:
    """What the table says of one run."""
    sent, last_s = len(answers), max(answer.sent_s for answer in answers)
    answered = [a for a in answers if a.is_good and a.first_s is not None]
    good = sum(is_in_time(answer, Budget(ttft=TTFT_S, e2e=E2E_S)) for answer in answered)
    firsts = [a.first_s for a in answered if a.first_s is not None]
    return {
        "load": load,
        "system": name,
        "requests/s": sent / last_s if last_s else 0.0,
        "sent": sent,
        "in time": good,
        "share": good / sent,
        "late": len(answered) - good,
        "refused": sum(a.status in (400, 429, 503) for a in answers),
        "failed": sum(not a.is_good and a.status not in (400, 429, 503) for a in answers),
        "p50 s": percentile(firsts, 50),
        "p95 s": percentile(firsts, 95),
        "loads": running.loads(),
        "within p90": _calibration(running.url) if running.url and name in FORECASTS else None,
    }


def bound(
    load: str, arrivals: Sequence[Arrival], like: dict[str, Any], pace: float
) -> dict[str, Any]:
    """The row of one who knows all arrivals and computes `pace` tokens a second (`clairvoyant`)."""
    own = TEMPLATE_TOKENS - REUSED_TOKENS
    prompts = [Prompt(a.at_s, TTFT_S, (a.prompt_tokens + own) / pace) for a in arrivals]
    most = most_in_time(prompts)
    row = dict.fromkeys(like) | {"load": load, "system": "clairvoyant bound"}
    row |= {"requests/s": like["requests/s"], "sent": len(arrivals)}
    return row | {"in time": int(most), "share": most / len(arrivals)}


def _calibration(url: str) -> float | None:
    """The share of first tokens that came within the 90th percentile that was predicted."""
    tenants = get(url + "/admin/tenants")["tenants"]
    predicted = sum(tenant["kept"]["predicted"] for tenant in tenants)
    within = sum(tenant["kept"]["within_p90"] for tenant in tenants)
    return within / predicted if predicted else None


NOTES = (
    "experts are distinct copies of SmolLM2-135M Q4_1 (98 MB each); 16 output tokens; all streamed",
    "in time: first token and last within the budget, as the client saw it",
    "share: of all that were sent, refused ones included",
    "within p90: of the first tokens whose 90th percentile was predicted, how many came within it",
    "clairvoyant bound: nothing but prompts costs anything, and all arrivals are known",
)
