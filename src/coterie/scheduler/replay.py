"""A recorded journal, fed to a fresh scheduler: where do the decisions differ?

Under the policy that was recorded nothing may differ. Under another one the comparison holds up to
the first difference, and shows a tendency after it: nodes answered what was really asked of them
then.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, json

from coterie.errors import JournalUnusable
from coterie.scheduler.actions import Action
from coterie.scheduler.events import Event
from coterie.scheduler.policies import Policy
from coterie.scheduler.records import Snapshot, revive
from coterie.scheduler.scheduler import Scheduler

Entry = Event | Action | Snapshot

encode: Callable[[Entry], bytes] = json.Encoder().encode
decode: Callable[[bytes], Entry] = json.Decoder(Event | Action | Snapshot, dec_hook=revive).decode


class Difference(Struct, frozen=True):
    """One event that was answered otherwise: line number, the event, what was done then and what
    would be now.
    """

    line: int
    event: Event
    recorded: tuple[Action, ...]
    replayed: tuple[Action, ...]


class Replay(Struct):
    """What came out of a replay."""

    policy: str = ""
    recorded_policy: str = ""
    events: int = 0
    actions: int = 0
    differing: int = 0
    differences: list[Difference] = []  # the first `keep` of them


def replay(
    entries: Iterable[Entry], policy: Policy | None, choose: Callable[[str], Policy], keep: int = 20
) -> Replay:
    """Feeds a journal's entries to a scheduler under `policy`; None: the one that was recorded."""
    core: Scheduler | None = None
    report = Replay()
    pending: tuple[int, Event, tuple[Action, ...]] | None = None
    recorded: list[Action] = []

    def settle(*, cut_off: bool = False) -> None:
        if pending is None:
            return
        line, event, replayed = pending
        report.actions += len(recorded)
        if tuple(recorded) != (replayed[: len(recorded)] if cut_off else replayed):
            report.differing += 1
            if len(report.differences) < keep:
                report.differences.append(Difference(line, event, tuple(recorded), replayed))

    for line, entry in enumerate(entries, 1):
        if isinstance(entry, Snapshot):
            if core is None:
                chosen = policy or choose(entry.policy)
                report.recorded_policy, report.policy = entry.policy, chosen.name
                core = Scheduler.restored(entry, chosen)
        elif isinstance(entry, Action):
            recorded.append(entry)
        else:
            if core is None:
                raise JournalUnusable(
                    "a journal begins with a snapshot; this one begins in the middle"
                )
            settle()
            recorded = []
            report.events += 1
            pending = (line, entry, tuple(core.handle(entry)))
    settle(cut_off=True)  # a journal may end with a crash, in the middle of an event's actions
    return report
