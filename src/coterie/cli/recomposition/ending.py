"""What a journal tells by its end: who is resident where, and what the scheduler had learnt.

A server that stops ends its replicas, which nobody had asked for: they count as there, unless
something went on after that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from msgspec import Struct

from coterie.cli.journals import opened
from coterie.cli.trace.journal import arrivals_of
from coterie.controller import read
from coterie.errors import JournalUnusable
from coterie.scheduler import Dispatch, Event, Load, Policy, Scheduler, Snapshot, Unload, policy
from coterie.scheduler import events as on
from coterie.scheduler.phases import Phase
from coterie.scheduler.replay import Entry
from coterie.types import Part

THERE = (Phase.LOADING, Phase.HOT)


class Ending(Struct, frozen=True):
    """`at_s`: since the first request whose end is known. `replicas`: those that are there or are
    being loaded, as `expert@node/device`. By expert: the `parts` that were measured, and how long
    its loads took.
    """

    at_s: float
    replicas: tuple[str, ...]
    parts: Mapping[str, tuple[Part, ...]] = {}
    load_s: Mapping[str, float] = {}


def read_ending(journal: Path) -> Ending:
    """Raises JournalUnusable."""
    with opened(journal, "reading the journal") as files:
        return ending(chain.from_iterable(map(read, files)), policy)


def ending(entries: Iterable[Entry], choose: Callable[[str], Policy]) -> Ending:
    """Of a journal's entries, from a snapshot on. Raises JournalUnusable."""
    past = _Past(choose)
    first_s = None
    for arrival in arrivals_of(past.told(entries), {}):
        if first_s is None:
            first_s = arrival.at_s
    if past.core is None:
        raise JournalUnusable("the journal is empty: it has not even a snapshot")
    end = past.core.snapshot(past.at_s)
    return Ending(
        at_s=0.0 if first_s is None else past.at_s - first_s,
        replicas=past.replicas,
        parts={one.name: one.measured for one in end.experts if one.measured},
        load_s={one.name: one.load.value for one in end.experts if one.load.count},
    )


class _Past:
    """A scheduler that is told what happened, under the policy of then."""

    def __init__(self, choose: Callable[[str], Policy]) -> None:
        self.core: Scheduler | None = None
        self.at_s = 0.0
        self._choose = choose
        self._there: dict[str, None] = {}
        self._ended: dict[str, None] = {}  # of late, unasked

    @property
    def replicas(self) -> tuple[str, ...]:
        return tuple(sorted({*self._there, *self._ended}))

    def told(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries, each once the scheduler knows it."""
        for entry in entries:
            if isinstance(entry, Snapshot):
                self.core = Scheduler.restored(entry, self._choose(entry.policy))
                self.at_s = max(self.at_s, entry.at)
                self._there = {one.replica: None for one in entry.replicas if one.phase in THERE}
                self._ended = {}
            elif isinstance(entry, Event):
                if self.core is None:
                    raise JournalUnusable(
                        "a journal begins with a snapshot; this one begins in the middle"
                    )
                self.core.handle(entry)
                self.at_s = max(self.at_s, entry.at)
            self._follow(entry)
            yield entry

    def _follow(self, entry: Entry) -> None:
        match entry:
            case Load():
                self._there[entry.replica] = None
                self._ended = {}
            case Unload() | on.Crashed() | on.LoadFailed():
                self._there.pop(entry.replica, None)
            case on.Unloaded():
                if entry.replica in self._there:
                    del self._there[entry.replica]
                    self._ended[entry.replica] = None
            case on.NodeLeft():
                for replica in [one for one in self._there if f"@{entry.node}/" in one]:
                    del self._there[replica]
            case Dispatch() | on.Arrived():
                self._ended = {}
            case _:
                pass
