"""`coterie up`: serves a composition until it is told to stop, and leaves no process behind."""

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from coterie.cli.document import load
from coterie.cli.lock import exclusive
from coterie.cli.progress import FetchProgress
from coterie.cli.serving import serving
from coterie.cli.state import state_dir
from coterie.config import Composition, format_size
from coterie.controller import Controller


def up(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The composition document.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0: any free one.")
    ] = 8080,
    state: Annotated[
        Path | None,
        typer.Option(
            help="Where weights, journal and logs are kept; else named after the document."
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option(help="A scheduling policy in place of the document's: cost, lru.")
    ] = "",
) -> None:
    """Serve a composition until Ctrl-C.

    A document in which `coterie check` finds something is not served. Ctrl-C and SIGTERM let
    running requests end within the document's `limits.shutdown`; a second Ctrl-C stops at once.
    Either way no process is left, and the exit status is 0.

    Example: coterie up examples/quickstart.yaml --port 9000
    """
    # A route's products are small: threads of BLAS that wait for busy cores make them slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    console = Console(stderr=True)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_Log(console)])
    composition = load(file, policy, state)
    folder = state_dir(state, composition.name)
    with exclusive(folder):
        uvloop.run(_up(console, composition, file.resolve().parent, folder, host, port))


async def _up(
    console: Console, composition: Composition, base: Path, state: Path, host: str, port: int
) -> None:
    """Serves until the first signal; the second Ctrl-C cancels what the first one waits for."""
    stop = asyncio.Event()
    served = asyncio.create_task(_serve(console, composition, base, state, host, port, stop))

    def interrupted() -> None:
        if stop.is_set() and not served.cancelling():
            served.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await served
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    console.print("stopped")


async def _serve(
    console: Console,
    composition: Composition,
    base: Path,
    state: Path,
    host: str,
    port: int,
    stop: asyncio.Event,
) -> None:
    run = serving(composition, base, state, host, port, FetchProgress(console))
    async with run as (controller, bound_host, bound_port):
        url = f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}"
        _say(console, f"listening on {url}")
        ready = asyncio.create_task(controller.until_ready())
        told = asyncio.create_task(stop.wait())
        await asyncio.wait({ready, told}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            _say(console, _greeting(composition, controller, url))
        ready.cancel()
        await told
        _say(console, "stopping: running requests may end (Ctrl-C again: at once)")


class _Log(logging.Handler):
    """Lines of the log, beside the progress bars and not through them."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        _say(self._console, f"coterie: {self.format(record)}")


def _say(console: Console, text: str) -> None:
    """Text as it is: neither folded, nor coloured, nor read as markup."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _greeting(composition: Composition, controller: Controller, url: str) -> str:
    """What a newcomer needs next."""
    hot = [status.name for status in controller.experts() if status.phase == "hot"]
    first = hot[0] if hot else composition.experts[0].name
    names = ", ".join(expert.name for expert in composition.experts[:12])
    more = f" and {len(composition.experts) - 12} more" if len(composition.experts) > 12 else ""
    budget = ", ".join(
        f"{node.name}/{device.name} {format_size(device.hot)}"
        for node in composition.nodes
        for device in node.devices
    )
    key = '-H "authorization: Bearer $COTERIE_API_KEY" ' if composition.keys else ""
    return (
        f"\nready: {url}/v1\n"
        f"  experts: {names}{more}\n"
        f"  memory:  {budget}\n\n"
        f"  curl {url}/v1/chat/completions {key}-H 'content-type: application/json' \\\n"
        f'    -d \'{{"model": "{first}", "max_tokens": 40, '
        f'"messages": [{{"role": "user", "content": "Hello!"}}]}}\'\n\n'
        f"  coterie status --url {url}    (what is where)\n"
        "  Ctrl-C stops\n"
    )
