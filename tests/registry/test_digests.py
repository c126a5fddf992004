import hashlib
import os
from pathlib import Path

import pytest

from coterie.errors import WeightsNotFound
from coterie.registry.digests import BLOCK_BYTES, Digests, identity_of, sha256_of
from coterie.registry.jobs import Stop, Stopped


def expected(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def rewritten(path: Path, content: bytes, mtime_ns: int) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


async def test_a_digest_is_that_of_all_blocks(tmp_path: Path) -> None:
    path = tmp_path / "m"
    content = os.urandom(BLOCK_BYTES + 77)
    path.write_bytes(content)
    assert await Digests(tmp_path / "digests.json").of(path) == expected(content)


async def test_a_file_in_the_same_state_is_not_read_again(tmp_path: Path) -> None:
    path, cache = tmp_path / "m", tmp_path / "digests.json"
    rewritten(path, b"one", 1000)
    first = await Digests(cache).of(path)
    rewritten(
        path, b"two", 1000
    )  # same size, time and inode: taken for the same, also by another process
    assert await Digests(cache).of(path) == first


@pytest.mark.parametrize(("content", "mtime_ns"), [(b"two!", 1000), (b"two", 2000)])
async def test_a_file_that_changed_is_read_again(
    tmp_path: Path, content: bytes, mtime_ns: int
) -> None:
    path = tmp_path / "m"
    digests = Digests(tmp_path / "digests.json")
    rewritten(path, b"one", 1000)
    await digests.of(path)
    rewritten(path, content, mtime_ns)
    assert await digests.of(path) == expected(content)


async def test_another_file_of_the_name_is_read_again(tmp_path: Path) -> None:
    path, other = tmp_path / "m", tmp_path / "n"
    digests = Digests(tmp_path / "digests.json")
    rewritten(path, b"one", 1000)
    rewritten(other, b"two", 1000)
    await digests.of(path)
    other.replace(path)
    assert await digests.of(path) == expected(b"two")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b'{"files": 3}', b'{"files": {"m": {}}}']
)
async def test_a_damaged_cache_is_computed_anew(tmp_path: Path, damage: bytes) -> None:
    path, cache = tmp_path / "m", tmp_path / "digests.json"
    path.write_bytes(b"one")
    cache.write_bytes(damage)
    assert await Digests(cache).of(path) == expected(b"one")
    assert expected(b"one") in cache.read_text()


async def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=r"'/.*/absent' cannot be read"):
        await Digests(tmp_path / "digests.json").of(tmp_path / "absent")


def test_hashing_stops_when_told(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        sha256_of(tmp_path / "m", stop)


def test_a_state_is_size_time_and_inode(tmp_path: Path) -> None:
    rewritten(tmp_path / "m", b"one", 1000)
    found = identity_of(tmp_path / "m")
    assert (found.size_bytes, found.mtime_ns) == (3, 1000)
    assert found.inode == (tmp_path / "m").stat().st_ino
