import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.hardware.catalogue import source

Coterie = Callable[..., Any]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_bytes(source("h200")[0])
    return file


def test_a_sound_profile_has_no_problems(coterie: Coterie, mine: Path) -> None:
    said = coterie("profile", "check", str(mine))
    assert (said.code, said.out) == (0, f"{mine}: no problems\n")


def test_figures_without_a_source_are_named(coterie: Coterie, mine: Path) -> None:
    mine.write_text(mine.read_text().replace("  compute:", "  tiers:"))
    said = coterie("profile", "check", str(mine))
    assert said.code == 0
    assert "without a source: compute" in said.out
    found = json.loads(coterie("profile", "check", str(mine), "--json").out)
    assert (found["ok"], found["unsourced"]) == (True, ["compute"])


def test_every_problem_is_a_line(coterie: Coterie, mine: Path) -> None:
    mine.write_text(mine.read_text().replace("4.8TB/s", "0").replace("devices: 1", "devices: 0"))
    said = coterie("profile", "check", str(mine))
    assert said.code == 1
    assert f"{mine}: tiers.hot.bandwidth: expected a bandwidth" in said.out
    assert f"{mine}: devices: expected at least 1" in said.out
    assert "no problems" not in said.out
    found = json.loads(coterie("profile", "check", str(mine), "--json").out)
    assert {one["path"] for one in found["problems"]} == {"tiers.hot.bandwidth", "devices"}
    assert not found["ok"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\x00\xff", b"a: [", b"x" * (2 << 20)])
def test_what_is_no_profile_is_said(coterie: Coterie, mine: Path, content: bytes) -> None:
    mine.write_bytes(content)
    said = coterie("profile", "check", str(mine))
    assert said.code == 1
    assert said.out.startswith(f"{mine}: ")


def test_a_file_that_is_not_there_is_an_error(coterie: Coterie, tmp_path: Path) -> None:
    for file in (tmp_path / "gone.yaml", tmp_path):
        said = coterie("profile", "check", str(file))
        assert (said.code, said.out) == (1, "")
        assert "cannot be read" in said.err
