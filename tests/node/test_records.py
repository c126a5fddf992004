"""Records of processes: what outlived its owner is ended, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from coterie.errors import EngineError
from coterie.node.records import Process, Record, Records
from coterie.testing.engine_contract import is_running


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def only(folder: Path) -> Path:
    (path,) = folder.glob("*.json")
    return path


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def processes(folder: Path) -> tuple[Process, ...]:
    return msgspec.json.decode(only(folder).read_bytes(), type=Record).processes


def tear(path: Path) -> None:
    path.write_bytes(b'{"boot":')


def rewrite(folder: Path, **fields: object) -> None:
    """Changes the one record there is."""
    record = msgspec.json.decode(only(folder).read_bytes(), type=Record)
    changed = msgspec.structs.replace(record, **fields)
    only(folder).write_bytes(msgspec.json.encode(changed))


async def test_what_an_earlier_run_left_is_ended(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    Records(tmp_path).write("e@n/d", 1, (child.pid,))
    assert await Records(tmp_path).reap() == ("e@n/d",)
    assert not is_running((child.pid,))
    assert left(tmp_path) == []


async def test_a_number_that_was_given_to_another_is_left_alone(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    Records(tmp_path).write("e@n/d", 1, (child.pid,))
    rewrite(tmp_path, processes=(Process(child.pid, 1),))
    assert await Records(tmp_path).reap() == ()
    assert is_running((child.pid,))
    assert left(tmp_path) == []


async def test_a_record_of_another_boot_is_only_removed(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    Records(tmp_path).write("e@n/d", 1, (child.pid,))
    rewrite(tmp_path, boot="another")
    assert await Records(tmp_path).reap() == ()
    assert is_running((child.pid,))


async def test_what_belongs_to_a_process_that_runs_is_not_touched(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    records = Records(tmp_path)
    records.write("e@n/d", 1, (os.getpid(), child.pid))
    mine, its = processes(tmp_path)
    assert mine.pid == os.getpid()
    rewrite(tmp_path, owner=its, processes=(its,))
    with pytest.raises(EngineError, match=f"belongs to process {child.pid}, which still runs"):
        await records.reap()
    assert is_running((child.pid,))
    assert left(tmp_path) == [only(tmp_path)]


async def test_a_torn_record_is_removed(tmp_path: Path) -> None:
    tear(tmp_path / "x.json")
    assert await Records(tmp_path).reap() == ()
    assert left(tmp_path) == []


def test_one_replica_has_one_record_until_it_is_gone(tmp_path: Path) -> None:
    records = Records(tmp_path / "workers")
    records.write("e@n/d", 1, (os.getpid(),))
    records.write("e@n/d", 2, (os.getpid(),))
    assert b'"generation":2' in only(tmp_path / "workers").read_bytes()
    records.remove("e@n/d")
    records.remove("e@n/d")
    assert left(tmp_path / "workers") == []


def test_an_instance_without_processes_leaves_no_record(tmp_path: Path) -> None:
    Records(tmp_path).write("e@n/d", 1, ())
    assert left(tmp_path) == []
