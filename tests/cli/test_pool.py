"""What files say of experts: compositions, lists, and both together."""

import json
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.pool import read_pool
from coterie.errors import CompositionError, PlanImpossible, WeightsNotFound
from coterie.planner import Candidate
from coterie.testing.gguf import tiny_gguf

NODES = "nodes: [{name: n, devices: [{name: ram, hot: 1GiB}]}]\n"
RATE = 1000


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COTERIE_STATE", str(tmp_path / "state"))


def listed(folder: Path, rows: Any, name: str = "sizes.json") -> Path:
    file = folder / name
    file.write_text(json.dumps(rows))
    return file


def written(folder: Path, experts: str) -> Path:
    file = folder / "composition.yaml"
    file.write_text(f"{NODES}experts:\n{experts}")
    return file


def test_a_list_says_sizes_parameters_and_seconds(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "bytes": 5000, "active_params_b": 2, "params_b": 9},
        {"name": "b", "bf16_gb": 15.2, "params_b": 7.6, "load_s": 3, "answer_s": 0.5},
        {"name": "c", "bytes": "1MiB", "bf16_gb": 3},
    ]
    pool = read_pool([listed(tmp_path, rows)], None, RATE)
    assert pool.candidates == (
        Candidate("a", 5000, 2e9, load_s=5.0),
        Candidate("b", 15_200_000_000, 7.6e9, load_s=3.0, answer_s=0.5),
        Candidate("c", 2**20, load_s=2**20 / RATE),
    )
    assert not pool.can_run("a")


def test_weights_that_are_here_are_what_a_replica_takes(tmp_path: Path) -> None:
    data = tiny_gguf()
    (tmp_path / "tiny.gguf").write_bytes(data)
    rows = [{"name": "a", "weights": "file://tiny.gguf", "context": 16, "bf16_gb": 99}]
    pool = read_pool([listed(tmp_path, rows)], None, RATE)
    assert len(data) < pool.candidates[0].size_bytes < 1e9
    assert pool.can_run("a")
    assert pool.declared("a") == {"name": "a", "weights": "file://tiny.gguf", "context": 16}


def test_a_composition_and_a_list_add_to_each_other(tmp_path: Path) -> None:
    document = written(
        tmp_path,
        "- {name: a, weights: hf://o/r@main/x.gguf}\n"
        "- {name: b, engine: echo, options: {hot: 2MiB}}\n",
    )
    with pytest.raises(PlanImpossible, match="'a': its size is not known, since its weights are"):
        read_pool([document], None, RATE)
    sizes = listed(tmp_path, [{"name": "a", "bytes": 70, "params_b": 1}])
    for files in ([document, sizes], [sizes, document]):
        pool = read_pool(files, None, RATE)
        by_name = {one.name: one.size_bytes for one in pool.candidates}
        assert by_name == {"a": 70, "b": 2 * 2**20}
        assert pool.document["nodes"][0]["name"] == "n"
        assert pool.folder == tmp_path
        assert pool.can_run("a")
        assert pool.can_run("b")


def test_a_size_that_is_null_is_of_a_closed_model(tmp_path: Path) -> None:
    rows = [{"name": "a", "bytes": 5}, {"name": "b", "bf16_gb": None, "params_b": None}]
    pool = read_pool([listed(tmp_path, rows)], None, RATE)
    assert [one.name for one in pool.candidates] == ["a"]
    assert pool.closed == ("b",)
    more = listed(tmp_path, [{"name": "b", "bytes": 7}], "more.json")
    assert read_pool([tmp_path / "sizes.json", more], None, RATE).closed == ()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"name": "a"}], "'a': its size is not known"),
        ([{"name": "a", "bytes": "big"}], "'a': `bytes`: expected a size"),
        ([{"name": "a", "bytes": -5}], "`bytes`: expected a size"),
        ([{"name": "a", "bf16_gb": "9"}], "`bf16_gb` is '9': expected 0 or more"),
        ([{"name": "a", "bytes": 5, "load_s": -1}], "`load_s` is -1: expected 0 or more"),
        ([{"name": "a", "engine": "echo", "context": 1}], "'a': context: "),
        ([{"bytes": 5}], r"\[0\]: expected an object with a `name`"),
        ([5], r"\[0\]: expected an object"),
    ],
)
def test_a_list_that_cannot_be_read(tmp_path: Path, rows: Any, told: str) -> None:
    with pytest.raises(PlanImpossible, match=told):
        read_pool([listed(tmp_path, rows)], None, RATE)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanImpossible, match="cannot be read: No such file"):
        read_pool([tmp_path / "gone.json"], None, RATE)
    (tmp_path / "bad.json").write_text("[1,")
    with pytest.raises(PlanImpossible, match="this is not JSON"):
        read_pool([tmp_path / "bad.json"], None, RATE)
    (tmp_path / "bad.yaml").write_text("experts: 5")
    with pytest.raises(CompositionError):
        read_pool([tmp_path / "bad.yaml"], None, RATE)
    first = written(tmp_path, "- {name: a, engine: echo}\n")
    with pytest.raises(PlanImpossible, match="a second composition"):
        read_pool([first, first], None, RATE)
    gone = written(tmp_path, "- {name: a, weights: file://gone.gguf}\n")
    with pytest.raises(WeightsNotFound):
        read_pool([gone], None, RATE)
