"""What is each part of the policy worth? In the simulator, over many windows of the trace.

Live, a run differs from the next by as much as most parts are worth; the simulator has no such
noise, and takes a second for what takes hours. Its figures are measured before (`simulation`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from benchmarks.goodput import CAPACITY_SPEED, Shift
from benchmarks.multiplex import MOST_PROMPT_TOKENS, OUTPUT_TOKENS
from benchmarks.simulation import modelled, simulated
from benchmarks.tables import Result
from coterie.scheduler.policies import PARTS
from coterie.workloads import Arrival, at_speed, with_tokens

UNTIMED = ("eviction", "grouping", "order", "switching")  # parts that work without budgets, too
POLICIES = (
    *("cost", *(f"cost-{part}" for part in PARTS)),
    *(f"cost-budgets-{part}" for part in UNTIMED),
    "lru",
)
LOADS = (0.75, 1.0, 1.25, 1.5)


def run(
    *, data: Path, environments: Path, work: Path, windows: int = 20, seconds: float = 60.0
) -> Result:
    """A row for each policy: the share in time at each load, and its loads."""
    field, trace, figures = modelled(data, environments, work)
    rows: list[dict[str, Any]] = []
    for name in POLICIES:
        row: dict[str, Any] = {"policy": name}
        loads = 0
        for load in LOADS:
            sent = in_time = 0
            for arrivals in cut(at_speed(trace, load * CAPACITY_SPEED), windows, seconds):
                found = simulated(Shift(f"{load:g}", arrivals), name, field, figures)
                sent, in_time = sent + found["sent"], in_time + found["in time"]
                loads += found["loads"]
            row[f"at {load:g}"] = in_time / sent
        rows.append(row | {"loads": loads})
    notes = (
        f"the share of requests in time, over the trace in windows of {seconds:g} s (at most "
        f"{windows}), each begins with the first expert resident; loads: of all of them",
        f"one worker by itself: a load {figures.load_work:.3f} s, prompts "
        f"{figures.prompt_pace * figures.threads:.0f} tokens/s, tokens "
        f"{figures.output_pace * figures.output_threads:.0f} a second",
    )
    return Result("ablation", "the policy without one of its parts, simulated", rows, notes)


def cut(trace: Sequence[Arrival], windows: int, seconds: float) -> list[list[Arrival]]:
    """So many windows of a trace, one after the other, each from 0 on; those that are empty are
    left out.
    """
    found = []
    for number in range(windows):
        begin = number * seconds
        inside = [a for a in trace if begin <= a.at_s < begin + seconds]
        moved = [structs.replace(arrival, at_s=arrival.at_s - begin) for arrival in inside]
        if moved:
            found.append(
                with_tokens(
                    moved, most_prompt_tokens=MOST_PROMPT_TOKENS, output_tokens=OUTPUT_TOKENS
                )
            )
    return found
