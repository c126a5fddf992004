"""Two servers over one state would end each other's workers."""

import os
from pathlib import Path

import pytest

from coterie.cli.lock import exclusive
from coterie.errors import StateInUse


def test_the_directory_is_made_and_held_by_one(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    with exclusive(folder):
        assert folder.is_dir()
        with pytest.raises(StateInUse, match=rf"process {os.getpid()}\) serves from .*--state"):
            exclusive(folder).__enter__()
    with exclusive(folder):
        pass


def test_it_is_let_go_however_the_server_ends(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), exclusive(tmp_path):
        raise KeyboardInterrupt
    with exclusive(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateInUse, match=r"file/state' cannot be used: Not a directory.*--state"):
        exclusive(tmp_path / "file" / "state").__enter__()


def test_who_holds_it_need_not_be_known(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        (tmp_path / "lock").write_bytes(b"")
        with pytest.raises(StateInUse, match=r"process unknown\)"):
            exclusive(tmp_path).__enter__()
