"""A cold expert whose file is not in memory: with a hint beforehand, without, and with it there.

Two experts in the room of one. The file of the second is dropped from the page cache; the first is
asked, with or without naming who comes next, and a moment later the second.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.copies import copies, warm
from benchmarks.coterie_server import Served, composition, coterie_up, post
from benchmarks.hot_worker import weights_of
from benchmarks.tables import Result
from benchmarks.weights import smollm2
from coterie.engines import llamacpp
from coterie.types import Expert

NAMES = ("expert-00", "expert-01")
CASES = ("on disk, no hint", "on disk, hint", "in memory")
MEANWHILE_S = 1.0


def run(*, work: Path, rounds: int = 8) -> Result:
    """A row for each case, which take turns."""
    files = copies(smollm2(), work / "models", list(NAMES))
    found: dict[str, list[dict[str, float]]] = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        footprint = llamacpp.create(folder).footprint(Expert(name=NAMES[0]), weights_of(files[0]))
        experts = [{"name": path.stem, "weights": f"file://{path}"} for path in files]
        document = composition(experts, hot_bytes=footprint.hot_bytes * 21 // 20)
        with coterie_up(document, folder / "coterie") as served:
            for number in range(rounds + 1):
                for case in CASES:
                    row = _switch(served, case, files[1])
                    if number:  # the first one learns what there is to learn
                        found[case].append(row)
    rows = [
        {"weights": case}
        | {key: median(row[key] for row in taken) for key in taken[0]}
        | {"runs": len(taken)}
        for case, taken in found.items()
    ]
    size = files[1].stat().st_size / 1e6
    note = f"SmolLM2-135M Q4_1, {size:.0f} MB; {MEANWHILE_S:g} s between the two requests"
    return Result("staging", "a load of weights that are on disk or in memory", rows, (note, NOTE))


NOTE = "whole ms: to the answer of one token; read MB: ahead of the load, per switch"


def _switch(served: Served, case: str, file: Path) -> dict[str, float]:
    """The first expert, a moment, the second; what the second took."""
    hint = {"x-coterie-next": NAMES[1]} if case == "on disk, hint" else {}
    _ask(served, NAMES[0], {})  # the second one is gone now
    if case == "in memory":
        warm([file])
    else:
        _drop(file)
    before = _read_bytes(served)
    _ask(served, NAMES[0], hint)
    time.sleep(MEANWHILE_S)
    begun = time.perf_counter()
    headers = _ask(served, NAMES[1], {})
    whole_ms = (time.perf_counter() - begun) * 1e3
    return {
        "whole ms": whole_ms,
        "load ms": float(headers["x-coterie-load-ms"]),
        "read MB": (_read_bytes(served) - before) / 1e6,
    }


def _ask(served: Served, expert: str, headers: dict[str, str]) -> dict[str, str]:
    body: dict[str, Any] = {"model": expert, "prompt": "Hello", "max_tokens": 1}
    return post(served.url + "/v1/completions", body, headers)[1]


def _drop(file: Path) -> None:
    """Takes a file that nobody maps out of the page cache."""
    with file.open("rb") as opened:
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read_bytes(served: Served) -> int:
    return sum(int(expert["foresight"]["staged_bytes"]) for expert in served.experts())
