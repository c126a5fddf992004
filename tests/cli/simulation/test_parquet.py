"""Simulations as Parquet: every request, stay and moment, in files that are whole."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from coterie.cli.simulation import parquet
from coterie.cli.simulation.parquet import write_parquet
from coterie.errors import CommandError
from coterie.types import Budget
from tests.simulator.synthetic import GIB, Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make

NAMES = ["queue.parquet", "requests.parquet", "residences.parquet"]


def test_everything_is_written(variant: "Make", tmp_path: Path) -> None:
    one = variant("one", Shape(budget=Budget(ttft=2.0), tenants=("gold",), rate=2.0))
    two = variant("two", Shape(requests=50))
    paths = write_parquet(tmp_path / "new" / "folder", [one, two])
    assert sorted(path.name for path in paths) == NAMES
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == NAMES
    requests, residences, queue = (pq.read_table(path).to_pylist() for path in paths)
    assert len(requests) == 350
    first = requests[0]
    answer = one.outcome.answers[0]
    assert (first["variant"], first["request"], first["tenant"]) == ("one", "r0000000", "gold")
    assert (first["first_s"], first["total_s"]) == (answer.first_s, answer.total_s)
    assert (first["budget_ttft_s"], first["budget_e2e_s"]) == (2.0, None)
    kept = [row["kept"] for row in requests if row["variant"] == "one"]
    assert sum(kept) / 300 == one.metrics.attainment
    assert requests[-1]["kept"] is None
    assert len(residences) == one.metrics.loads + two.metrics.loads
    assert {row["size_bytes"] for row in residences} == {GIB}
    assert residences[0]["hot_s"] == one.outcome.residences[0].hot_s
    assert residences[-1]["gone_s"] is None
    assert len(queue) == 350


def test_rows_come_in_groups(
    variant: "Make", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP", 100)
    (path, *_) = write_parquet(tmp_path, [variant("one", Shape(requests=250))])
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    assert sizes == [100, 100, 50]


def test_of_nothing_there_are_files_without_rows(variant: "Make", tmp_path: Path) -> None:
    paths = write_parquet(tmp_path, [variant("nothing", Shape(requests=0))])
    assert [pq.read_table(path).num_rows for path in paths] == [0, 0, 0]


def test_without_pyarrow_it_says_what_to_install(
    variant: "Make", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CommandError, match=r"pip install 'coterie\[parquet\]'"):
        write_parquet(tmp_path, [variant("one", Shape(requests=1))])


def test_a_file_in_the_folders_place_is_an_error(variant: "Make", tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(CommandError, match="cannot be written"):
        write_parquet(tmp_path / "taken", [variant("one", Shape(requests=1))])
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
