"""How long a decision takes on one core, and what a router takes of memory: in a fresh process."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.tables import Result
from coterie.router.embedders import Embedder

DECISIONS = 2000
WARM = 100
TOKENS = 500
CHILD = "benchmarks.routing_speed"


def speed(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """A router fitted to llmrouter9, asked about prompts of `TOKENS` tokens."""
    from benchmarks.routing import SETS, read
    from coterie.router.artefact import write_router
    from coterie.router.fit import fit

    ratings, _ = read(data, SETS[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speed.router"
        write_router(fit(ratings, embedder), path)
        size = path.stat().st_size
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        found = subprocess.run(
            [sys.executable, "-m", CHILD, str(path)],
            env={**os.environ, **single, "TOKENIZERS_PARALLELISM": "false"},
            input=msgspec.json.encode(list(ratings.prompts)),
            stdout=subprocess.PIPE,
            check=True,
        )
    row = msgspec.json.decode(found.stdout)
    note = (
        f"{DECISIONS} prompts of {TOKENS} tokens, one core: the request's fields are read, the "
        "prompt judged, nine candidates weighed; memory: resident, over that of the interpreter"
    )
    return [
        Result(
            "routing",
            "time of a decision",
            [{"embedder": embedder.name, **row, "file MB": round(size / 1e6, 1)}],
            (note,),
        )
    ]


def measured(path: Path, prompts: list[str]) -> dict[str, float]:
    """Milliseconds and MiB of decisions by the router in a file."""
    before = _resident_mib()
    from coterie.config import Composition
    from coterie.config.route import Route
    from coterie.router.artefact import said_of
    from coterie.router.embedders import open_embedder
    from coterie.router.opening import open_router
    from coterie.router.prompt import read_prompt
    from coterie.router.router import Request
    from coterie.scheduler.status import Outlook
    from coterie.types import Device, Expert, Node

    says = said_of(path)
    experts = tuple(Expert(name, engine="echo") for name in says.experts)
    route = Route("auto", says.experts[0], says.experts, learned=path.name)
    composition = Composition(
        nodes=(Node("here", (Device("cpu", 2**30),)),), experts=experts, routes=(route,)
    )
    router = open_router(route, composition, path.parent)
    outlooks = [Outlook(expert.name, "resident") for expert in experts]
    texts = _of_tokens(prompts, open_embedder(says.embedder), TOKENS)
    count = DECISIONS if says.embedder != "minilm" else DECISIONS // 10
    times = []
    for i in range(WARM // 10 + count):
        body = {"model": "auto", "messages": [{"role": "user", "content": texts[i % len(texts)]}]}
        began = time.perf_counter()
        request = Request(read_prompt(body), "tenant")
        router.decide(request, outlooks, 0.0, judgement=router.judge(request))
        times.append(time.perf_counter() - began)
    times = sorted(times[WARM // 10 :])
    return {
        "p50 ms": round(1e3 * times[len(times) // 2], 3),
        "p99 ms": round(1e3 * times[int(len(times) * 0.99)], 3),
        "memory MiB": round(_resident_mib() - before),
    }


def _of_tokens(prompts: list[str], embedder: Embedder, tokens: int) -> list[str]:
    """Texts of about so many tokens, each of several prompts."""
    found: list[str] = []
    text = ""
    for prompt in prompts:
        text = f"{text} {prompt}".strip()
        count = len(embedder.read([text])[0][0])
        if count >= tokens:
            found.append(text[: len(text) * tokens // count])
            text = ""
        if len(found) == 200:
            break
    return found


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    prompts = msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])
    sys.stdout.buffer.write(msgspec.json.encode(measured(Path(sys.argv[1]), prompts)))
