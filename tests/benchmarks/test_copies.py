from pathlib import Path

import pytest

from benchmarks.copies import copies, marked, name_place, warm
from coterie.registry.headers import read_header
from coterie.testing.gguf import TinyModel, tiny_gguf


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.gguf"
    path.write_bytes(tiny_gguf(TinyModel(name="a model of some name")))
    return path


def test_copies_differ_from_each_other_in_their_name_alone(source: Path, tmp_path: Path) -> None:
    one, other = copies(source, tmp_path / "made", ["expert-00", "expert-01"])
    assert (one.name, other.name) == ("expert-00.gguf", "expert-01.gguf")
    assert read_header(one).name.endswith("expert-00")
    assert read_header(other).name.endswith("expert-01")
    original, first, second = (path.read_bytes() for path in (source, one, other))
    assert len(first) == len(second) == len(original)
    place, length = name_place(source)
    assert first[:place] == second[:place] == original[:place]
    assert first[place + length :] == second[place + length :] == original[place + length :]


def test_copies_that_are_there_are_kept(source: Path, tmp_path: Path) -> None:
    (made,) = copies(source, tmp_path / "made", ["expert-00"])
    before = made.stat().st_mtime_ns
    copies(source, tmp_path / "made", ["expert-00", "expert-01"])
    assert made.stat().st_mtime_ns == before


def test_a_copy_cut_short_is_made_again(source: Path, tmp_path: Path) -> None:
    (made,) = copies(source, tmp_path / "made", ["expert-00"])
    made.write_bytes(made.read_bytes()[:100])
    copies(source, tmp_path / "made", ["expert-00"])
    assert made.stat().st_size == source.stat().st_size


def test_the_end_of_a_name_is_what_tells_copies_apart() -> None:
    assert marked("expert-07", 4) == b"t-07"
    assert marked("e", 3) == b"..e"


@pytest.mark.parametrize("content", [b"no model", b"GGUF" + bytes(40)])
def test_what_has_no_name_cannot_be_marked(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"odd\.gguf"):
        name_place(path)


def test_warming_reads_whole_files(source: Path) -> None:
    warm([source])
