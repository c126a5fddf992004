"""How many requests a second can be simulated, how that grows with experts and nodes, and is the
outcome the same every time?

Each row is a process of its own, so that its memory is its own too. The clock runs from the first
declaration to the outcome; the workload is drawn within that time.
"""

import hashlib
import multiprocessing
import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.scheduler import growth
from benchmarks.tables import Result
from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import events as on
from coterie.simulator import Outcome, Place, Setup, requests, simulate
from coterie.types import Part
from coterie.workloads import percentile
from coterie.workloads.demand import Demand
from coterie.workloads.lengths import Lognormal
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Poisson
from coterie.workloads.synthetic import generated

GIB = 1 << 30
WEIGHTS = 15 * GIB
FIGURES = Figures(
    (),
    prompt_pace=8000.0,
    output_pace=120.0,
    load_bytes=WEIGHTS,
    batch_share=0.9,
)
LINK, DISK = 50e9, 5e9
SLOTS = 8
MILLION = 1_000_000


class Case(Struct, frozen=True):
    """`room`: experts that fit on a node's one device; `rate`: requests a second of each node."""

    what: str
    experts: int
    nodes: int
    room: int
    rate: float
    count: int
    policy: str = "cost"


GOALS = (
    Case("27 experts, all of them fit", 27, 1, 27, 2.5, MILLION),
    Case("27 experts in the room of 6", 27, 1, 6, 2.5, MILLION),
    Case("10,000 experts on 1,000 nodes", 10_000, 1_000, 4, 2.5, MILLION),
)
SIZES = (10, 100, 1_000, 10_000)
NODES = (1, 10, 100, 1_000)


def run(
    *, parts: Sequence[str] = ("goals", "growth", "digest"), scale: float = 1.0, out: Path | None
) -> list[Result]:
    """`scale`: of the number of requests; `out`: a folder for the plot of growth."""
    found = []
    if "goals" in parts:
        rows = [measured(case) for case in scaled(GOALS, scale)]
        found.append(Result("simulator", "a million requests", rows, NOTES))
    if "growth" in parts:
        found += grown(scale, out)
    if "digest" in parts:
        found.append(digests(scale))
    return found


NOTES = (
    "a request is three events: it arrives, its first token comes, its last does; besides, what "
    "loads and unloads bring",
)


def scaled(cases: Iterable[Case], scale: float) -> Iterator[Case]:
    for case in cases:
        yield msgspec.structs.replace(case, count=max(1, round(case.count * scale)))


def measured(case: Case, hash_seed: str = "0") -> dict[str, Any]:
    """The row of a case, simulated in a process of its own."""
    os.environ["PYTHONHASHSEED"] = hash_seed
    try:
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            found: dict[str, Any] = pool.apply(one, (case,))
    finally:
        del os.environ["PYTHONHASHSEED"]
    return found


def one(case: Case) -> dict[str, Any]:
    """Simulates a case here and now."""
    begun, cpu = time.perf_counter(), time.process_time()
    outcome = outcome_of(case)
    spent, computed = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    good = [answer.first_s for answer in outcome.answers if answer.first_s is not None]
    return {
        "what": case.what,
        "requests": case.count,
        "events": outcome.events,
        "seconds": spent,
        "CPU s": computed,
        "us a request": computed / case.count * 1e6,
        "us an event": computed / outcome.events * 1e6,
        "requests/s": case.count / spent,
        "loads": outcome.loads,
        "answered": len(good),
        "p50 s": percentile(good, 50),
        "peak MiB": peak / (1 << 20),
        "digest": digest(outcome)[:16],
    }


def outcome_of(case: Case) -> Outcome:
    """What the case comes to."""
    names = tuple(f"expert-{number:05}" for number in range(case.experts))
    demand = Demand(names, Poisson(case.rate * case.nodes), Zipf(1.0))
    arrivals = generated(demand, Lognormal(200.0, 0.8), Lognormal(40.0, 0.8), float("inf"))
    few = (arrival for _, arrival in zip(range(case.count), arrivals, strict=False))
    return simulate(setup(case, names), requests(few))


def setup(case: Case, names: Sequence[str]) -> Setup:
    """Nodes with one accelerator each."""
    figures = {
        name: msgspec.structs.replace(FIGURES, parts=(Part(f"sha256:{name}", WEIGHTS),))
        for name in names
    }
    devices = tuple(
        on.DeviceJoined(0.0, f"node-{n:04}/gpu", f"node-{n:04}", case.room * WEIGHTS)
        for n in range(case.nodes)
    )
    ids = {device.device: device.device for device in devices}
    return Setup(
        case.policy,
        Limits(queue=MILLION, queue_per_expert=MILLION, wait=3600.0),
        devices,
        tuple(on.Declared(0.0, name, slots=SLOTS) for name in names),
        {"gpu": figures},
        dict.fromkeys(ids, 1.0),
        ids,
        dict.fromkeys(ids, "gpu"),
        tuple(Place(device.node, LINK, DISK) for device in devices),
    )


def digest(outcome: Outcome) -> str:
    """Of all answers and residences, to the last digit."""
    encoded = msgspec.msgpack.encode((outcome.answers, outcome.residences))
    return hashlib.sha256(encoded).hexdigest()


def grown(scale: float, out: Path | None) -> list[Result]:
    """How much dearer an event gets with ten times the experts, or nodes."""
    count = round(50_000 * scale)
    by_experts = [Case(f"{n:,} experts", n, 1, max(2, n // 5), 2.5, count) for n in SIZES]
    by_nodes = [Case(f"{n:,} nodes", 10_000, n, 10, 2.5, count) for n in NODES]
    found = []
    for axis, cases in (("experts", by_experts), ("nodes", by_nodes)):
        points, rows = [], []
        for case in cases:
            row = measured(case)
            size = getattr(case, axis)
            rows.append({axis: size} | row)
            points.append((float(size), float(row["us an event"])))
        notes = (
            f"an event takes {growth(points):.2f} times as long with ten times the {axis} (a power "
            "law through all sizes); declaring them is part of it",
        )
        found.append(Result("simulator", f"growth with {axis}", rows, notes))
        if out is not None:
            plot(points, axis, out / f"simulator-{axis}.png")
    return found


def plot(points: Sequence[tuple[float, float]], axis: str, path: Path) -> None:
    """Microseconds an event over the size, beside a logarithm through the first point."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    sizes, costs = zip(*points, strict=True)
    axes.plot(sizes, costs, "o-", label="measured")
    base = points[0][1]
    steps = range(len(sizes))
    axes.plot(sizes, [base * (1 + step) for step in steps], "--", label="logarithmic")
    axes.set_xscale("log")
    axes.set_ylim(0)
    axes.set_xlabel(axis)
    axes.set_ylabel("microseconds an event")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def digests(scale: float) -> Result:
    """The same case under several hash seeds, and twice in one process with its results written in
    between.
    """
    case = Case("27 experts in the room of 6", 27, 1, 6, 2.5, round(20_000 * scale))
    rows = [
        {"how": f"hash seed {seed}", "digest": measured(case, seed)["digest"]}
        for seed in ("0", "1", "4711")
    ]
    first = outcome_of(case)
    written = msgspec.json.encode(first)
    rows.append({"how": f"{len(written):,} bytes written", "digest": digest(first)[:16]})
    rows.append({"how": "again, in that process", "digest": digest(outcome_of(case))[:16]})
    same = len({row["digest"] for row in rows}) == 1
    notes = (f"all the same: {'yes' if same else 'NO'}",)
    return Result("simulator", "the same every time", rows, notes)
