"""The command, from a router, ratings and costs to settings of a route."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]
TUNE = ("route", "tune", "my.router", "held.jsonl", "--costs", "sizes.json")


@pytest.mark.usefixtures("folder")
def test_settings_are_told_with_the_ones_to_take(coterie: Coterie) -> None:
    said = coterie(*TUNE)
    assert said.code == 0, said.err
    assert said.err == ""
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "economy quality of best cost of best's keeps goes to"
    assert lines[-2].startswith("economy: ")
    assert lines[-1].startswith("confidence: ")
    assert len([line for line in lines if "100 %, 99 %" in line or "100 %," in line]) >= 1


@pytest.mark.usefixtures("folder")
def test_json_has_every_setting(coterie: Coterie) -> None:
    found = json.loads(coterie(*TUNE, "--dial-steps", "5", "--json").out)
    assert [one["economy"] for one in found["settings"]] == [0.0, 0.0625, 0.25, 0.5625, 1.0]
    assert found["best"] == found["generalist"] == "giant"
    first = found["settings"][0]
    assert first["of_best"] > 1
    assert sum(first["goes_to"].values()) == pytest.approx(1.0)
    assert found["keeps"]["100 %"]["cost"] < 1.0
    found = json.loads(coterie(*TUNE, "--otherwise", "coder", "--json").out)
    assert found["generalist"] == "coder"


@pytest.mark.usefixtures("folder")
def test_latencies_count_where_they_are_given(coterie: Coterie) -> None:
    Path("times.json").write_text('{"coder": 1, "writer": 1, "giant": 9}')
    slow = ("--latencies", "times.json", "--patience", "5", "--json")
    timed = json.loads(coterie(*TUNE, *slow).out)["settings"][10]
    plain = json.loads(coterie(*TUNE, "--json").out)["settings"][10]
    assert timed["seconds"] > 0 == plain["seconds"]
    assert timed["goes_to"]["giant"] <= plain["goes_to"]["giant"]
    assert "seconds" in coterie(*TUNE, "--latencies", "times.json").out


@pytest.mark.usefixtures("folder")
def test_a_picture_and_a_page_are_drawn(coterie: Coterie) -> None:
    said = coterie(*TUNE, "--plot", "t.svg", "--html", "t.html")
    assert said.code == 0, said.err
    assert Path("t.svg").read_bytes().startswith(b"<?xml")
    page = Path("t.html").read_text()
    assert "<title>my.router tuned on 120 prompts</title>" in page
    assert "<script" not in page
    assert "'t.svg' is there already" in coterie(*TUNE, "--plot", "t.svg").err


@pytest.mark.usefixtures("folder")
def test_prompts_that_not_all_were_rated_on_are_left_out(coterie: Coterie) -> None:
    first, *rest = Path("held.jsonl").read_text().splitlines(keepends=True)
    row = json.loads(first)
    del row["scores"]["coder"]
    Path("held.jsonl").write_text(json.dumps(row) + "\n" + "".join(rest))
    said = coterie(*TUNE)
    assert said.err == "left out: 1 prompts that were not rated for all of these experts\n"
    Path("held.jsonl").write_text(
        "".join(
            json.dumps({"prompt": "x", "scores": {name: 1}}) + "\n"
            for name in ("coder", "writer", "giant")
        )
    )
    assert "no prompt was rated for all of these experts" in coterie(*TUNE).err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--otherwise", "poet"], "`--otherwise` is 'poet': expected one of coder, writer, giant"),
        (["--patience", "0"], "`--patience` is 0: expected more than 0 seconds"),
        (["--patience", "nan"], "`--patience` is nan: expected"),
        (["--latencies", "sizes.json"], "`--latencies`: sizes.json has no 'answer_s'"),
        (["--plot", "t.doc"], "a name that ends in .png or .svg"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(coterie: Coterie, options: list[str], told: str) -> None:
    said = coterie(*TUNE, *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("folder")
def test_costs_must_say_all(coterie: Coterie) -> None:
    Path("sizes.json").write_text('{"coder": 1}')
    assert "sizes.json has none of writer, giant: add it" in coterie(*TUNE).err
    said = coterie(*TUNE, "--expert", "coder")
    assert said.code == 0, said.err


@pytest.mark.usefixtures("folder")
def test_labels_alone_cannot_be_tuned_on(coterie: Coterie) -> None:
    Path("held.jsonl").write_text('{"prompt": "x", "category": "code"}\n')
    assert "these prompts have no scores: settings cannot be compared" in coterie(*TUNE).err
