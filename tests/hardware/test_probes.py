"""Measurements of small things: that they are made, not how they turn out."""

import os
from pathlib import Path

import pytest

from coterie.hardware import probes
from coterie.hardware.probes import Buffers, disk_rate, machine


def test_memory_is_read_and_copied_by_several_threads() -> None:
    buffers = Buffers(2, total_bytes=1 << 20)
    assert buffers.size_bytes == 1 << 19
    buffers.pairs[0][0][:3] = b"\x02\x03\x04"
    assert buffers.read_rate() > 0
    assert buffers.copy_rate() > 0
    assert buffers.pairs[0][1][:3] == b"\x02\x03\x04"
    buffers.close()
    assert buffers.pairs == []


def test_the_machine_has_cores_and_memory() -> None:
    found = machine()
    assert found.cores >= 1
    assert found.memory_bytes > 1 << 20
    assert found.processor


def test_a_container_has_no_more_memory_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(probes, "_CGROUP", limit)
    whole = machine().memory_bytes
    limit.write_text("4096\n")
    assert machine().memory_bytes == 4096
    limit.write_text("max\n")
    assert machine().memory_bytes == whole


def test_a_file_is_read_from_disk_or_it_is_said_that_it_is_not(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(os.urandom(1 << 20))
    rate = disk_rate(file)
    assert rate is None or rate > 0


def test_what_stays_in_memory_is_not_taken_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"x" * (1 << 20))
    monkeypatch.setattr(os, "posix_fadvise", lambda *_: None, raising=False)
    file.read_bytes()
    assert disk_rate(file) is None
    monkeypatch.delattr(os, "RWF_NOWAIT", raising=False)
    assert disk_rate(file) is None
    (tmp_path / "empty").write_bytes(b"")
    assert disk_rate(tmp_path / "empty") is None


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk_rate(tmp_path / "gone")
