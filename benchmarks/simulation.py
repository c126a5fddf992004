"""Does the simulator say what the live system does? The same arrivals, both ways.

The figures of the model are measured on workers by themselves, before each live run and after it:
nothing of the live runs goes into them. Live and simulated runs are compared by their medians; how
far live runs of the same differ from each other stands beside.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import structs

from benchmarks.copies import warm
from benchmarks.coterie_server import get
from benchmarks.goodput import CAPACITY_SPEED, E2E_S, HEADERS, TTFT_S, Shift, row_of
from benchmarks.multiplex import (
    MOST_PROMPT_TOKENS,
    OUTPUT_TOKENS,
    PARALLEL,
    Field,
    Running,
    prepared,
    send,
)
from benchmarks.systems import SYSTEMS
from benchmarks.tables import Result
from benchmarks.worker_figures import CORES, Samples, figures_of, sampled
from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator import Setup, requests
from coterie.simulator import simulate as simulate_setup
from coterie.types import Budget, Part
from coterie.workloads import Answer, Arrival, at_speed, before, numbered, read_trace, with_tokens

POLICIES = {"coterie": "cost", "lru": "lru"}
PARALLEL_RUNS = 2  # what Coterie says of two threads on two cores
SHIFT_LOAD = 1.0
FIGURES = ("answered/s", "p50 s", "p95 s", "loads")


def run(
    *,
    data: Path,
    environments: Path,
    work: Path,
    systems: Sequence[str] = tuple(POLICIES),
    loads: Sequence[float] = (0.5, 1.0, 1.5),
    seconds: float = 60.0,
    runs: int = 3,
) -> Result:
    """Three rows for each workload and system: live, simulated, and how far off that is."""
    field = prepared(work, environments)
    trace = read_trace(data / "traces" / "arena27" / "requests.csv.gz")
    cut = {load: _cut(trace, load, seconds) for load in (*loads, SHIFT_LOAD)}
    shifts = [Shift(f"{load:g}", cut[load]) for load in loads]
    shifts.append(Shift("shift", shifted(cut[SHIFT_LOAD], seconds / 2)))
    rows: list[dict[str, Any]] = []
    paces: list[float] = []
    for shift in shifts:
        for name in systems:
            live, model = [], []
            for _ in range(runs):
                samples = _sampled(field)
                live.append(_live(shift, name, field))
                samples = _told(samples) + _told(_sampled(field))
                paces.append(samples.pace)
                model.append(simulated(shift, name, field, figures_of(samples)))
                for row in (live[-1], model[-1]):
                    print(
                        "  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr
                    )
            rows += compared(live, model)
    notes = (
        f"answered/s: answers over the time until the last one; medians of {runs} runs",
        "error: how far the simulated median is from the live one; spread: how far the live run is "
        "that is furthest from it",
        f"a worker by itself computed {min(paces):.0f} to {max(paces):.0f} tokens a second "
        "of a long prompt, measured before and after each run",
    )
    return Result("simulation", "arena27, live and simulated", rows, notes)


def modelled(data: Path, environments: Path, work: Path) -> tuple[Field, list[Arrival], Figures]:
    """The files, the trace, and the figures of a worker on this machine now."""
    field = prepared(work, environments)
    trace = read_trace(data / "traces" / "arena27" / "requests.csv.gz")
    warm(list(field.files))
    return field, trace, figures_of(asyncio.run(sampled(field, loads=3, rounds=3)))


def simulated(shift: Shift, name: str, field: Field, figures: Figures) -> dict[str, Any]:
    """The row of a run in the model."""
    experts = {
        path.stem: structs.replace(figures, parts=(Part(path.stem, 100),)) for path in field.files
    }
    limits = Limits(queue=100_000, queue_per_expert=100_000, wait=600.0)
    device = DeviceJoined(
        0.0, "n/d", "n", 100 * shift.room, parallel_runs=PARALLEL_RUNS, parallel_prefills=1
    )
    declared = tuple(
        Declared(0.0, expert, slots=PARALLEL, preload=number == 0)
        for number, expert in enumerate(experts)
    )
    chosen = POLICIES.get(name, name)
    setup = Setup.of_one_kind(chosen, limits, (device,), declared, experts, CORES)
    found = simulate_setup(setup, requests(shift.arrivals, Budget(ttft=TTFT_S, e2e=E2E_S)))
    loads = sum(stay.from_s >= 0.0 for stay in found.residences)
    return _row(shift, name, found.answers, Running("", 0, 0, lambda: loads))


def shifted(arrivals: Sequence[Arrival], at_s: float) -> list[Arrival]:
    """From then on, experts have changed places: who was asked for most is asked for least."""
    names = sorted({arrival.expert for arrival in arrivals} | set(numbered(27)))
    by_count = sorted(names, key=lambda name: (-sum(a.expert == name for a in arrivals), name))
    other = dict(zip(by_count, reversed(by_count), strict=True))
    return [
        structs.replace(one, expert=other[one.expert]) if one.at_s >= at_s else one
        for one in arrivals
    ]


def compared(
    live: Sequence[Mapping[str, Any]], model: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The medians of live and of simulated runs, and the errors of the latter."""
    shared = {key: live[0][key] for key in ("load", "system")}
    counted = ("sent", "in time", "refused", *FIGURES)
    here = [
        {key: median(row[key] for row in rows) for key in counted} for rows in (list(live), model)
    ]
    off = {key: _error(here[1][key], here[0][key]) for key in FIGURES}
    furthest = {
        key: max((_error(row[key], here[0][key]) for row in live), key=abs) for key in FIGURES
    }
    return [
        shared | {"how": "live"} | here[0],
        shared | {"how": "simulated"} | here[1],
        shared | {"how": "error"} | dict.fromkeys(counted) | off,
        shared | {"how": "spread"} | dict.fromkeys(counted) | furthest,
    ]


def _error(value: float, of: float) -> float:
    return value / of - 1.0 if of else float(value != of)


def _cut(trace: Sequence[Arrival], load: float, seconds: float) -> list[Arrival]:
    return with_tokens(
        before(at_speed(trace, load * CAPACITY_SPEED), seconds),
        most_prompt_tokens=MOST_PROMPT_TOKENS,
        output_tokens=OUTPUT_TOKENS,
    )


def _live(shift: Shift, name: str, field: Field) -> dict[str, Any]:
    """Sent once the server is ready, as the simulator begins: it has looked at all weights, and the
    first expert, which is loaded where none is to be, is resident.
    """
    warm(list(field.files))
    with SYSTEMS[name](field) as running:
        _wait_until_ready(running.url)
        before = running.loads()
        answers = asyncio.run(send(running.url, shift.arrivals, HEADERS))
        counted = structs.replace(running, loads=lambda: running.loads() - before)
        return _row(shift, name, answers, counted)


def _row(shift: Shift, name: str, answers: Sequence[Answer], running: Running) -> dict[str, Any]:
    row = row_of(name, shift.name, answers, running)
    good = [answer for answer in answers if answer.is_good]
    ended_s = max((answer.sent_s + answer.total_s for answer in good), default=0.0)
    return row | {"answered/s": len(good) / ended_s if ended_s else 0.0}


def _wait_until_ready(url: str) -> None:
    while True:
        phases = [expert["phase"] for expert in get(url + "/admin/experts")["experts"]]
        if sorted(phases) == ["cold"] * (len(phases) - 1) + ["hot"]:
            return
        time.sleep(0.1)


def _sampled(field: Field) -> Samples:
    return asyncio.run(sampled(field, loads=2, rounds=2))


def _told(samples: Samples) -> Samples:
    """Said at once, for whoever watches."""
    figures = figures_of(samples)
    print(
        f"one worker: load {figures.load_work:.3f} s, {samples.pace:.0f} prompt tokens/s, "
        f"{figures.output_pace * figures.output_threads:.0f} tokens/s on "
        f"{figures.output_threads:.2f} cores, share {figures.batch_share:.2f}",
        file=sys.stderr,
    )
    return samples
