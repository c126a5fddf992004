import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.hardware.catalogue import load
from coterie.hardware.document import as_document, decode

Coterie = Callable[..., Any]


def test_each_figure_stands_beside_its_source(coterie: Coterie) -> None:
    said = coterie("profile", "show", "sn40l-node8")
    assert said.code == 0
    lines = {line.split()[0]: line for line in said.out.splitlines() if line}
    assert "14.4TB/s" in lines["tiers.hot.bandwidth"]
    assert "table II" in lines["tiers.hot.bandwidth"]
    assert "estimate" in lines["links.bandwidth"]
    assert "fitted" in lines["overheads.token"]
    assert "cores" not in lines  # it has none
    assert "power_w.hot" not in lines


def test_the_document_is_a_beginning_for_one_s_own(coterie: Coterie, tmp_path: Path) -> None:
    said = coterie("profile", "show", "h200", "--yaml")
    mine = tmp_path / "mine.yaml"
    mine.write_text(said.out)
    assert decode(mine.read_bytes(), "mine.yaml") == load("h200")
    assert coterie("profile", "show", str(mine)).out.startswith("h200: One NVIDIA H200")


def test_a_file_in_json_becomes_yaml(coterie: Coterie, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(as_document(load("h200"))))
    said = coterie("profile", "show", str(mine), "--yaml")
    assert said.out.startswith("version: 1\nname: h200\n")


def test_as_json_figures_are_numbers(coterie: Coterie) -> None:
    found = json.loads(coterie("profile", "show", "h200", "--json").out)
    assert found["tiers"]["hot"] == {"bytes": 141_000_000_000, "bandwidth": 4.8e12}


def test_text_is_shown_as_it_is_written(coterie: Coterie, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    written = coterie("profile", "show", "h200", "--yaml").out.replace(
        "devices: one GPU", "devices: " + '"[red]x [1]"'
    )
    mine.write_text(written)
    assert "[red]x [1]" in coterie("profile", "show", str(mine)).out


def test_an_uncertainty_is_shown(coterie: Coterie, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        coterie("profile", "show", "h200", "--yaml").out + "uncertainty: {compute: 0.05}\n"
    )
    (line,) = (
        one
        for one in coterie("profile", "show", str(mine)).out.splitlines()
        if "5 %" in one and one.startswith("compute")
    )
    assert "989TFLOP/s" in line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("h2000",), "no profile 'h2000'; did you mean 'h200'?"),
        (("gone.yaml",), "'gone.yaml' cannot be read"),
        (("h200", "--yaml", "--json"), "give one of them"),
    ],
)
def test_what_cannot_be_shown_is_said(coterie: Coterie, words: tuple[str, ...], told: str) -> None:
    said = coterie("profile", "show", *words)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
