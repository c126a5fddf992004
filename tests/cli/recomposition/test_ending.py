"""What a real server's journal tells by its end."""

from pathlib import Path

import pytest
from msgspec import structs

from coterie.cli.recomposition.ending import ending, read_ending
from coterie.controller import read
from coterie.errors import JournalUnusable
from coterie.scheduler import Snapshot, policy
from coterie.scheduler import events as on


def test_who_is_resident_and_what_was_learnt(recorded: Path) -> None:
    found = read_ending(recorded)
    assert found.replicas == ("mynah@local/ram",)  # it came last, and there is room for one
    assert set(found.load_s) == {"parrot", "mynah"}
    assert found.at_s > 0


def test_replicas_that_ended_before_something_went_on_are_gone(recorded: Path) -> None:
    entries = list(read(recorded))
    assert isinstance(entries[-1], on.Unloaded)
    (last,) = [one for one in entries if isinstance(one, on.Arrived) and one.request == "r2"]
    again = structs.replace(last, request="r9", at=entries[-1].at)
    assert ending([*entries, again], policy).replicas == ()


def test_it_can_be_read_up_to_any_moment(recorded: Path) -> None:
    entries = list(read(recorded))
    begin = next(place for place, one in enumerate(entries) if isinstance(one, Snapshot))
    found = ending(entries[: begin + 1], policy)
    assert (found.at_s, found.replicas, found.load_s) == (0.0, (), {})


def test_one_that_begins_in_the_middle_is_refused(recorded: Path) -> None:
    entries = [one for one in read(recorded) if not isinstance(one, Snapshot)]
    with pytest.raises(JournalUnusable, match="begins in the middle"):
        ending(entries, policy)


def test_an_empty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="it has not even a snapshot"):
        ending([], policy)
    with pytest.raises(JournalUnusable, match="holds no journal segment"):
        read_ending(tmp_path)
    with pytest.raises(JournalUnusable, match="cannot be read"):
        read_ending(tmp_path / "none.jsonl")


def test_a_damaged_one_is_refused_with_its_line(recorded: Path, tmp_path: Path) -> None:
    (segment,) = recorded.iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    file = tmp_path / segment.name
    file.write_bytes(lines[0] + b'{"type":"Nothing"}\n')
    with pytest.raises(JournalUnusable, match=r"line 2"):
        read_ending(file)
