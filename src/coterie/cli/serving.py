"""The rooms, wired: registry, engines, nodes, controller, gateway. One event loop owns them all."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from coterie.cli.progress import FetchProgress
from coterie.config import Composition
from coterie.controller import Controller, Link
from coterie.engines import Engine, catalog
from coterie.errors import AddressInUse, StateInUse
from coterie.gateway import Gateway
from coterie.node import NodeAgent
from coterie.registry import Registry
from coterie.router.feedback import Feedback
from coterie.router.opening import open_router
from coterie.scheduler import Event
from coterie.scheduler import events as on
from coterie.types import Expert, Weights

log = logging.getLogger(__name__)


def steady_clock() -> Callable[[], float]:
    """Seconds since the epoch that never run backwards, whatever happens to the machine's date."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


@contextlib.asynccontextmanager
async def serving(
    composition: Composition,
    base: Path,
    state: Path,
    host: str,
    port: int,
    progress: FetchProgress,
) -> AsyncIterator[tuple[Controller, str, int]]:
    """A running composition, and the address it listens on. On leaving, nothing of it is left.

    Raises AddressInUse before anything is started, RouterInvalid if a route's examples or fitted
    router cannot be used, StateInUse if the state cannot be written. A load that fails or a worker
    that dies is logged; the other experts are served.
    """
    await _require_free(host, port)
    routers = {route.name: open_router(route, composition, base) for route in composition.routes}
    clock = steady_clock()
    controller = Controller(composition, state / "journal", clock)
    engines: dict[str, Engine] = {}
    for expert in composition.experts:
        if expert.engine not in engines:
            engines[expert.engine] = catalog.create(expert.engine, state)
    experts = {expert.name: expert for expert in composition.experts}
    feedback = {
        route.name: Feedback(state / "routes", route.name)
        for route in composition.routes
        if route.record
    }
    disk_bytes = min((node.disk for node in composition.nodes if node.disk), default=0)
    registry = Registry(state, base, disk_bytes=disk_bytes)

    async def resolve(expert: Expert) -> Weights:
        try:
            return await registry.resolve(
                expert.weights,
                expert.sha256,
                lambda done, total: progress.fetched(expert.name, done, total),
            )
        finally:
            progress.ended(expert.name)

    def report(event: Event) -> None:
        if trouble := _trouble(event):
            log.warning("%s", trouble)
        controller.report(event)

    links: dict[str, Link] = {
        node.name: NodeAgent(node, experts, engines, resolve, state, report, clock)
        for node in composition.nodes
    }
    gateway = Gateway(composition, controller, routers, feedback)
    async with contextlib.AsyncExitStack() as closing:
        for engine in engines.values():
            closing.push_async_callback(engine.close)
        closing.push_async_callback(controller.close)
        try:
            await controller.open(links)
        except OSError as error:
            raise StateInUse(
                f"the state directory {str(state)!r} cannot be used: {error.strerror or error}; "
                "name another one with --state"
            ) from error
        with _address_errors(host, port):
            bound = await gateway.start(host, port)
        closing.push_async_callback(gateway.stop)
        yield controller, *bound


async def _require_free(host: str, port: int) -> None:
    """Raises AddressInUse unless it can be listened on.

    Only looked at, not listened on: a client that came before the experts are declared would be
    told that there are none.
    """
    with _address_errors(host, port):
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)


@contextlib.contextmanager
def _address_errors(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AddressInUse(
            f"cannot listen on {host}:{port}: {error.strerror or error}; name another address "
            "with --port or --host"
        ) from error


def _trouble(event: Event) -> str:
    """What an operator should hear of an event, if anything."""
    match event:
        case on.FetchFailed():
            return f"the weights of {event.expert!r} did not come: {event.reason}"
        case on.LoadFailed():
            return event.reason
        case on.Crashed():
            return f"{event.replica!r} died: {event.reason}"
        case _:
            return ""
