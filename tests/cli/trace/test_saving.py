from pathlib import Path

import pytest

from coterie.cli.trace.saving import saved, write_whole
from coterie.errors import CommandError, TraceInvalid
from coterie.workloads.requests import Arrival

ONE = [Arrival(0.0, "a", 1, 1)]


def test_a_file_is_written_and_only_overwritten_by_force(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with saved(path, False) as save:
        assert save(ONE) == 1
    with (
        pytest.raises(CommandError, match=r"t\.csv' is there already: .* --force"),
        saved(path, False),
    ):
        pass
    with saved(path, True) as save:
        save(ONE * 2)
    assert len(path.read_text().splitlines()) == 3


def test_where_nothing_can_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with (
        pytest.raises(CommandError, match="there is no folder"),
        saved(tmp_path / "no" / "t.csv", False),
    ):
        pass
    with pytest.raises(TraceInvalid, match=r"ends in \.csv"), saved(tmp_path / "t.txt", False):
        pass


def test_a_picture_is_written_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "p.svg", b"one")
    write_whole(tmp_path / "p.svg", b"two")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"two"]
    with pytest.raises(CommandError, match="there is no folder"):
        write_whole(tmp_path / "no" / "p.svg", b"")
    (tmp_path / "d.svg").mkdir()
    with pytest.raises(CommandError, match=r"d\.svg' cannot be written"):
        write_whole(tmp_path / "d.svg", b"")
