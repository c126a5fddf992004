"""The command, from files of ratings and of labels to a router that a route can open."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet
import pytest
import yaml

from coterie.config import decode
from coterie.router.artefact import read_router, said_of
from coterie.router.feedback import Asked, Feedback
from coterie.router.opening import open_router

Coterie = Callable[..., Any]
Drawn = Callable[..., list[dict[str, Any]]]
Lines = Callable[[Any], str]

FIT = ("route", "fit", "--output", "new.router")
LABELS = ("--map", "code=coder", "--map", "prose=writer")
EXPERTS = """
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts: [{name: coder, engine: echo}, {name: writer, engine: echo}, {name: giant, engine: echo}]
"""


@pytest.mark.usefixtures("folder")
def test_a_router_is_fitted_and_said_what_it_is_worth(coterie: Coterie) -> None:
    said = coterie(*FIT, "rated.jsonl")
    assert said.code == 0, said.err
    assert said.err == ""
    told = [" ".join(line.split()) for line in said.out.splitlines()]
    assert told[:3] == [
        "prompts 240",
        "experts 3: coder, writer, giant",
        "categories 3: code, maths, prose",
    ]
    assert told[3].startswith("held back 48 prompts")
    assert "best single" in said.out
    assert "% of the gap closed" in said.out
    assert "trust full: prompts that folds held back were answered better for it" in told
    learned = read_router(Path("new.router"))
    assert f"digest {learned.digest}" in told
    assert said_of(Path("new.router")).fitted["prompts"] == 240
    assert coterie(*FIT, "rated.jsonl").code == 1


@pytest.mark.usefixtures("folder")
def test_the_lines_that_are_printed_make_a_route(coterie: Coterie) -> None:
    said = coterie(*FIT, "rated.jsonl", "--hold", "0")
    assert "  quality" not in said.out
    lines = said.out.partition("\n\n")[2]
    assert yaml.safe_load(lines)["routes"][0]["otherwise"] == "giant"
    composition = decode((EXPERTS + lines).encode(), "x.yaml")
    assert open_router(composition.routes[0], composition, Path()).names == (
        "coder",
        "writer",
        "giant",
    )


@pytest.mark.usefixtures("folder")
def test_nothing_is_overwritten_unless_it_is_said(
    coterie: Coterie, drawn: Drawn, lines: Lines
) -> None:
    Path("few.jsonl").write_text(lines(drawn(45)))
    Path("new.router").write_text("mine")
    said = coterie(*FIT, "rated.jsonl")
    assert said.err == "coterie: 'new.router' is there already: take another name, or say --force\n"
    assert Path("new.router").read_text() == "mine"
    assert coterie(*FIT, "few.jsonl", "--hold", "0", "--force").code == 0


@pytest.mark.usefixtures("folder")
def test_what_is_held_back_can_be_kept_and_is_not_fitted_to(coterie: Coterie) -> None:
    said = coterie(*FIT, "rated.jsonl", "--hold", "0.25", "--held", "kept.jsonl")
    assert said.code == 0, said.err
    assert len(Path("kept.jsonl").read_text().splitlines()) == 60
    assert said_of(Path("new.router")).fitted["prompts"] == 180
    assert "of a router that was fitted without them" in said.out
    checked = coterie("route", "eval", "new.router", "kept.jsonl", "--paraphrases", "0")
    assert "warning" not in checked.err


@pytest.mark.usefixtures("folder")
def test_the_same_ratings_give_the_same_file(coterie: Coterie, drawn: Drawn, lines: Lines) -> None:
    Path("few.jsonl").write_text(lines(drawn(90)))
    coterie(*FIT, "few.jsonl", "--hold", "0")
    before = Path("new.router").read_bytes()
    assert coterie(*FIT, "few.jsonl", "--force").code == 0
    assert Path("new.router").read_bytes() == before


@pytest.mark.usefixtures("folder")
def test_csv_and_parquet_and_two_files_do_as_well(
    coterie: Coterie, drawn: Drawn, lines: Lines
) -> None:
    rated = drawn(45)
    bare = [{key: row[key] for key in ("id", "prompt", "category")} for row in rated]
    columns = [{f"score:{name}": x for name, x in row["scores"].items()} for row in rated]
    wide = [{**row, **more} for row, more in zip(bare, columns, strict=True)]
    parquet.write_table(pyarrow.Table.from_pylist(wide), "few.parquet")
    Path("few.jsonl").write_text(lines(rated))
    Path("prompts.jsonl").write_text(lines(bare))
    scores = [",".join([row["id"], *map(str, row["scores"].values())]) for row in rated]
    Path("scores.csv").write_text("\n".join(["id,coder,writer,giant", *scores]))
    digests = set()
    for files in (["few.parquet"], ["prompts.jsonl", "scores.csv"], ["few.jsonl"]):
        said = coterie(*FIT, *files, "--hold", "0", "--force")
        assert said.code == 0, said.err
        digests.add(read_router(Path("new.router")).digest)
    assert len(digests) == 1


@pytest.mark.usefixtures("folder")
def test_some_experts_alone(coterie: Coterie, drawn: Drawn, lines: Lines) -> None:
    Path("rated.jsonl").write_text(lines(drawn(60)))
    said = coterie(*FIT, "rated.jsonl", "--hold", "0", "--expert", "coder", "--expert", "writer")
    assert "2: coder, writer" in said.out
    said = coterie(*FIT, "rated.jsonl", "--force", "--expert", "poet")
    assert "expert 'poet' has no scores: there are coder, writer, giant" in said.err
    said = coterie(*FIT, "rated.jsonl", "--force", "--hold", "0", "--expert", "coder")
    assert "trust       none: 'coder' is the only expert, there is nothing to choose" in said.out


@pytest.mark.usefixtures("folder")
def test_a_servers_feedback_is_ratings_but_compares_nobody(
    coterie: Coterie, tmp_path: Path, drawn: Drawn
) -> None:
    feedback = Feedback(tmp_path / "routes", "auto")
    for i, row in enumerate(drawn(60)):
        expert = ("coder", "writer")[i % 2]
        feedback.remember(str(i), Asked(row["prompt"], row["category"], expert))
        feedback.rate(str(i), row["scores"][expert])
    said = coterie(*FIT, str(feedback.path))
    assert said.code == 0, said.err
    assert said.err.startswith("no prompt was rated for two experts: nobody can be compared")
    assert "none: no signal was found" in said.out


def test_labels_are_mapped_to_experts(
    coterie: Coterie, labelled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    strange = ("--out-of-scope", "other")
    said = coterie(*FIT, str(labelled / "labels.jsonl"), *LABELS, *strange)
    assert said.code == 0, said.err
    assert "2: coder, writer" in said.out
    assert "out of scope   other" in said.out
    learned = read_router(Path("new.router"))
    assert learned.strange == "other"
    assert said_of(Path("new.router")).fitted["map"] == {"code": "coder", "prose": "writer"}
    held = str(labelled / "held.jsonl")
    said = coterie("route", "eval", "new.router", held, "--json", "--paraphrases", "0")
    found = json.loads(said.out)
    assert found["quality"]["prompts"] == 160
    assert found["quality"]["quality"] > 0.95
    assert found["categories"]["accuracy"] > 0.95
    assert found["categories"]["out_of_scope"] > 0.9


@pytest.mark.usefixtures("folder")
def test_one_category_alone_is_enough(coterie: Coterie, drawn: Drawn, lines: Lines) -> None:
    Path("one.jsonl").write_text(lines({**row, "category": "all"} for row in drawn(60)))
    said = coterie(*FIT, "one.jsonl")
    assert said.code == 0, said.err
    assert said.err == ("there is one category alone: it tells prompts apart no more than none\n")


@pytest.mark.usefixtures("folder")
def test_without_a_signal_it_says_who_always_wins(
    coterie: Coterie, drawn: Drawn, lines: Lines
) -> None:
    rows = drawn(80)
    for i, row in enumerate(rows):
        row["scores"] = {"coder": float(i % 2), "giant": 1.0}
    Path("flat.jsonl").write_text(lines(rows))
    said = coterie(*FIT, "flat.jsonl")
    assert "the best single expert, 'giant', always wins" in said.out


@pytest.mark.usefixtures("folder")
def test_of_few_prompts_none_is_held_back(coterie: Coterie, drawn: Drawn, lines: Lines) -> None:
    Path("few.jsonl").write_text(lines(drawn(21)))
    said = coterie(*FIT, "few.jsonl")
    assert said.code == 0, said.err
    assert said.err == (
        "21 prompts are too few to hold 20 % of them back: nothing is said of how good the router "
        "is\n"
    )
    said = coterie(*FIT, "few.jsonl", "--force", "--held", "kept.jsonl")
    assert "there is nothing to write to 'kept.jsonl'" in said.err
    assert not Path("kept.jsonl").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["none.jsonl"], "none.jsonl: cannot be read: No such file or directory"),
        (["sizes.json"], "expected a name that ends in .jsonl, .csv or .parquet"),
        (["rated.jsonl", "--hold", "0.95"], "`--hold` is 0.95: expected a share from 0 to 0.9"),
        (["rated.jsonl", "--hold", "nan"], "`--hold` is nan: expected a share"),
        (["rated.jsonl", "--held", "kept.csv"], "expected a name that ends in .jsonl"),
        (["rated.jsonl", "--held", "held.jsonl"], "'held.jsonl' is there already"),
        (["rated.jsonl", "--held", "new.router"], "as `--output`: take another name"),
        (["rated.jsonl", "--embedder", "bert"], "no embedder 'bert': there are static, minilm"),
        (["rated.jsonl", "--map", "code=coder"], "`--map` is for labels alone"),
        (["rated.jsonl", "--out-of-scope", "law"], "no prompt is of the category 'law'"),
        (["rated.jsonl", "--output", "no/x.router"], "there is no folder 'no': make it first"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(coterie: Coterie, options: list[str], told: str) -> None:
    said = coterie(*FIT, *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert not Path("new.router").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"prompt": None}, "rated.jsonl:1: no `prompt`"),
        ({"scores": {"coder": float("nan")}}, "the score of 'coder' is nan"),
        ({"scores": {"coder": 7}}, "expected a number from 0 to 1"),
        ({"scores": {"poet": None}}, "expert 'poet' has no score at all"),
    ],
)
def test_ratings_that_are_wrong(
    coterie: Coterie, drawn: Drawn, lines: Lines, change: dict[str, Any], told: str
) -> None:
    first, *rest = drawn(60)
    Path("rated.jsonl").write_text(lines([{**first, **change}, *rest]))
    said = coterie(*FIT, "rated.jsonl")
    assert (said.code, said.out) == (1, "")
    assert told in said.err


@pytest.mark.usefixtures("folder")
def test_too_little_to_learn_from(coterie: Coterie, drawn: Drawn, lines: Lines) -> None:
    Path("few.jsonl").write_text(lines(drawn(9)))
    assert "9 prompts are too few to fit a router" in coterie(*FIT, "few.jsonl").err
    Path("bare.jsonl").write_text(lines({"prompt": row["prompt"]} for row in drawn(60)))
    assert "neither scores nor categories" in coterie(*FIT, "bare.jsonl").err
    Path("labels.jsonl").write_text(lines({**row, "scores": None} for row in drawn(60)))
    said = coterie(*FIT, "labels.jsonl", *LABELS)
    assert "category 'maths' has no expert, and there are no scores: say --map maths=" in said.err


@pytest.mark.usefixtures("folder")
def test_an_embedder_without_weights_does_as_well(coterie: Coterie) -> None:
    said = coterie(*FIT, "rated.jsonl", "--embedder", "words", "--hold", "0")
    assert said.code == 0, said.err
    assert "embedder words" in said.out
    said = coterie("route", "eval", "new.router", "held.jsonl", "--paraphrases", "5", "--json")
    found = json.loads(said.out)
    assert found["categories"]["accuracy"] > 0.98
    assert found["quality"]["gain"] > 0.05
