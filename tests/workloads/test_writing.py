import gzip
from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace
from coterie.workloads.writing import KINDS, write_trace

ARRIVALS = [
    Arrival(0.0, "a", 1, 2),
    Arrival(0.25, 'b,"c"', 3, 4, "shop", "s1", "batch"),
    Arrival(1e6 / 3, "a", 5, 0, session="s1"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_again_to_the_microsecond(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t{kind}"
    assert write_trace(ARRIVALS, path) == 3
    found = list(Trace(path))
    assert found[:2] == ARRIVALS[:2]
    assert found[2].at_s == 333333.333333
    assert write_trace(found, tmp_path / f"again{kind}") == 3
    assert (tmp_path / f"again{kind}").read_bytes() == path.read_bytes()


def test_a_gzip_holds_neither_a_date_nor_a_name(tmp_path: Path) -> None:
    write_trace(ARRIVALS, tmp_path / "one.csv.gz")
    write_trace(ARRIVALS, tmp_path / "two.csv.gz")
    data = (tmp_path / "one.csv.gz").read_bytes()
    assert data == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress(data).startswith(b"arrival_s,expert,prompt_tokens,output_tokens,tenant")


def test_what_is_said_by_default_is_not_written_to_json(tmp_path: Path) -> None:
    write_trace(ARRIVALS[:1], tmp_path / "t.jsonl")
    line = '{"arrival_s":0.0,"expert":"a","prompt_tokens":1,"output_tokens":2}\n'
    assert (tmp_path / "t.jsonl").read_text() == line


def test_a_workload_that_breaks_off_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")

    def broken() -> object:
        yield ARRIVALS[0]
        raise TraceInvalid("broken")

    with pytest.raises(TraceInvalid, match="broken"):
        write_trace(broken(), path)  # type: ignore[arg-type]  # a generator, typed loosely
    with pytest.raises(TraceInvalid, match=r"no request is left for .*t\.csv"):
        write_trace([], path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceInvalid, match=r"ends in \.csv, \.csv\.gz, \.jsonl, \.jsonl\.gz"):
        write_trace(ARRIVALS, tmp_path / "t.parquet")
