"""A document that is plainly wrong is not acted on."""

from pathlib import Path

import pytest

from coterie.cli.document import check_policy, load
from coterie.errors import CompositionError

NODES = "nodes: [{name: n, devices: [{name: ram, hot: 1MiB}]}]\n"


def write(folder: Path, experts: str) -> Path:
    file = folder / "composition.yaml"
    file.write_text(f"{NODES}experts: {experts}\n")
    return file


def test_a_sound_document_is_loaded(tmp_path: Path) -> None:
    composition = load(write(tmp_path, "[{name: a, engine: echo}]"))
    assert [expert.name for expert in composition.experts] == ["a"]
    assert composition.scheduler.policy == "cost"


def test_another_policy_may_be_named(tmp_path: Path) -> None:
    composition = load(write(tmp_path, "[{name: a, engine: echo}]"), "lru")
    assert composition.scheduler.policy == "lru"


def test_an_unknown_policy_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CompositionError, match=r"--policy: no policy 'best'; known: cost, lru"):
        load(write(tmp_path, "[{name: a, engine: echo}]"), "best")
    with pytest.raises(CompositionError, match="'best'"):
        check_policy("best")
    check_policy("lru")


def test_everything_that_check_finds_is_told_with_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "[{name: a, engine: echo, options: {lode_s: 1}}, {name: b, weights: file://gone.gguf}, "
        "{name: c, engine: echo, options: {hot: 2MiB}}, {name: d, engine: eco}]",
    )
    with pytest.raises(CompositionError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    for line, told in zip(
        lines,
        ("options.lode_s: ", "[1].weights: ", "[3].engine: ", "[2]: 'c' needs 2MiB of hot memory"),
        strict=True,
    ):
        assert line.startswith(f"{file}: experts[")
        assert told in line


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompositionError, match=r"gone\.yaml: cannot be read: No such file"):
        load(tmp_path / "gone.yaml")
