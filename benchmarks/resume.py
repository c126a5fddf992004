"""A conversation that goes on after its expert was evicted: with its KV cache kept, and without.

Two experts in the room of one. A first turn with one of them, a question to the other, which evicts
it, and then the second turn, whose prompt begins with all of the first.
"""

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
from coterie.workloads.prompts import prompt

CONTEXT = 1024
TOKENS = (0, 100, 400, 800)
NAMES = ("expert-00", "expert-01")


def run(*, work: Path, rounds: int = 8) -> Result:
    """A row for each length of the first turn, with and without."""
    files = copies(smollm2(), work / "models", list(NAMES))
    found: dict[tuple[int, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        for kept in ("kept", "dropped"):
            document = _document(files, Path(name), kept == "kept")
            warm(files)
            with coterie_up(document, Path(name) / kept) as served:
                for number in range(rounds + 1):
                    for tokens in TOKENS:
                        row = _conversation(served, tokens, number)
                        if number:  # the first one learns what there is to learn
                            found.setdefault((tokens, kept), []).append(row)
    rows = []
    for tokens in TOKENS:
        for kept in ("kept", "dropped"):
            taken = found[tokens, kept]
            middle = {key: median(row[key] for row in taken) for key in taken[0]}
            rows.append({"first turn": tokens, "KV cache": kept} | middle | {"runs": len(taken)})
    return Result("resume", "the second turn of a conversation after an eviction", rows, NOTES)


NOTES = (
    "SmolLM2-135M Q4_1, two slots of 1,024 tokens; the file is in the page cache",
    "whole ms: from the second turn's request to its answer of one token; load ms: of that, the "
    "load, with what is restored; computed: tokens of the second prompt that were not found",
)


def _document(files: list[Path], folder: Path, kept: bool) -> dict[str, Any]:
    engine = llamacpp.create(folder)
    expert = Expert(name=NAMES[0], context=CONTEXT)
    footprint = engine.footprint(expert, weights_of(files[0]))
    experts = [
        {"name": path.stem, "weights": f"file://{path}", "context": CONTEXT} for path in files
    ]
    document = composition(experts, hot_bytes=footprint.hot_bytes * 21 // 20)
    document["nodes"][0]["kv_cache"] = "1GiB" if kept else 0
    return document


def _conversation(served: Served, tokens: int, number: int) -> dict[str, float]:
    """Both turns, and between them the other expert."""
    said = [{"role": "user", "content": prompt(number, max(tokens, 8), seed=tokens)}]
    first = _ask(served, NAMES[0], said)
    _ask(served, NAMES[1], [{"role": "user", "content": "Hello."}])
    words = first["answer"]["choices"][0]["message"]["content"]
    said += [
        {"role": "assistant", "content": words},
        {"role": "user", "content": "And why is that?"},
    ]
    second = _ask(served, NAMES[0], said)
    usage, timings = second["answer"]["usage"], second["answer"]["timings"]
    return {
        "prompt tokens": usage["prompt_tokens"],
        "computed": timings["prompt_n"],
        "whole ms": second["ms"],
        "load ms": float(second["headers"]["x-coterie-load-ms"]),
    }


def _ask(served: Served, expert: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    body = {"model": expert, "messages": messages, "max_tokens": 1, "temperature": 0.0}
    begun = time.perf_counter()
    answer, headers = post(served.url + "/v1/chat/completions", body)
    return {"ms": (time.perf_counter() - begun) * 1e3, "answer": answer, "headers": headers}
