"""What an engine is. The scheduler never sees one: only bytes and seconds come out of this room.

An engine is found by its name through the entry-point group `coterie.engines`; ours use the same
door as anybody's. An instance is one running replica, usually a worker process that serves
OpenAI-shaped HTTP on loopback.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from coterie.types import Device, Expert, Footprint, Part, Weights


class Launch(Struct, frozen=True):
    """All an engine needs to start one replica. `weights` is None for engines that read none."""

    replica: str
    generation: int
    expert: Expert
    device: Device
    weights: Weights | None
    log_path: str
    kv_dir: str = ""  # a folder for its KV cache across an unload (see `Keeping`); empty: none


class Endpoint(Struct, frozen=True):
    """Where the gateway streams from: `http://127.0.0.1:PORT`, and the headers (its secret) to send
    along.
    """

    address: str
    headers: dict[str, str] = field(default_factory=dict)


class Instance(Protocol):
    """One running replica."""

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes, for the node's record of what to reap; empty if it has none of its own."""
        ...

    @property
    def lost(self) -> "asyncio.Future[str]":
        """Done, with the reason, when the instance died by itself."""
        ...

    async def stop(self, grace_s: float) -> None:
        """Ends it: politely, then after `grace_s` by force. Returns when its memory is free.
        Idempotent.
        """
        ...

    def measure(self) -> tuple[Part, ...]:
        """The bytes it really takes in hot memory, by part; empty if that cannot be told."""
        ...


@runtime_checkable
class Keeping(Protocol):
    """An instance that can write its KV cache to `Launch.kv_dir`, where the next start of the same
    replica finds it.
    """

    @property
    def restored_tokens(self) -> int:
        """Tokens of prompts that it found there when it started."""
        ...

    async def save(self, most_bytes: int) -> None:
        """Writes at most so many bytes. Called when it is idle, before `stop`; what fails is left
        out.
        """
        ...


class Engine(Protocol):
    """One kind of runtime."""

    @property
    def name(self) -> str: ...

    @property
    def needs_weights(self) -> bool: ...

    def problems(self, expert: Expert) -> Mapping[str, str]:
        """What is wrong with the expert's fields for this engine: field path (`options.x`) to
        message. Opens nothing.
        """
        ...

    def footprint(self, expert: Expert, weights: Weights | None) -> Footprint:
        """The estimate for one replica: weights, KV cache, compute buffers."""
        ...

    async def start(self, launch: Launch) -> Instance:
        """Starts a replica; returns when it has really generated. Raises LoadError with the real
        cause.

        If cancelled or failed, nothing of it is left behind.
        """
        ...

    async def close(self) -> None:
        """Ends whatever the engine keeps besides its instances (a template process, a pool)."""
        ...
