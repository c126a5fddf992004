from pathlib import Path

import pytest

from coterie.errors import FetchFailed
from coterie.registry.disk import SPARE_BYTES, Disk, free_bytes


def disk(folder: Path, budget_bytes: int = 0, free: int = 1 << 40) -> Disk:
    return Disk(folder, budget_bytes, lambda _: free)


async def test_a_file_may_use_what_is_free_but_for_a_rest(tmp_path: Path) -> None:
    async with disk(tmp_path, free=SPARE_BYTES + 100).hold(tmp_path / "a", 100) as most_bytes:
        assert most_bytes == 100


async def test_a_full_disk_is_said_before_a_byte_is_written(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="needs 101 bytes, the disk has 100 to give"):
        async with disk(tmp_path, free=SPARE_BYTES + 100).hold(tmp_path / "a", 101):
            pass


async def test_what_a_file_has_already_is_not_needed_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(60))
    async with disk(tmp_path, free=SPARE_BYTES + 50).hold(tmp_path / "a", 110) as most_bytes:
        assert most_bytes == 110


async def test_the_budget_counts_what_lies_there_and_what_is_promised(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "old").write_bytes(bytes(40))
    bounded = disk(tmp_path, budget_bytes=100)
    async with bounded.hold(tmp_path / "a", 30) as most_bytes:
        assert most_bytes == 60
        async with bounded.hold(tmp_path / "b", 30):
            pass
        with pytest.raises(FetchFailed, match="disk budget of 100 has 30 left"):
            async with bounded.hold(tmp_path / "b", 31):
                pass
    async with bounded.hold(tmp_path / "b", 60):
        pass


async def test_promises_to_others_bind_what_is_free(tmp_path: Path) -> None:
    bounded = disk(tmp_path, free=SPARE_BYTES + 100)
    async with bounded.hold(tmp_path / "a", 70):
        with pytest.raises(FetchFailed, match="has 30 to give"):
            async with bounded.hold(tmp_path / "b", 31):
                pass


def test_free_bytes_of_a_folder_to_come_are_those_of_its_parent(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0
