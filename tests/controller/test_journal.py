"""What was appended is what is read, in segments that are bounded and complete."""

from pathlib import Path

import pytest

from coterie.config import Limits
from coterie.controller.journal import BUFFER_ENTRIES, Journal, read, segments
from coterie.errors import JournalUnusable
from coterie.scheduler import Scheduler, Snapshot, Unload, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry


def journal(folder: Path, segment_bytes: int = 1 << 20, count: int = 3) -> Journal:
    core = Scheduler(policy("cost"), Limits())
    made = Journal(folder, segment_bytes, count, lambda: core.snapshot(0.0))
    made.open()
    return made


def test_entries_are_read_as_they_were_appended_after_a_snapshot(tmp_path: Path) -> None:
    written = journal(tmp_path)
    events = [on.Tick(float(i)) for i in range(5)]
    for event in events:
        written.append([event])
    written.close()
    snapshot, *entries = read(tmp_path)
    assert isinstance(snapshot, Snapshot)
    assert entries == events


def test_segments_are_bounded_in_size_and_number_and_each_begins_with_a_snapshot(
    tmp_path: Path,
) -> None:
    written = journal(tmp_path, segment_bytes=2000, count=3)
    for i in range(400):
        written.append([on.Tick(float(i))])
        written.flush()
    written.close()
    kept = segments(tmp_path)
    assert len(kept) == 3
    assert kept[-1].stem > "0000000003"
    for path in kept:
        assert path.stat().st_size < 2100
        assert isinstance(next(iter(read(path))), Snapshot)


def test_a_new_start_never_writes_over_an_earlier_segment(tmp_path: Path) -> None:
    for _ in range(2):
        written = journal(tmp_path)
        written.append([on.Tick(1.0)])
        written.close()
    assert [path.name for path in segments(tmp_path)] == ["0000000001.jsonl", "0000000002.jsonl"]


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    written = journal(tmp_path)
    written.append([on.Tick(1.0)])
    written.append([on.Tick(2.0)])
    written.close()
    (path,) = segments(tmp_path)
    path.write_bytes(path.read_bytes()[:-4])
    assert list(read(path))[1:] == [on.Tick(1.0)]


def test_a_line_that_is_no_entry_is_named(tmp_path: Path) -> None:
    written = journal(tmp_path)
    written.close()
    (path,) = segments(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"type":"Nonsense"}\n')
    with pytest.raises(JournalUnusable, match=r"0000000001\.jsonl, line 2"):
        list(read(path))


def test_a_folder_without_segments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="holds no journal segment"):
        list(read(tmp_path))


def test_a_disk_that_cannot_be_written_costs_lines_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = journal(tmp_path / "gone", segment_bytes=1)
    for path in segments(tmp_path / "gone"):
        path.unlink()
    (tmp_path / "gone").rmdir()
    (tmp_path / "gone").write_text("in the way")
    for i in range(3):
        written.append([on.Tick(float(i))])
        written.flush()
    assert written.lost >= 2
    assert len(caplog.records) == 1


def test_enough_entries_are_written_without_being_told_to_and_published_in_order(
    tmp_path: Path,
) -> None:
    published: list[bytes] = []
    core = Scheduler(policy("cost"), Limits())
    written = Journal(tmp_path, 1 << 20, 3, lambda: core.snapshot(0.0), published.append)
    written.open()
    events = [on.Tick(float(i)) for i in range(BUFFER_ENTRIES)]
    for event in events[:-1]:
        written.append([event])
    assert not published
    written.append(events[-1:])
    (path,) = segments(tmp_path)
    assert path.read_bytes().endswith(b"".join(published))
    assert list(read(path))[1:] == events
    assert len(published) == BUFFER_ENTRIES
    written.close()


def test_a_segment_never_ends_between_an_event_and_its_actions(tmp_path: Path) -> None:
    written = journal(tmp_path, segment_bytes=1, count=1000)
    group: list[Entry] = [on.Tick(1.0), *(Unload(f"r{i}@n/d", i) for i in range(100))]
    for _ in range(7):
        written.append(group)
    written.close()
    assert len(segments(tmp_path)) > 2  # what is taken was written three times, and each ended one
    for path in segments(tmp_path):
        _, *entries = read(path)
        assert len(entries) % len(group) == 0
        assert not entries or entries[0] == group[0]
