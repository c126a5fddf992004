"""What was seen of a machine's speed: how long prompts, answers, loads and reads took, and what
else it did meanwhile.

Of more than MOST observations of a kind, evenly spaced ones are kept.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

from msgspec import Struct, field

from coterie.types import Footprint

T = TypeVar("T")

MOST = 20_000
LEAST_STEPS = 8
"""Fewer tokens after the first say more of when they were sent than of when they were made."""
QUIET = 0.1
"""What others may do, on average of the time, that still counts as nothing."""


class PromptSeen(Struct, frozen=True):
    """From dispatch to the first byte. On average of that time its replica had so many other
    `prompts` and `answers`, and so many other processes computed `beside` it. `is_first`: of its
    replica's life, in which what it touches is touched for the first time.
    """

    expert: str
    tokens: int
    seconds: float
    prompts: float = 0.0
    answers: float = 0.0
    beside: float = 0.0
    is_first: bool = False

    @property
    def is_alone(self) -> bool:
        return self.prompts + self.answers + self.beside <= QUIET


class AnswerSeen(Struct, frozen=True):
    """From the first byte to the last: `steps` tokens after the first, at a mean `context` of so
    many tokens. On average of that time `batch` answers of its replica were made, itself among
    them.
    """

    expert: str
    steps: int
    context: float
    seconds: float
    batch: float = 1.0
    prompts: float = 0.0
    beside: float = 0.0

    @property
    def is_alone(self) -> bool:
        """Nothing but answers, of one replica."""
        return self.prompts + self.beside <= QUIET

    @property
    def step_s(self) -> float:
        return self.seconds / self.steps


class LoadSeen(Struct, frozen=True):
    """Of a whole expert. `is_again`: its weights were read on that node before, so that they may
    come from host memory; else from wherever they are.
    """

    expert: str
    seconds: float
    beside: float = 0.0
    is_again: bool = False

    @property
    def is_alone(self) -> bool:
        return self.beside <= QUIET


class ReadSeen(Struct, frozen=True):
    """Bytes read from disk into host memory, ahead of a load."""

    read_bytes: int
    seconds: float


class Kept(Generic[T]):
    """Of what is added, all of it or evenly spaced ones; `count` is how many there were."""

    def __init__(self, most: int = MOST) -> None:
        self.count = 0
        self._most = most
        self._every = 1
        self._kept: list[T] = []

    def add(self, one: T) -> None:
        if self.count % self._every == 0:
            self._kept.append(one)
            if len(self._kept) > self._most:
                del self._kept[1::2]
                self._every *= 2
        self.count += 1

    def __iter__(self) -> Iterator[T]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class Seen(Struct):
    """All observations; those that were alone on their machine stand apart. `counts`: requests by
    what they are good for (`answered`, `failed`, `whole`: not streamed, `uncounted`: without the
    number of its prompt's tokens). `footprints` are by expert.
    """

    prompts: Kept[PromptSeen] = field(default_factory=Kept)
    prompts_beside: Kept[PromptSeen] = field(default_factory=Kept)
    answers: Kept[AnswerSeen] = field(default_factory=Kept)
    answers_beside: Kept[AnswerSeen] = field(default_factory=Kept)
    loads: Kept[LoadSeen] = field(default_factory=Kept)
    loads_beside: Kept[LoadSeen] = field(default_factory=Kept)
    reads: Kept[ReadSeen] = field(default_factory=Kept)
    unloads: Kept[float] = field(default_factory=Kept)
    counts: Counter[str] = field(default_factory=Counter)
    footprints: dict[str, Footprint] = field(default_factory=dict)

    def experts(self) -> tuple[str, ...]:
        """Those of whom anything was seen, in order."""
        kinds = (
            self.prompts, self.prompts_beside, self.answers, self.answers_beside,
            self.loads, self.loads_beside,
        )  # fmt: skip
        return tuple(sorted({one.expert for kind in kinds for one in kind}))
