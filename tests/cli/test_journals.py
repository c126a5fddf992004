from pathlib import Path

import pytest

from coterie.cli.journals import opened
from coterie.errors import JournalUnusable


def test_a_folder_is_its_segments_and_a_file_is_itself(tmp_path: Path) -> None:
    for name in ("0000000002.jsonl", "0000000001.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    with opened(tmp_path, "reading") as files:
        assert [file.name for file in files] == ["0000000001.jsonl", "0000000002.jsonl"]
    with opened(tmp_path / "notes.txt", "reading") as files:
        assert [file.name for file in files] == ["notes.txt"]


def test_a_folder_without_segments_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="holds no journal segment"), opened(tmp_path, "x"):
        pass


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    def sizes(journal: Path) -> list[int]:
        with opened(journal, "x") as files:
            return [len(file.read_bytes()) for file in files]

    with pytest.raises(JournalUnusable, match="gone' cannot be read: No such file"):
        sizes(tmp_path / "gone")
