import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]


def test_a_trace_is_described_in_words(coterie: Coterie, csv: Path) -> None:
    said = coterie("trace", "describe", str(csv), "--window", "10s")
    assert (said.code, said.err) == (0, "")
    assert f"trace              {csv} (csv)" in said.out
    assert "requests           120 in 59.5s: 2 a second" in said.out or "in 1m" in said.out
    assert "cv 0.00" in said.out
    assert "30 with 120 requests: 4.00 each on average" in said.out
    assert "a             40  33.3 %" in said.out


def test_and_in_json(coterie: Coterie, csv: Path) -> None:
    said = coterie("trace", "describe", str(csv), "--json")
    found = json.loads(said.out)
    assert (found["file"], found["format"]) == (str(csv), "csv")
    assert found["workload"]["requests"] == 120
    assert found["workload"]["rate"] == 2.0
    assert found["workload"]["conversations"]["turns"]["max"] == 4


def test_a_trace_without_experts_is_described_too(coterie: Coterie, tmp_path: Path) -> None:
    path = tmp_path / "azure.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n")
    said = coterie("trace", "describe", str(path))
    assert said.code == 0, said.err
    assert "1 in 0s" in said.out
    assert "expert " not in said.out


@pytest.mark.parametrize(
    ("name", "begins"),
    [("p.png", b"\x89PNG"), ("p.svg", b"<?xml"), ("p.html", b"<!doctype html>")],
)
def test_it_is_drawn(coterie: Coterie, csv: Path, name: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib", reason="plots are optional")
    picture = csv.with_name(name)
    assert coterie("trace", "describe", str(csv), "--plot", str(picture)).code == 0
    assert picture.read_bytes().startswith(begins)
    if name.endswith("html"):
        assert b"<svg" in picture.read_bytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--window", "0s"], "`--window` is 0"),
        (["--window", "x"], "`--window` is wrong"),
        (["--plot", "p.pdf"], "`--plot` is 'p.pdf'"),
        (["--experts", "a,b"], "line 4: expert 'c' is none of 'a', 'b'"),
    ],
)
def test_what_makes_no_sense_is_said(
    coterie: Coterie, csv: Path, options: list[str], told: str
) -> None:
    said = coterie("trace", "describe", str(csv), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
