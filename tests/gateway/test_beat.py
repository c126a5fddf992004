"""Comments while a stream waits; the rest of their behaviour is seen in test_relay."""

import asyncio
from typing import Any

from coterie.gateway.beat import Beat
from coterie.scheduler.status import ExpertStatus


class Clockwork:
    """A reply and a catalogue that only record."""

    def __init__(self) -> None:
        self.lost = self.writing_paused = self.begun = False
        self.comments: list[bytes] = []
        self.beaten = asyncio.Event()

    def begin(self, status: int, fields: bytes, media: bytes) -> None:
        assert (status, media, self.begun) == (200, b"text/event-stream", False)
        self.begun = True

    def write(self, data: bytes) -> None:
        self.comments.append(data)
        self.beaten.set()

    def status(self, name: str) -> ExpertStatus:
        return ExpertStatus(name, phase="queued")


def started(fake: Any, expert: str, every_s: float) -> Beat:
    beat = Beat(fake, fake, expert, every_s)
    beat.start()
    return beat


async def test_a_beat_begins_the_stream_once_and_goes_on() -> None:
    fake: Any = Clockwork()
    beat = started(fake, "m", 0.001)
    for _ in range(3):
        fake.beaten.clear()
        await asyncio.wait_for(fake.beaten.wait(), 5)
    beat.stop()
    assert fake.comments[:3] == [b": waiting for 'm': queued\n\n"] * 3


async def test_a_beat_that_is_stopped_is_silent() -> None:
    fake: Any = Clockwork()
    first, second = started(fake, "m", 0.001), started(fake, "n", 0.002)
    first.stop()
    await asyncio.wait_for(fake.beaten.wait(), 5)
    second.stop()
    assert fake.comments == [b": waiting for 'n': queued\n\n"]


async def test_a_beat_that_was_started_twice_is_silent_once_stopped() -> None:
    fake: Any = Clockwork()
    first, second = started(fake, "m", 0.001), started(fake, "n", 0.002)
    first.start()
    first.stop()
    await asyncio.wait_for(fake.beaten.wait(), 5)
    second.stop()
    assert fake.comments == [b": waiting for 'n': queued\n\n"]


async def test_a_beat_that_never_began_can_be_stopped() -> None:
    fake: Any = Clockwork()
    Beat(fake, fake, "m", 0.001).stop()


async def test_nothing_is_piled_up_for_who_does_not_read_or_left() -> None:
    stuck: Any = Clockwork()
    stuck.writing_paused = True
    gone: Any = Clockwork()
    gone.lost = True
    reading: Any = Clockwork()
    beats = [started(fake, "m", 0.001) for fake in (stuck, gone, reading)]
    await asyncio.wait_for(reading.beaten.wait(), 5)
    for beat in beats:
        beat.stop()
    assert (stuck.comments, gone.comments) == ([], [])
