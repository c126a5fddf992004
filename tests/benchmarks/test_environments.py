from pathlib import Path

from benchmarks.environments import PEERS, ensure


def test_what_is_there_is_used_as_it_is(tmp_path: Path) -> None:
    python = tmp_path / PEERS[0].name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert ensure(PEERS[0], tmp_path) == tmp_path / PEERS[0].name


def test_every_version_is_pinned() -> None:
    assert all("==" in package for peer in PEERS for package in peer.packages)
