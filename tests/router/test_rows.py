"""Rows as files have them, and what is told of files that have none."""

import gzip
from pathlib import Path

import pytest

from coterie.errors import RatingsInvalid
from coterie.router.rows import read_rows


def refused(path: Path) -> str:
    """What is told of the file: one line that names it."""
    with pytest.raises(RatingsInvalid) as caught:
        list(read_rows(path))
    told = str(caught.value)
    assert "\n" not in told
    assert str(path) in told
    return told


def test_rows_come_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n  \n{"a": "\\ud800"}\n')
    assert list(read_rows(path)) == [(1, {"a": 1}), (4, {"a": "\ud800"})]
    path = tmp_path / "r.csv"
    path.write_bytes(b'a,b\n"one, or\nmore",2\n,\n')
    assert list(read_rows(path)) == [(2, {"a": "one, or\nmore", "b": "2"}), (3, {"a": "", "b": ""})]


CUT = gzip.compress(b'{"prompt": "one"}\n' * 1000)[:-30]
BENT = bytearray(gzip.compress(bytes(range(256)) * 50))
BENT[20:40] = b"\xff" * 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.jsonl.gz", b"these are not the bytes of gzip"),
        ("r.jsonl.gz", CUT),
        ("r.jsonl.gz", bytes(BENT)),
        ("r.jsonl", '{"prompt": "é"}'.encode("latin-1")),
        ("r.jsonl", '{"prompt": "one"}'.encode("utf-16")),
        ("r.csv", "prompt,score:a\né,1\n".encode("latin-1")),
        ("r.csv", b'prompt,score:a\n"one"x,1\n'),
        ("r.csv", b'prompt,score:a\n"one,1\n'),
        ("r.csv", b"prompt,score:a\n" + b"x" * 200_000 + b",1\n"),
    ],
)
def test_bytes_that_are_something_else_are_told(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "cannot be read: " in refused(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{'prompt': 'one'}", "this is not JSON"),
        ('{"prompt": "one"', "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ('["one"]', "expected an object"),
        ("1", "expected an object"),
    ],
)
def test_a_line_is_an_object(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f'{{"prompt": "one"}}\n{line}\n')
    assert f"r.jsonl:2: {why}" in refused(path)


def test_a_row_has_no_more_fields_than_there_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("prompt,score:a\nWell, what is it?,1\n")
    assert "row 2 has more fields than there are columns" in refused(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"prompt,score:a\n", b"PAR1" * 100])
def test_what_is_not_parquet_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.parquet").write_bytes(content)
    assert "this is not Parquet" in refused(tmp_path / "r.parquet")


def test_parquet_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    assert "pip install 'coterie[parquet]'" in refused(tmp_path / "r.parquet")


@pytest.mark.parametrize("name", ["r.xlsx", "r", "r.json", "r.gz", "r.csv.zip"])
def test_a_name_says_what_a_file_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"") if name == "r.gz" else b"")
    assert "expected a name that ends in .jsonl, .csv or .parquet" in refused(path)


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv.gz", "r.parquet"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    assert "No such file" in refused(tmp_path / name)
