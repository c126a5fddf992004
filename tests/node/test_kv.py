"""What evicted replicas keep never takes more bytes than it may, and is nobody else's."""

from pathlib import Path

import pytest

from coterie.node.kv import KvStore


def keep(store: KvStore, replica: str, size: int) -> int:
    """A replica writes so many bytes, or as many as it may; how many that was allowed to be."""
    granted = store.reserve(replica)
    if granted:
        (Path(store.path(replica)) / "0.kv").write_bytes(bytes(min(size, granted)))
    store.settle(replica)
    return granted


def kept(store: KvStore, *replicas: str) -> list[str]:
    return [replica for replica in replicas if (Path(store.path(replica)) / "0.kv").exists()]


def test_the_oldest_makes_room(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    for replica in ("a@n/d", "b@n/d", "c@n/d"):
        keep(store, replica, 40)
    assert kept(store, "a@n/d", "b@n/d", "c@n/d") == ["b@n/d", "c@n/d"]
    assert store.used_bytes == 80


def test_what_is_being_written_is_promised_to_nobody_else(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    assert store.reserve("a@n/d") == 100
    assert store.reserve("b@n/d") == 0
    store.settle("a@n/d")
    assert store.reserve("c@n/d") == 100


def test_more_than_was_promised_is_not_kept(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    store.reserve("a@n/d")
    (Path(store.path("a@n/d")) / "0.kv").write_bytes(bytes(101))
    store.settle("a@n/d")
    assert kept(store, "a@n/d") == []
    assert store.used_bytes == 0


def test_names_that_look_alike_share_nothing(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    keep(store, "a/b@n/d", 10)
    assert kept(store, "a_b@n/d", "a/b@n_d") == []


def test_without_a_budget_nothing_is_kept(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 0)
    assert store.path("a@n/d") == ""
    assert store.reserve("a@n/d") == 0
    assert not (tmp_path / "kv").exists()


def test_what_is_kept_is_not_for_others_to_read(tmp_path: Path) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    keep(store, "a@n/d", 10)
    (own,) = (tmp_path / "kv").iterdir()
    assert own.stat().st_mode & 0o077 == 0


def test_nodes_of_one_service_share_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    store, other = KvStore(tmp_path / "kv", "n", 100), KvStore(tmp_path / "kv", "x/../..", 100)
    for one in (store, other):
        keep(one, "a@n/d", 10)
    other.clear()
    assert kept(store, "a@n/d") == ["a@n/d"]
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize("replica", ["a@n/d", "b@n/d"])
def test_it_can_be_emptied(tmp_path: Path, replica: str) -> None:
    store = KvStore(tmp_path / "kv", "n", 100)
    keep(store, "a@n/d", 10)
    store.clear()
    assert kept(store, replica) == []
    assert keep(store, replica, 100) == 100


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "kv").write_text("in the way")
    store = KvStore(tmp_path / "kv", "n", 100)
    assert store.reserve("a@n/d") == 0
    store.settle("a@n/d")
    assert store.used_bytes == 0
