"""The command line in this very process, and real servers of echo experts for it to talk to."""

import asyncio
import concurrent.futures
import contextlib
import io
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import uvloop
from rich.console import Console

from coterie.cli import main
from coterie.cli.progress import FetchProgress
from coterie.cli.serving import serving
from coterie.config import decode

PATIENCE_S = 20.0
NODES = "nodes: [{name: local, devices: [{name: ram, hot: 1GiB}]}]\n"


class Said(NamedTuple):
    """What a command left: its exit status, and what it printed."""

    code: int
    out: str
    err: str


def run(*words: str) -> Said:
    """`coterie WORDS`, as from a shell, with its output in a pipe."""
    out, err = io.StringIO(), io.StringIO()
    argv, sys.argv = sys.argv, ["coterie", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    finally:
        sys.argv = argv
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def running(experts: str, folder: Path) -> Iterator[str]:
    """The URL of a server in a thread of its own, with an expert that has generated."""
    folder.mkdir(parents=True, exist_ok=True)
    composition = decode(f"{NODES}{experts}".encode(), "composition.yaml")
    found: concurrent.futures.Future[str] = concurrent.futures.Future()
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        progress = FetchProgress(Console(file=io.StringIO()))
        run = serving(composition, folder, folder / "state", "127.0.0.1", 0, progress)
        async with run as (controller, host, port):
            await controller.until_ready()
            found.set_result(f"http://{host}:{port}")
            await stop.wait()

    def live() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            found.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield found.result(PATIENCE_S)
    finally:
        with contextlib.suppress(RuntimeError):  # it may have ended by itself
            loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COTERIE_URL", "COTERIE_API_KEY", "COTERIE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))


@pytest.fixture
def coterie() -> Callable[..., Said]:
    """`coterie("status", "--json")` gives its exit status and what it printed."""
    return run


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """`serve("experts: …")` gives the URL of a server that lives as long as the module's tests."""
    with contextlib.ExitStack() as stack:
        yield lambda experts: stack.enter_context(running(experts, tmp_path_factory.mktemp("up")))


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


RECORDED = b"""
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts:
- {name: parrot, engine: echo, preload: true, options: {hot: 1MiB}}
- {name: mynah, engine: echo, options: {hot: 1MiB}}
"""


async def record(folder: Path) -> None:
    """Two experts that take each other's place."""
    progress = FetchProgress(Console(file=io.StringIO()))
    run = serving(decode(RECORDED, "x.yaml"), folder, folder, "127.0.0.1", 0, progress)
    async with run as (controller, _, _), asyncio.timeout(20):
        await controller.until_ready()
        for number, name in enumerate(("mynah", "parrot", "mynah")):
            place = controller.submit(f"r{number}", name)
            if isinstance(place, asyncio.Future):
                await place
            controller.finish(f"r{number}", ok=True, run_s=0.01)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a real server, which has stopped."""
    folder = tmp_path_factory.mktemp("recorded")
    asyncio.run(record(folder))
    return folder / "journal"
