"""A real worker of the llamacpp engine, started by the engine, without the rest of Coterie."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from coterie.engines.llamacpp import create
from coterie.engines.protocol import Engine, Instance, Launch
from coterie.registry.headers import read_header
from coterie.types import Device, Expert, Weights


@asynccontextmanager
async def hot_worker(
    expert: Expert, path: Path, threads: int, folder: Path, engine: Engine | None = None
) -> AsyncIterator[Instance]:
    """The instance, once it has really generated; ended with the block. Without an engine, with one
    of its own.
    """
    own = create(folder) if engine is None else None
    engine = engine or own
    assert engine is not None
    launch = Launch(
        replica=f"{expert.name}@benchmark/ram",
        generation=1,
        expert=expert,
        device=Device(name="ram", hot=1 << 40, threads=threads),
        weights=weights_of(path),
        log_path=str(folder / f"{expert.name}.log"),
    )
    try:
        instance = await engine.start(launch)
        try:
            yield instance
        finally:
            await instance.stop(1.0)
    finally:
        if own is not None:
            await own.close()


def weights_of(path: Path, digest: str = "sha256:weights") -> Weights:
    """The file as the registry would hand it to an engine; here no digest is ever checked."""
    return Weights(
        path=str(path),
        digest=digest,
        size_bytes=path.stat().st_size,
        header=read_header(path),
    )
