"""The systems of `multiplex`, each at its best settings and within the same limits."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import coterie as coterie_package
from benchmarks.coterie_server import composition, coterie_up, get
from benchmarks.environments import LLAMA_CPP, RAY, ensure, llama_server
from benchmarks.hot_worker import weights_of
from benchmarks.multiplex import CONTEXT, PARALLEL, THREADS, UBATCH, Field, Running, System
from benchmarks.processes import free_port, running
from coterie.engines import llamacpp
from coterie.scheduler.policies import PARTS
from coterie.types import Expert


@contextmanager
def coterie(
    field: Field,
    policy: str,
    *,
    resident: bool = False,
    more: Mapping[str, Any] | None = None,
    key: str = "",
) -> Iterator[Running]:
    """Coterie with a budget for as many experts as there is room for, or for all, loaded before
    anybody asks (`resident`). `more`: further fields of the document, which may ask for a `key`.
    """
    room = len(field.files) if resident else field.room
    options = {"ubatch": UBATCH}  # the engine's own default, written out
    experts: list[dict[str, Any]] = [
        {
            "name": path.stem,
            "weights": f"file://{path}",
            "context": CONTEXT,
            "parallel": PARALLEL,
            "options": options,
            "preload": resident,
        }
        for path in field.files
    ]
    budget = budget_bytes(field, room)
    document = composition(experts, hot_bytes=budget, threads=THREADS, policy=policy)
    document |= more or {}
    with coterie_up(document, field.folder / f"coterie-{policy}-{room}", key=key) as served:
        if resident:
            _wait_until_hot(served.experts)
        before = served.loads()
        yield Running(served.url, served.pid, budget, lambda: served.loads() - before)


def budget_bytes(field: Field, room: int) -> int:
    """So many experts by the engine's estimate, and a twentieth: it may measure more."""
    engine = llamacpp.create(field.folder)
    parts: dict[str, int] = {}
    for path in field.files[:room]:
        expert = Expert(name=path.stem, context=CONTEXT, parallel=PARALLEL)
        footprint = engine.footprint(expert, weights_of(path, f"sha256:{path.stem}"))
        parts |= {part.digest: part.size_bytes for part in footprint.hot}
    return sum(parts.values()) * 21 // 20


@contextmanager
def llama_router(
    field: Field, threads: tuple[int, int], environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """llama.cpp's own router mode, with threads for tokens and for prompts.

    Without warm-up, fitting and repacking a load is at its fastest; no prompt comes twice, so a
    cache of prompts in host memory would find nothing.
    """
    server = llama_server(ensure(LLAMA_CPP, field.environments))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = field.folder / "llama-router.log"
    log.unlink(missing_ok=True)
    command = [
        *(str(server), "--host", "127.0.0.1", "--port", str(port)),
        *("--models-dir", str(field.files[0].parent), "--models-max", str(field.room)),
        *("--ctx-size", str(CONTEXT * PARALLEL), "--parallel", str(PARALLEL)),
        *("--threads", str(threads[0]), "--threads-batch", str(threads[1])),
        *("--ubatch-size", str(UBATCH)),
        *("--no-warmup", "--fit", "off", "--no-repack", "--cache-ram", "0", "--no-ui"),
    ]
    with running(command, log=log, ready=url + "/health", environment=environment) as pid:
        assert len(get(url + "/v1/models")["data"]) == len(field.files)
        yield Running(url, pid, 0, lambda: loads_in(log.read_text(errors="replace")))


@contextmanager
def ray_serve(field: Field) -> Iterator[Running]:
    """Ray Serve's model multiplexing, with one replica over the same workers as Coterie's."""
    environment = ensure(RAY, field.environments)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    here = [str(Path(__file__).parents[1]), str(Path(coterie_package.__file__).parents[1])]
    numbers = (field.room, CONTEXT, PARALLEL, THREADS, UBATCH)
    command = [
        str(environment / "bin" / "python"),
        str(Path(__file__).parent / "proxies" / "ray_multiplexed.py"),
        *(str(port), str(field.files[0].parent), *map(str, numbers)),
    ]
    with running(
        command,
        log=field.folder / "ray-serve.log",
        ready=url + "/loads",
        environment={"PYTHONPATH": os.pathsep.join(here), "RAY_USAGE_STATS_ENABLED": "0"},
        patience_s=180,
    ) as pid:
        yield Running(url, pid, 0, lambda: int(get(url + "/loads")["loads"]))


def loads_in(log: str) -> int:
    """How many workers the router's log says it has started."""
    return log.count("spawning server instance with name=")


def _wait_until_hot(experts: Callable[[], list[dict[str, Any]]]) -> None:
    deadline = time.monotonic() + 300
    while any(expert["phase"] != "hot" for expert in experts()):
        if time.monotonic() > deadline:
            raise TimeoutError("not all experts were resident within 300 s")
        time.sleep(0.2)


SYSTEMS: dict[str, System] = {
    "coterie": partial(coterie, policy="cost"),
    "lru": partial(coterie, policy="lru"),
    # The default policy without one of its parts.
    **{f"coterie-{part}": partial(coterie, policy=f"cost-{part}") for part in PARTS},
    "resident": partial(coterie, policy="cost", resident=True),
    "llama-router": partial(llama_router, threads=((THREADS + 1) // 2, THREADS)),
    # What Coterie sets for its workers: threads that wait for each other spin but briefly.
    "llama-router-tuned": partial(
        llama_router,
        threads=((THREADS + 1) // 2, THREADS),
        environment={"GOMP_SPINCOUNT": "200"},
    ),
    "ray-serve": ray_serve,
    "llama-router-defaults": partial(llama_router, threads=(THREADS, THREADS)),
}
