"""Whom a prompt would go to, by a server and without one."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]

EXPERTS = """
experts:
- {name: parrot, engine: echo, preload: true}
- {name: mynah, engine: echo}
routes:
- {name: auto, otherwise: parrot, rules: [{code: true, to: mynah}]}
"""
NODES = "nodes: [{name: local, devices: [{name: ram, hot: 1GiB}]}]\n"


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(EXPERTS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "composition.yaml"
    path.write_text(NODES + EXPERTS)
    return path


def test_a_server_says_whom_it_would_choose_and_why(coterie: Coterie, url: str) -> None:
    said = coterie("route", "hello there", "--url", url)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[:3] == [
        "auto → parrot",
        "category: (none), confidence 0.00",
        "reason:   no rule holds: the generalist 'parrot' answers",
    ]
    assert lines[4].split() == [
        *("expert", "quality", "cost", "seconds", "resident", "utility", "excluded")
    ]
    parrot = next(line for line in lines if line.startswith("parrot"))
    assert parrot.split()[4] == "yes"
    assert coterie("route", "```x```", "--url", url).out.startswith("auto → mynah\n")


def test_the_document_alone_says_it_without_a_server(coterie: Coterie, file: Path) -> None:
    said = coterie("route", "```x```", "--file", str(file), "--route", "auto", "--json")
    found = json.loads(said.out)
    assert (found["expert"], found["reason"]) == ("mynah", "rule 1 (code) says 'mynah'")
    assert not any(one["resident"] for one in found["considered"])


@pytest.mark.parametrize("words", [["--route", "none"], []])
def test_a_route_that_there_is_not_is_told(coterie: Coterie, tmp_path: Path, words: Any) -> None:
    path = tmp_path / "composition.yaml"
    path.write_text(f"{NODES}experts: [{{name: parrot, engine: echo}}]\n")
    said = coterie("route", "x", "--file", str(path), *words)
    assert said.code == 1
    assert said.err.endswith("there are none\n")


def test_a_server_without_such_a_route_says_so(coterie: Coterie, url: str) -> None:
    said = coterie("route", "x", "--route", "none", "--url", url)
    assert (said.code, said.out) == (1, "")
    assert said.err == "coterie: no route 'none': there are 'auto'\n"


def test_a_wrong_document_is_told_as_a_check_tells_it(coterie: Coterie, file: Path) -> None:
    file.write_text(file.read_text().replace("to: mynah", "to: gull"))
    said = coterie("route", "x", "--file", str(file))
    assert said.code == 1
    assert "routes[0].rules[0].to" in said.err


def test_what_is_excluded_is_told(coterie: Coterie, file: Path) -> None:
    said = coterie("route", "word " * 4000, "--file", str(file))
    assert "about 5001 tokens are more than the 2048" in said.out


def typed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))


def test_a_prompt_may_come_from_standard_input(
    coterie: Coterie, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "```größer```".encode())
    said = coterie("route", "-", "--file", str(file))
    assert (said.code, said.out.split("\n")[0]) == (0, "auto → mynah")


def test_a_prompt_that_is_no_text_is_refused(
    coterie: Coterie, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "coterie: the prompt is not UTF-8: expected text\n"
    typed(monkeypatch, b"gr\xf6\xdfer")
    said = coterie("route", "-", "--file", str(file))
    assert (said.code, said.out, said.err) == (1, "", told)
    said = coterie("route", "gr\udcf6\udcdfer", "--file", str(file))  # as Python has such bytes
    assert (said.code, said.out, said.err) == (1, "", told)
