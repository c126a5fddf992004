"""Files appear together and whole, or not at all."""

from pathlib import Path

import pytest

from coterie.cli.simulation.files import together
from coterie.errors import CommandError


def test_files_appear_once_all_are_written(tmp_path: Path) -> None:
    targets = [tmp_path / "a" / "one", tmp_path / "a" / "two"]
    with together(targets) as parts:
        for part in parts:
            part.write_text("new")
        assert not any(target.exists() for target in targets)
    assert [target.read_text() for target in targets] == ["new", "new"]
    assert len(list((tmp_path / "a").iterdir())) == 2


def half(target: Path) -> None:
    with together([target]) as (part,):
        part.write_text("half")
        raise KeyboardInterrupt


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "one"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        half(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with (
        pytest.raises(CommandError, match="a folder of that name is there"),
        together([tmp_path / "one"]),
    ):
        pass


def test_where_nothing_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(CommandError, match="cannot be written"),
        together([tmp_path / "file" / "one"]),
    ):
        pass


def test_a_place_without_a_name_is_no_file() -> None:
    with pytest.raises(CommandError, match="is a folder"), together([Path()]):
        pass
