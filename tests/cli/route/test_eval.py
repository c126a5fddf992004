"""The command, from a router and ratings to figures, a picture and a page."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]
EVAL = ("route", "eval", "my.router")
FEW = ("--paraphrases", "5")


@pytest.mark.usefixtures("folder")
def test_figures_are_told(coterie: Coterie) -> None:
    said = coterie(*EVAL, "held.jsonl", *FEW, "--costs", "sizes.json")
    assert said.code == 0, said.err
    assert said.err == ""
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "category prompts right quality best single"
    for told in ("prompts 120", "category accuracy", "quality", "best single", "area (AIQ)"):
        assert any(line.startswith(told) for line in lines)


@pytest.mark.usefixtures("folder")
def test_json_has_everything(coterie: Coterie) -> None:
    found = json.loads(coterie(*EVAL, "held.jsonl", *FEW, "--json").out)
    assert found["prompts"] == 120
    assert found["categories"]["accuracy"] > 0.95
    assert found["quality"]["gain"] > 0
    assert found["frontier"] is None
    assert found["paraphrases"]["case"] == 1.0


@pytest.mark.usefixtures("folder")
def test_a_picture_and_a_page_are_drawn(coterie: Coterie) -> None:
    options = ("--plot", "e.png", "--html", "e.html", "--costs", "sizes.json", *FEW)
    said = coterie(*EVAL, "held.jsonl", *options)
    assert said.code == 0, said.err
    assert Path("e.png").read_bytes().startswith(b"\x89PNG")
    page = Path("e.html").read_text()
    assert "<title>my.router on 120 prompts</title>" in page
    assert page.count("<svg") == 1
    assert "<h2>Confusion" in page
    assert not re.search(r"<script|href=\"http|src=|url\(http|@import", page)
    assert "'e.png' is there already" in coterie(*EVAL, "held.jsonl", *options).err
    assert coterie(*EVAL, "held.jsonl", *options, "--force").code == 0


@pytest.mark.usefixtures("folder")
def test_prompts_that_it_was_fitted_to_are_warned_of(coterie: Coterie) -> None:
    said = coterie(*EVAL, "rated.jsonl", "--paraphrases", "0")
    assert said.code == 0
    assert said.err.startswith("warning: the router was fitted to about 100 % of these prompts")


@pytest.mark.usefixtures("folder")
def test_costs_that_do_not_say_all_are_skipped(coterie: Coterie) -> None:
    Path("some.json").write_text('{"coder": 1, "writer": 2}')
    said = coterie(*EVAL, "held.jsonl", "--costs", "some.json", "--paraphrases", "0")
    assert said.err == "costs are skipped: some.json has none of giant\n"
    assert "cost               skipped" in said.out
    pair = ("--expert", "coder", "--expert", "writer")
    said = coterie(*EVAL, "held.jsonl", "--costs", "some.json", "--paraphrases", "0", *pair)
    assert "area (AIQ)" in said.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["none.jsonl"], "none.jsonl: cannot be read"),
        (["held.jsonl", "--plot", "e.doc"], "a name that ends in .png or .svg"),
        (["held.jsonl", "--html", "held.jsonl"], "'held.jsonl' is there already"),
        (["held.jsonl", "--costs", "none.json"], "`--costs`: none.json cannot be read"),
        (["held.jsonl", "--expert", "poet"], "expert 'poet' is not in the router"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(coterie: Coterie, options: list[str], told: str) -> None:
    said = coterie(*EVAL, *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_no_router(coterie: Coterie) -> None:
    said = coterie("route", "eval", "rated.jsonl", "held.jsonl")
    assert (said.code, said.out) == (1, "")
    assert "is no router of this version" in said.err
    assert "cannot be read" in coterie("route", "eval", "none.router", "held.jsonl").err


@pytest.mark.usefixtures("folder")
def test_without_matplotlib_it_says_so_before_anything_is_computed(
    coterie: Coterie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = coterie("route", "eval", "none.router", "held.jsonl", "--html", "e.html")
    assert "pip install 'coterie[plots]'" in said.err
