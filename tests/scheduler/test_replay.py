"""A journal fed back gives the same actions, under any hash seed; under another policy, the
differences.
"""

import os
import subprocess
import sys
from random import Random

import pytest

from coterie.config import Limits
from coterie.errors import JournalUnusable
from coterie.scheduler import Scheduler, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry, decode, encode, replay
from coterie.testing.world import Model, World
from coterie.types import Part

AGAIN = """
import sys
from coterie.scheduler import policy
from coterie.scheduler.replay import decode, encode, replay
entries = [decode(line) for line in sys.stdin.buffer]
sys.stdout.buffer.write(encode(replay(entries, None, policy)))
"""


def recorded(name: str = "cost") -> list[Entry]:
    """An hour in little: six experts that share room for two, with a snapshot in front."""
    core = Scheduler(policy(name), Limits(wait=60.0, starvation=4.0))
    entries: list[Entry] = [core.snapshot(0.0)]
    models = {f"e{i}": Model((Part(f"w{i}", 10),), load_s=1.0, run_s=0.3) for i in range(6)}
    world = World(core, models, seed=3)
    world.add([on.DeviceJoined(0.0, "n/d", "n", 25, parallel_runs=1)])
    world.add(on.Declared(0.0, name, slots=2) for name in models)
    random = Random(5)
    arrivals = [
        on.Arrived(1.0 + i * 0.37, f"r{i}", f"e{random.choice('000112345')}") for i in range(120)
    ]
    world.add(arrivals)
    world.run()
    return entries + world.log


def test_a_journal_replays_without_a_difference() -> None:
    entries = [decode(encode(entry)) for entry in recorded()]
    report = replay(entries, None, policy)
    assert report.events > 200
    assert report.actions > 150
    assert report.differing == 0


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_replay_does_not_depend_on_the_hash_seed(seed: str) -> None:
    lines = b"".join(encode(entry) + b"\n" for entry in recorded())
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", AGAIN], input=lines, capture_output=True, env=environment, check=True
    )
    assert b'"differing":0' in ended.stdout


def test_another_policy_decides_otherwise_and_the_first_differences_are_kept() -> None:
    report = replay(recorded("lru"), policy("cost"), policy, keep=3)
    assert (report.recorded_policy, report.policy) == ("lru", "cost")
    assert report.differing >= 3
    assert len(report.differences) == 3
    first = report.differences[0]
    assert first.recorded != first.replayed


def test_a_tampered_journal_is_noticed_at_its_line() -> None:
    entries = recorded()
    line = next(i for i, entry in enumerate(entries) if type(entry).__name__ == "Dispatch")
    del entries[line]
    report = replay(entries, None, policy)
    assert report.differing == 1
    assert report.differences[0].line == line


def test_a_journal_that_begins_in_the_middle_is_refused() -> None:
    with pytest.raises(JournalUnusable, match="begins with a snapshot"):
        replay(recorded()[1:], None, policy)


def test_a_journal_cut_off_within_an_events_actions_replays() -> None:
    entries = recorded()
    last = max(i for i, entry in enumerate(entries) if type(entry).__name__ == "Dispatch")
    assert replay(entries[:last], None, policy).differing == 0
