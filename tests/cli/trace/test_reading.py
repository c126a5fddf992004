from pathlib import Path

import pytest

from coterie.cli.trace.journal import JournalTrace
from coterie.cli.trace.reading import bar, is_journal, opened, watched
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.traces import Trace


def test_a_folder_and_a_segment_are_journals_and_other_files_are_not(
    tmp_path: Path, csv: Path
) -> None:
    segment = tmp_path / "0000000001.jsonl"
    segment.write_text('{"type":"Snapshot","policy":"cost"}\n')
    assert [is_journal(path) for path in (tmp_path, segment, csv, tmp_path / "gone")] == [
        *(True, True, False, False),
    ]
    assert isinstance(opened(segment, TraceOptions()), JournalTrace)
    assert isinstance(opened(csv, TraceOptions()), Trace)
    assert isinstance(opened(csv, TraceOptions(format="journal")), JournalTrace)
    assert isinstance(opened(segment, TraceOptions(format="jsonl")), Trace)


def test_what_was_left_out_is_told_at_the_end(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text(log.read_text() + '{"timestamp": "2026-05-04T10:00:00Z", "status": 500}\n')
    with watched(opened(log, TraceOptions()), "reading") as arrivals:
        assert len(list(arrivals)) == 20
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"{log}: failed requests without usage: 1\n"


def test_a_bar_is_not_drawn_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("reading", None) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")
