import gzip
from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads import lines as module
from coterie.workloads.lines import opened


def test_the_first_line_is_looked_at_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\xef\xbb\xbf\r\nhead\r\none\ntwo")
    with opened(path) as lines:
        assert lines.first() == "head\r\n"
        assert str(lines) == f"{str(path)!r}, line 2"
        assert list(lines) == ["head\r\n", "one\n", "two"]
        assert lines.number == 4
        assert lines.read_bytes == path.stat().st_size


def test_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    with opened(path) as lines:
        assert list(lines) == ["one\n", "two\n"]


def test_an_empty_file_has_no_first_line(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\n \n")
    with opened(path) as lines:
        assert lines.first() == ""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"one\ntw\xff\n", r"line 2, column 3: not UTF-8"),
        ("één\n".encode("utf-16"), r"line 1, column 1: not UTF-8"),
        (gzip.compress(b"one\n" * 99)[:-9], r"the gzip file is cut off"),
        (b"\x1f\x8b" + b"x" * 40, r"the gzip file is damaged"),
        (gzip.compress(b"one\n") + b"junk", r"the gzip file is damaged"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with opened(path) as lines, pytest.raises(TraceInvalid, match=told):
        list(lines)


def test_a_file_without_line_ends_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    path = tmp_path / "t"
    path.write_bytes(b"x" * (3 << 20))
    with opened(path) as lines, pytest.raises(TraceInvalid, match="line 1: longer than 1 MiB"):
        lines.first()


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(TraceInvalid, match=r"no trace at .*gone"), opened(tmp_path / "gone"):
        pass
    with pytest.raises(TraceInvalid, match="cannot be read: Is a directory"), opened(tmp_path):
        pass


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("")
    with opened(tmp_path / "t") as lines:
        lines.remark("odd ones")
        lines.remark("odd ones")
        assert lines.remarks == {"odd ones": 2}
