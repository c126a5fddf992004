"""A journal of a real server, had again in a model."""

from pathlib import Path

import pytest

from coterie.cli.simulation.past import Otherwise, read_past, variants_of
from coterie.cli.simulation.runs import running
from coterie.cli.simulation.variant import Variant
from coterie.errors import JournalUnusable
from coterie.simulator import Faults


def had(journal: Path, otherwise: Otherwise, faults: Faults | None = None) -> list[Variant]:
    with running() as run:
        return variants_of(read_past(journal, 2.0), otherwise, run, faults or Faults())


def test_what_happened_stands_before_what_the_model_makes_of_it(recorded: Path) -> None:
    happened, simulated = had(recorded, Otherwise())
    assert (happened.name, simulated.name) == ("recorded", "simulated")
    assert happened.metrics.requests == simulated.metrics.requests == 3
    assert happened.metrics.loads == 4
    assert simulated.metrics.loads in (3, 4)  # as loads happened to be quick
    assert happened.metrics.machines == []  # how busy they were is not known


def test_each_policy_that_is_another_is_simulated(recorded: Path) -> None:
    found = had(recorded, Otherwise(("cost", "lru")))
    assert [one.name for one in found] == ["recorded", "simulated", "lru"]
    assert found[-1].setup.policy == "lru"


def test_with_other_memory_speed_or_faults_so_is_the_recorded_one(recorded: Path) -> None:
    more = had(recorded, Otherwise(hot_bytes=3 << 20))
    assert [one.name for one in more] == ["recorded", "simulated", "cost"]
    assert more[1].metrics.loads > more[2].metrics.loads == 2  # now there is room for both
    faster = had(recorded, Otherwise(speed=2.0))[-1]
    assert [one.at for one in faster.requests] == [one.at / 2 for one in more[1].requests]
    failing = had(recorded, Otherwise(), Faults(load_fails=1.0))
    assert [one.metrics.answered for one in failing] == [3, 3, 0]


def test_a_journal_without_requests_has_nothing_to_simulate(recorded: Path, tmp_path: Path) -> None:
    (segment,) = recorded.iterdir()
    file = tmp_path / segment.name
    lines = segment.read_bytes().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if b'"Arrived"' in line)
    file.write_bytes(b"".join(lines[:first]))
    with pytest.raises(JournalUnusable, match="has no request whose end it tells of"):
        read_past(file, 2.0)
