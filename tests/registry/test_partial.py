from pathlib import Path

import pytest

from coterie.errors import FetchFailed
from coterie.registry.partial import Partial, write_atomically


def test_a_file_has_its_name_only_when_it_is_committed(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "m.gguf"
    with Partial(target) as partial:
        partial.write_note(b"note")
        partial.append(b"hello ")
        partial.append(memoryview(b"world"))
        assert not target.exists()
        partial.commit()
    assert target.read_bytes() == b"hello world"
    assert [path.name for path in target.parent.iterdir()] == ["m.gguf"]


def test_what_was_written_is_there_to_go_on_from(tmp_path: Path) -> None:
    with Partial(tmp_path / "m") as partial:
        partial.write_note(b"note")
        partial.append(b"abc")
    with Partial(tmp_path / "m") as partial:
        assert (partial.size_bytes, partial.read_note()) == (3, b"note")
        partial.append(b"def")
        partial.commit()
    assert (tmp_path / "m").read_bytes() == b"abcdef"


def test_one_begun_anew_holds_nothing_of_before(tmp_path: Path) -> None:
    with Partial(tmp_path / "m") as partial:
        partial.append(b"abcdef")
        partial.clear()
        partial.append(b"xy")
        partial.commit()
    assert (tmp_path / "m").read_bytes() == b"xy"


def test_one_discarded_leaves_nothing(tmp_path: Path) -> None:
    with Partial(tmp_path / "m") as partial:
        partial.append(b"abc")
        partial.write_note(b"note")
        partial.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_second_owner_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with Partial(tmp_path / "m"), pytest.raises(FetchFailed, match="another process"):
        Partial(tmp_path / "m")
    Partial(tmp_path / "m").close()


def test_one_opened_after_a_commit_is_a_new_file(tmp_path: Path) -> None:
    first = Partial(tmp_path / "m")
    first.append(b"abc")
    first.commit()
    with Partial(tmp_path / "m") as second:
        second.append(b"z")
    first.close()
    assert (tmp_path / "m").read_bytes() == b"abc"


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["x.json"]
