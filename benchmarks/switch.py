"""A cold expert through Coterie, against the shortest way there is: a worker spawned by hand.

Both run the same server on the same file with the same parameters. Coterie must first end another
expert's worker to make room; by hand there is nothing to end.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.copies import copies, warm
from benchmarks.coterie_server import composition, coterie_up
from benchmarks.environments import LLAMA_CPP, ensure, llama_server
from benchmarks.hot_worker import weights_of
from benchmarks.processes import end, free_port
from benchmarks.tables import Result
from benchmarks.weights import smollm2
from coterie.engines import llamacpp
from coterie.engines.llamacpp import options
from coterie.types import Device, Expert
from coterie.workloads import Answer, Arrival, Target, connected, open_loop, percentile

CONTEXT, PARALLEL, THREADS = 1024, 2, 2
PROMPT_TOKENS = 16
NAMES = ("left", "right")


def run(*, environments: Path, pairs: int = 12, with_llama_server: bool = True) -> Result:
    """`pairs` switches of each system, in turns."""
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = copies(smollm2(), folder / "models", list(NAMES))
        warm(files)
        experts = [
            {
                "name": path.stem,
                "weights": f"file://{path}",
                "context": CONTEXT,
                "parallel": PARALLEL,
            }
            for path in files
        ]
        estimate = estimate_bytes(files[0])
        served = stack.enter_context(
            coterie_up(
                composition(experts, hot_bytes=int(estimate * 1.5), threads=THREADS),
                folder / "coterie",
            )
        )
        ways: dict[str, Any] = {
            "Coterie": lambda turn: through(served.url, NAMES[turn % 2]),
            "bare worker": lambda turn: by_hand(files[turn % 2], folder),
        }
        if with_llama_server:
            server = llama_server(ensure(LLAMA_CPP, environments))
            ways["llama-server"] = lambda turn: by_llama_server(server, files[turn % 2], folder)
        for turn in range(-2, pairs):
            # The order turns too, so that nobody always comes after the same neighbour.
            for way, ask in list(ways.items())[:: 1 if turn % 4 < 2 else -1]:
                first_s = ask(turn)
                if turn >= 0:  # two turns each to begin with: both files resident once, all warm
                    times.setdefault(way, []).append(first_s)
        loads = served.loads()
    return Result(
        "switch",
        "time to first token of a cold expert (SmolLM2-135M, 98 MB in the page cache)",
        rows(times),
        (
            f"{pairs} turns each, alternating; Coterie ends the other expert's worker first "
            f"({loads} loads)",
            "bare worker: a Python process that imports xllamacpp, with the engine's parameters",
            "ratio: of the medians, to the bare worker",
        ),
    )


def rows(times: dict[str, list[float]]) -> list[dict[str, Any]]:
    """A row for each way, with its ratio to the bare worker."""
    bare = median(times["bare worker"])
    return [
        {
            "system": way,
            "switches": len(found),
            "median ms": median(found) * 1000,
            "p95 ms": percentile(found, 95) * 1000,
            "fastest ms": min(found) * 1000,
            "ratio": median(found) / bare,
        }
        for way, found in times.items()
    ]


def estimate_bytes(path: Path) -> int:
    """What the engine says that one replica takes."""
    expert = Expert(name="x", context=CONTEXT, parallel=PARALLEL)
    return llamacpp.create(path.parent).footprint(expert, weights_of(path)).hot_bytes


def through(url: str, expert: str) -> float:
    """Seconds to the first token through Coterie."""
    return _first_token(Target(url, stream=True), expert)


def by_hand(path: Path, folder: Path) -> float:
    """Seconds from the spawn of a worker process to its first token."""
    request = bare_request(path)
    command = [sys.executable, str(Path(__file__).parent / "bare_worker.py")]
    begun = time.perf_counter()
    with (folder / "bare.log").open("wb") as log:
        worker = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps(request).encode() + b"\n")
        worker.stdin.flush()
        said = worker.stdout.readline()
        if not said:
            raise RuntimeError((folder / "bare.log").read_text(errors="replace")[-2000:])
        ready_s = time.perf_counter() - begun
        key = request["params"]["api_keys"][0]
        target = Target(json.loads(said)["ready"], headers={"Authorization": f"Bearer {key}"})
        return ready_s + _first_token(target, path.stem)
    finally:
        end(worker, grace_s=0.0)
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()


def bare_request(path: Path) -> dict[str, Any]:
    """What the bare worker reads: the very parameters that the engine would give its own."""
    expert = Expert(name=path.stem, context=CONTEXT, parallel=PARALLEL)
    device = Device(name="ram", hot=1 << 40, threads=THREADS)
    params = options.params(expert, device, THREADS) | {"api_keys": [secrets.token_urlsafe(24)]}
    return {"weights": str(path), "params": params}


def by_llama_server(server: Path, path: Path, folder: Path) -> float:
    """The same with llama.cpp's own server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(str(server), "--model", str(path), "--host", "127.0.0.1", "--port", str(port)),
        *("--ctx-size", str(CONTEXT * PARALLEL), "--parallel", str(PARALLEL)),
        *("--threads", str((THREADS + 1) // 2), "--threads-batch", str(THREADS)),
        *("--no-warmup", "--fit", "off", "--no-repack"),
        *("--no-ui", "--cache-ram", "0"),
    ]
    begun = time.perf_counter()
    with (folder / "llama-server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(url + "/health", process)
        ready_s = time.perf_counter() - begun
        return ready_s + _first_token(Target(url), path.stem)
    finally:
        end(process, grace_s=0.0)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.002)
    raise RuntimeError(f"{process.args!r} ended with {process.returncode}")


def _first_token(target: Target, expert: str) -> float:
    async def ask() -> Answer:
        async with connected() as session:
            (answer,) = await open_loop(session, target, [Arrival(0.0, expert, PROMPT_TOKENS, 1)])
            return answer

    answer = asyncio.run(ask())
    if not answer.is_good or answer.first_s is None:
        raise RuntimeError(f"{target.url!r} did not answer for {expert!r}: {answer}")
    return answer.first_s
