"""Which server and client the gateway stands on: bare proxies over one static upstream."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import coterie
from benchmarks import upstream as static
from benchmarks.borrowed import BorrowedEngine
from benchmarks.coterie_server import ask_once, composition, coterie_up
from benchmarks.environments import SERVERS, ensure
from benchmarks.processes import free_port, running
from benchmarks.tables import Result
from benchmarks.wrk import Counted, count

PROXIES = {
    "aiohttp server": ("aiohttp_server.py",),
    "aiohttp application": ("aiohttp_application.py",),
    "raw ASGI, uvicorn": ("asgi.py", "uvicorn", "raw"),
    "Starlette, uvicorn": ("asgi.py", "uvicorn", "starlette"),
    "raw ASGI, Granian": ("asgi.py", "granian", "raw"),
    "Starlette, Granian": ("asgi.py", "granian", "starlette"),
}
OWN_CLIENT = "aiohttp server, Coterie's client"
COTERIE = "Coterie, the whole path"


def run(
    *, environments: Path, seconds: int = 5, rounds: int = 3, with_coterie: bool = True
) -> Result:
    """Requests a second and latency of each, streaming and not, at 1 and 16 connections."""
    rows = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        up = stack.enter_context(static.static_upstream(folder, core=1))
        for mode, address in (("plain", up.plain), ("streaming", up.streaming)):
            with ExitStack() as systems:
                urls = {"upstream directly": address}
                environment = ensure(SERVERS, environments)
                for system, command in PROXIES.items():
                    python = environment / "bin" / "python"
                    urls[system] = systems.enter_context(_proxy(python, command, address, folder))
                if with_coterie:
                    own = (Path(sys.executable), ("aiohttp_upstream.py",))
                    urls[OWN_CLIENT] = systems.enter_context(_proxy(*own, address, folder))
                    urls[COTERIE] = systems.enter_context(
                        static_coterie(address, folder / f"coterie-{mode}", core=0)
                    )
                for connections in (1, 16):
                    rows += measured(
                        urls,
                        mode=mode,
                        connections=connections,
                        seconds=seconds,
                        rounds=rounds,
                        folder=folder,
                    )
    return Result("servers", "bare proxies over one static upstream, one core each", rows, NOTES)


NOTES = (
    "server on core 0, load generator (wrk) and upstream (nginx) on core 1",
    "all systems run at once and are asked in turns; medians of the rounds",
)


def measured(
    urls: dict[str, str], *, mode: str, connections: int, seconds: int, rounds: int, folder: Path
) -> list[dict[str, Any]]:
    """A row for each system, asked in turns."""
    runs: dict[str, list[Counted]] = {system: [] for system in urls}
    for _ in range(rounds):
        for system, url in urls.items():
            runs[system].append(
                count(
                    url,
                    static.MODEL,
                    connections=connections,
                    seconds=seconds,
                    folder=folder,
                    core=1,
                    stream=mode == "streaming",
                )
            )
    return [
        {
            "system": system,
            "answer": mode,
            "connections": connections,
            "requests/s": median(run.requests_per_s for run in found),
            "p50 ms": median(run.p50_ms for run in found),
            "p99 ms": median(run.p99_ms for run in found),
            "failed": sum(run.failed for run in found),
        }
        for system, found in runs.items()
    ]


@contextmanager
def static_coterie(address: str, folder: Path, core: int | None) -> Iterator[str]:
    """Coterie with the static upstream as its one expert: the whole path, scheduler and journal."""
    expert = {
        "name": static.MODEL,
        "engine": BorrowedEngine.name,
        "parallel": 256,
        "options": {"address": address},
    }
    with coterie_up(composition([expert], hot_bytes=1024), folder, core=core) as served:
        ask_once(served.url, static.MODEL)
        yield served.url


@contextmanager
def _proxy(python: Path, command: tuple[str, ...], address: str, folder: Path) -> Iterator[str]:
    port = free_port()
    script, *kind = command
    with running(
        [str(python), str(Path(__file__).parent / "proxies" / script), *kind, str(port), address],
        log=folder / "proxy.log",
        ready=f"http://127.0.0.1:{port}/healthz",
        core=0,
        environment={"PYTHONPATH": str(Path(coterie.__file__).parents[1])},
    ):
        yield f"http://127.0.0.1:{port}"
