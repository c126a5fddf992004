"""The echo engine: deterministic, in process, with delays, sizes and failures to order, so that a
world can be shaped.

It keeps the whole engine contract but one point: it has no process, so its footprint is what it is
told.
"""

import asyncio
import difflib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coterie.config.units import parse_size
from coterie.engines.echo.server import EchoServer
from coterie.engines.protocol import Endpoint, Launch
from coterie.errors import LoadError
from coterie.types import Expert, Footprint, Part, Weights

OPTIONS: Mapping[str, str] = {
    "load_s": "seconds that a load takes",
    "token_s": "seconds between two tokens",
    "hot": "bytes of hot memory that a replica claims: a number, or a size like 1.5GiB",
    "fail_loads": "loads that fail before the first one succeeds",
}


class Echo:
    """Starts servers in this process; remembers how many loads of an expert it has failed."""

    name = "echo"
    needs_weights = False

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    def problems(self, expert: Expert) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in expert.options.items():
            if name not in OPTIONS:
                near = difflib.get_close_matches(name, OPTIONS, 1) or sorted(OPTIONS)
                found[f"options.{name}"] = (
                    f"is no option of echo; did you mean {', '.join(map(repr, near))}?"
                )
            elif message := _mismatch(name, value):
                found[f"options.{name}"] = message
        return found

    def footprint(self, expert: Expert, weights: Weights | None) -> Footprint:
        """The part that the expert claims, beside its weights if it names any."""
        return Footprint(hot=_parts(expert, weights))

    async def start(self, launch: Launch) -> "EchoInstance":
        expert = launch.expert
        await asyncio.sleep(float(expert.options.get("load_s", 0.0)))
        failed = self._failed.get(expert.name, 0)
        if failed < int(expert.options.get("fail_loads", 0)):
            self._failed[expert.name] = failed + 1
            raise LoadError(
                f"{launch.replica!r} did not load: failure {failed + 1} of its option fail_loads"
            )
        key = secrets.token_urlsafe(24)
        server = EchoServer(
            expert.name, key, expert.parallel, float(expert.options.get("token_s", 0.0))
        )
        try:
            address = await server.open()
        except asyncio.CancelledError:
            await server.close()
            raise
        except OSError as error:
            await server.close()
            raise LoadError(f"{launch.replica!r} could not listen on 127.0.0.1: {error}") from error
        return EchoInstance(
            server,
            Endpoint(address, {"Authorization": f"Bearer {key}"}),
            _parts(expert, launch.weights),
        )

    async def close(self) -> None:
        """Nothing is kept besides the instances."""


class EchoInstance:
    """One server in this process."""

    def __init__(self, server: EchoServer, endpoint: Endpoint, parts: tuple[Part, ...]) -> None:
        self._server = server
        self._endpoint = endpoint
        self._parts = parts
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def pids(self) -> tuple[int, ...]:
        return ()

    @property
    def lost(self) -> "asyncio.Future[str]":
        return self._lost

    async def stop(self, grace_s: float) -> None:
        await self._server.close()

    def measure(self) -> tuple[Part, ...]:
        return self._parts if self._server.is_open else ()

    async def crash(self, reason: str) -> None:
        """Dies as a worker would: connections break, `lost` says why."""
        await self._server.close()
        if not self._lost.done():
            self._lost.set_result(reason)


def create(state_dir: Path) -> Echo:
    """The door for the entry point `coterie.engines`; echo keeps no files."""
    return Echo()


def _parts(expert: Expert, weights: Weights | None) -> tuple[Part, ...]:
    own = Part(f"private:{expert.name}", _size(expert.options.get("hot", 0)))
    return (own,) if weights is None else (Part(weights.digest, weights.size_bytes), own)


def _size(value: Any) -> int:
    return parse_size(value) if isinstance(value, str) else int(value)


def _mismatch(name: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    match name:
        case "hot" if isinstance(value, str):
            try:
                parse_size(value)
            except ValueError as error:
                return f"is {value!r}; {error}"
            return ""
        case "hot" | "fail_loads":
            return (
                ""
                if number and isinstance(value, int)
                else f"is {value!r}; expected a whole number of at least 0"
            )
        case _:
            return "" if number else f"is {value!r}; expected seconds, a number of at least 0"
