"""What foresight finds and what it wastes: where the next expert is known, and where nobody knows.

`walk`: one tenant asks twelve experts in turn, with room for six and pauses that a load fits into.
`random`: experts drawn uniformly, where no guess can be right more often than chance.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from benchmarks.copies import warm
from benchmarks.coterie_server import get
from benchmarks.goodput import E2E_S, HEADERS, TTFT_S, drawn, in_turn
from benchmarks.multiplex import OUTPUT_TOKENS, ROOM, Running, medians, prepared, send
from benchmarks.systems import SYSTEMS
from benchmarks.tables import Result
from coterie.types import Budget
from coterie.workloads import Answer, Arrival, is_in_time, percentile

WALK_RATE, TOKENS = 1.0, 100
SYSTEMS_SHOWN = ("coterie", "coterie-learning")


def run(*, environments: Path, work: Path, seconds: float = 90.0, runs: int = 3) -> Result:
    """A row for each workload, with what was learnt in use and without."""
    field = prepared(work, environments)
    workloads = {
        "walk": in_turn(2 * ROOM, WALK_RATE, TOKENS, OUTPUT_TOKENS, 2 * seconds),
        "random": drawn([1.0] * 27, seconds, 0),
    }
    rows: list[dict[str, Any]] = []
    for workload, arrivals in workloads.items():
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in SYSTEMS_SHOWN}
        for _ in range(runs):
            for name in SYSTEMS_SHOWN:
                warm(list(field.files))
                with SYSTEMS[name](field) as running:
                    answers = asyncio.run(send(running.url, arrivals, HEADERS))
                    row = row_of(workload, name, arrivals, answers, running, field.weight_bytes)
                print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr)
                taken[name].append(row)
        rows += [medians(taken[name]) for name in SYSTEMS_SHOWN]
    return Result("prefetch", "loads ahead of requests, by what was learnt", rows, NOTES)


NOTES = (
    f"walk: 12 experts in turn, {WALK_RATE:g} requests/s; random: 27 experts, 1.8 requests/s; "
    f"room for {ROOM}",
    f"in time: first token in {TTFT_S:g} s and last in {E2E_S:g} s",
    "hits: of the loads ahead, those that were asked for before they went",
)


def row_of(
    workload: str,
    name: str,
    arrivals: list[Arrival],
    answers: list[Answer],
    running: Running,
    weight_bytes: int,
) -> dict[str, Any]:
    """What the table says of one run."""
    budget = Budget(ttft=TTFT_S, e2e=E2E_S)
    firsts = [a.first_s for a in answers if a.is_good and a.first_s is not None]
    foresight = [expert["foresight"] for expert in get(running.url + "/admin/experts")["experts"]]
    ahead, hits, wasted = (
        sum(one[key] for one in foresight) for key in ("loads", "hits", "wasted_bytes")
    )
    loads = running.loads()
    return {
        "workload": workload,
        "system": name,
        "sent": len(arrivals),
        "in time": sum(a.is_good and is_in_time(a, budget) for a in answers),
        "p50 s": percentile(firsts, 50),
        "p95 s": percentile(firsts, 95),
        "loads": loads,
        "ahead": ahead,
        "hits": hits,
        "wasted MB": wasted / 1e6,
        "moved MB": loads * weight_bytes / 1e6,
    }
