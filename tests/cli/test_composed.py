"""The document that a plan becomes, and the file that it is written to."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from coterie.cli import composed as module
from coterie.cli.composed import check_free, checked, composed, write
from coterie.cli.pool import Pool
from coterie.config import decode
from coterie.errors import CommandError, CompositionError, PlanImpossible
from coterie.planner import Candidate, Problem, select

PLAN = select(
    Problem(
        candidates=(Candidate("coder", 4), Candidate("writer", 5)),
        categories=("code", "creative writing", "creative-writing"),
        weights=np.array([0.5, 0.25, 0.25]),
        quality=np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]),
        memory_bytes=9,
    )
)
EXAMPLES = {name: [f"{name} {i}" for i in range(50)] for name in PLAN.mapping}


def pool(folder: Path, document: dict[str, Any] | None = None, **more: Any) -> Pool:
    rows = {
        "coder": {"name": "coder", "weights": "file://models/coder.gguf", "bytes": 4, **more},
        "writer": {"name": "writer", "weights": "hf://o/r@main/w.gguf", "params_b": 1},
    }
    return Pool((), rows, document or {}, folder, ())


def test_without_a_composition_there_is_one_device_of_the_memory(tmp_path: Path) -> None:
    target = tmp_path / "x.yaml"
    document = composed(pool(tmp_path), PLAN, target, memory=9, hot=0, examples=EXAMPLES)
    assert document["nodes"] == [{"name": "local", "devices": [{"name": "ram", "hot": 9}]}]
    document = composed(pool(tmp_path), PLAN, target, memory=9, hot=5, examples=EXAMPLES)
    assert document["nodes"] == [
        {"name": "local", "host": 9, "devices": [{"name": "ram", "hot": 5}]}
    ]
    found = decode(checked(document, "two\nlines"), "x.yaml")
    assert [one.weights for one in found.experts] == [
        "file://models/coder.gguf",
        "hf://o/r@main/w.gguf",
    ]


def test_several_devices_stay_as_they_are(tmp_path: Path) -> None:
    nodes = [{"name": "n", "devices": [{"name": "a", "hot": 7}, {"name": "b", "hot": 8}]}]
    own = pool(tmp_path, {"nodes": nodes})
    document = composed(own, PLAN, tmp_path / "x", memory=9, hot=0, examples=EXAMPLES)
    assert document["nodes"] == nodes


def test_categories_have_names_and_examples_from_first_to_last(tmp_path: Path) -> None:
    document = composed(pool(tmp_path), PLAN, tmp_path / "x", memory=9, hot=0, examples=EXAMPLES)
    (route,) = document["routes"]
    names = [one["name"] for one in route["categories"]]
    assert names == ["code", "creative-writing", "creative-writing-2"]
    assert len(route["categories"][0]["examples"]) == module.EXAMPLES
    assert route["categories"][0]["examples"][:2] == ["code 0", "code 2"]


def test_a_route_of_that_name_is_replaced_and_others_stay(tmp_path: Path) -> None:
    routes = [
        {"name": "auto", "otherwise": "gone"},
        {"name": "cheap", "otherwise": "coder", "candidates": ["coder", "writer"]},
    ]
    own = pool(tmp_path, {"routes": routes})
    document = composed(own, PLAN, tmp_path / "x", memory=9, hot=0, examples=EXAMPLES)
    assert [(one["name"], one["otherwise"]) for one in document["routes"]] == [
        ("auto", "coder"),
        ("cheap", "coder"),
    ]


def test_paths_are_those_of_the_document_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    target = tmp_path / "sub" / "x.yaml"
    document = composed(
        pool(tmp_path), PLAN, target, memory=9, hot=0, examples={}, router=tmp_path / "r.bin"
    )
    assert document["experts"][0]["weights"] == f"file://{tmp_path}/models/coder.gguf"
    assert document["routes"][0]["learned"] == f"{tmp_path}/r.bin"
    home = pool(tmp_path, weights="file://~/coder.gguf")
    document = composed(home, PLAN, target, memory=9, hot=0, examples={})
    assert document["experts"][0]["weights"] == "file://~/coder.gguf"


def test_without_weights_nothing_can_be_served(tmp_path: Path) -> None:
    own = pool(tmp_path)
    del own.rows["writer"]["weights"]
    with pytest.raises(PlanImpossible, match="'writer' would have no `weights`; say in"):
        composed(own, PLAN, tmp_path / "x", memory=9, hot=0, examples={})
    own.rows["writer"]["engine"] = "echo"
    composed(own, PLAN, tmp_path / "x", memory=9, hot=0, examples={})


def test_what_is_no_composition_is_not_written(tmp_path: Path) -> None:
    flows = [{"name": "both", "kind": "chain", "stages": [{"expert": "gone"}]}]
    own = pool(tmp_path, {"flows": flows})
    document = composed(own, PLAN, tmp_path / "x", memory=9, hot=0, examples=EXAMPLES)
    with pytest.raises(CompositionError, match="to be written: flows"):
        checked(document, "remark")


def test_one_expert_for_everything_needs_no_categories(tmp_path: Path) -> None:
    one = replace(PLAN, experts=("coder",), mapping={"code": "coder"}, generalist="coder")
    document = composed(pool(tmp_path), one, tmp_path / "x", memory=9, hot=0, examples=EXAMPLES)
    assert document["routes"] == [{"name": "auto", "otherwise": "coder", "candidates": ["coder"]}]
    assert yaml.safe_load(checked(document, "r"))["experts"][0]["name"] == "coder"


def test_a_file_is_written_whole_and_readable(tmp_path: Path) -> None:
    target = tmp_path / "x.yaml"
    check_free(target, force=False)
    write(target, b"one")
    write(target, b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) & 0o400
    assert [path.name for path in tmp_path.iterdir()] == ["x.yaml"]
    with pytest.raises(CommandError, match="is there already"):
        check_free(target, force=False)
    check_free(target, force=True)


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        write(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    with pytest.raises(CommandError, match="cannot be written"):
        write(tmp_path / "none" / "x", b"x")
