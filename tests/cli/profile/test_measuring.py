"""A worker is asked for all that is wanted, and ends whatever happens."""

import asyncio
from pathlib import Path

import pytest

from coterie.cli.profile.measuring import BATCHES, Worker, lengths
from coterie.engines.echo.engine import Echo, EchoInstance
from coterie.engines.protocol import Launch
from coterie.errors import CommandError
from coterie.types import Expert, Header, Weights

EXPERT = Expert(name="parrot", engine="echo", context=64, parallel=4)
WEIGHTS = Weights("w.gguf", "sha256:w", 10, Header("gguf"))


class Watched(Echo):
    """Remembers its instances, and that it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: list[EchoInstance] = []
        self.launches: list[Launch] = []
        self.is_closed = False

    async def start(self, launch: Launch) -> EchoInstance:
        self.launches.append(launch)
        self.instances.append(await super().start(launch))
        return self.instances[-1]

    async def close(self) -> None:
        self.is_closed = True

    def left(self) -> list[EchoInstance]:
        return [one for one in self.instances if one.measure()]


def worker(engine: Echo, expert: Expert = EXPERT) -> Worker:
    return Worker(engine, expert, WEIGHTS, Path())


def test_prompts_fill_parts_of_the_context() -> None:
    assert lengths(1024) == (32, 128, 256, 512)
    assert lengths(64) == (8, 16, 32)
    assert lengths(16) == (8,)


async def test_everything_is_asked_as_often_as_it_should() -> None:
    engine, told = Watched(), list[str]()
    asked = worker(engine)
    await asked.measure(2, told.append)
    assert (told.count("loads"), told.count("prompts"), told.count("answers")) == (2, 6, 6)
    assert len(asked.loads) == len(asked.unloads) == 2
    assert {n: [tokens for tokens, _ in sent] for n, sent in asked.prompts.items()} == {
        8: [8, 8],
        16: [16, 16],
        32: [32, 32],
    }
    assert {batch: len(taken) for batch, taken in asked.steps.items()} == dict.fromkeys(BATCHES, 2)
    seconds = [s for taken in asked.steps.values() for s in taken]
    assert all(s > 0 for s in [*seconds, *asked.loads, *asked.unloads])
    assert engine.is_closed
    assert engine.left() == []
    assert {launch.device.kind for launch in engine.launches} == {"cpu"}


async def test_one_that_does_not_answer_is_said_and_ended() -> None:
    class Dumb(Watched):
        async def start(self, launch: Launch) -> EchoInstance:
            instance = await super().start(launch)
            await instance.crash("no reason")
            return instance

    engine = Dumb()
    with pytest.raises(CommandError, match="'parrot' did not answer as it was asked"):
        await worker(engine).measure(1, lambda _: None)
    assert engine.is_closed


@pytest.mark.parametrize("moment", ["loads", "prompts"])
async def test_nothing_is_left_when_it_is_broken_off(moment: str) -> None:
    engine, reached = Watched(), asyncio.Event()

    def done(what: str) -> None:
        if what == moment:
            reached.set()

    task = asyncio.create_task(worker(engine).measure(2, done))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.is_closed
    assert engine.left() == []
    assert engine.instances
