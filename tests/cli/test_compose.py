"""The command, from files to tables, a picture and a composition that may be served."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.check import examine
from coterie.config import decode

Coterie = Callable[..., Any]

SIZES = [
    {"name": "coder", "bytes": "4GB", "active_params_b": 4, "load_s": 2, "kind": "code"},
    {"name": "writer", "bf16_gb": 5, "params_b": 5, "load_s": 4},
    {"name": "giant", "bytes": 20_000_000_000, "active_params_b": 20, "load_s": 20},
]
SCORES = {
    "code": {"coder": 0.9, "writer": 0.1, "giant": 0.8},
    "prose": {"coder": 0.2, "writer": 0.8, "giant": 0.75},
}


def rated(scores: dict[str, dict[str, float]] = SCORES, each: int = 10) -> str:
    return "".join(
        json.dumps({"prompt": f"{category} {i}", "category": category, "scores": of}) + "\n"
        for category, of in scores.items()
        for i in range(each)
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rated.jsonl").write_text(rated())
    Path("sizes.json").write_text(json.dumps(SIZES))
    return tmp_path


GIVEN = ("compose", "--scores", "rated.jsonl", "--experts", "sizes.json")


def plan(coterie: Coterie, *options: str) -> dict[str, Any]:
    said = coterie(*GIVEN, *options, "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.mark.usefixtures("folder")
def test_the_small_ones_together_are_better_than_the_large_one(coterie: Coterie) -> None:
    found = plan(coterie, "--memory", "9GB")
    assert found["experts"] == ["coder", "writer"]
    assert [(one["category"], one["expert"]) for one in found["categories"]] == [
        ("code", "coder"),
        ("prose", "writer"),
    ]
    assert found["quality"] == pytest.approx(0.85)
    assert found["held_out_quality"] == pytest.approx(0.85)
    assert found["best_single"] == {"expert": "coder", "quality": pytest.approx(0.55)}
    assert (found["size_bytes"], found["gap"]) == (9_000_000_000, 0.0)
    assert found["active_parameters"] == 4.5e9
    assert found["generalist"] == "coder"
    assert found["residents"] == ["coder", "writer"]


@pytest.mark.usefixtures("folder")
def test_what_was_found_is_told_in_words(coterie: Coterie) -> None:
    said = coterie(*GIVEN, "--memory", "9GB", "--frontier", "3GB,9GB,40GB")
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    for told in (
        "coder 3.73GiB 4.0B 50.0 %",
        "code 50.0 % 90.0 % coder",
        "2.79GiB - - - nothing fits",
        "8.38GiB 85.0 % 55.0 % 4.5B coder, writer",
        "expected quality 85.0 % (85.0 % where held out)",
        "best single 55.0 %, coder",
        "gap to the best none",
        "active parameters 4.5B on average",
    ):
        assert told in lines, said.out


@pytest.mark.usefixtures("folder")
def test_the_frontier_never_falls(coterie: Coterie) -> None:
    points = plan(coterie, "--memory", "9GB")["frontier"]
    assert [one["memory_bytes"] for one in points][-1] == 29_000_000_000
    qualities = [one["plan"]["quality"] for one in points]
    assert qualities == sorted(qualities)


@pytest.mark.usefixtures("folder")
def test_who_must_be_there_is_and_no_more_than_may(coterie: Coterie) -> None:
    assert plan(coterie, "--memory", "30GB", "--must", "giant")["experts"] == [
        "coder",
        "giant",
        "writer",
    ]
    alone = plan(coterie, "--memory", "30GB", "--max-experts", "1")
    assert alone["experts"] == ["giant"]
    assert plan(coterie, "--memory", "9GB", "--must", "writer", "--max-experts", "1")[
        "experts"
    ] == ["writer"]


@pytest.mark.usefixtures("folder")
def test_what_is_not_resident_is_waited_for(coterie: Coterie) -> None:
    found = plan(coterie, "--memory", "9GB", "--hot", "5GB")
    assert (found["experts"], found["residents"]) == (["coder", "writer"], [])
    assert found["switches_per_request"] == 1.0
    assert found["waiting_s"] == 3.0
    dear = plan(coterie, "--memory", "9GB", "--hot", "5GB", "--second-price", "0.5")
    assert (dear["experts"], dear["switches_per_request"]) == (["coder"], 0.0)
    said = coterie(*GIVEN, "--memory", "9GB", "--hot", "5GB")
    assert "switches          at most 1.00 a request" in said.out
    assert "waiting           3s a request" in said.out


@pytest.mark.usefixtures("folder")
def test_one_category_is_enough(coterie: Coterie) -> None:
    Path("rated.jsonl").write_text(rated({"": SCORES["prose"]}))
    found = plan(coterie, "--memory", "30GB")
    assert found["experts"] == ["writer"]
    assert [one["category"] for one in found["categories"]] == ["(none)"]


@pytest.mark.usefixtures("folder")
def test_an_expert_without_a_size_is_left_out_and_so_said(coterie: Coterie) -> None:
    more = {kind: {**of, "hosted": 1.0, "other": 1.0} for kind, of in SCORES.items()}
    Path("rated.jsonl").write_text(rated(more))
    Path("sizes.json").write_text(json.dumps([*SIZES, {"name": "hosted", "bf16_gb": None}]))
    said = coterie(*GIVEN, "--memory", "9GB", "--json")
    assert "left out: hosted, its size is null\n" in said.err
    assert "left out: other, it has scores, and no size\n" in said.err
    assert json.loads(said.out)["experts"] == ["coder", "writer"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--memory", "much"], "`--memory` is wrong: expected a size"),
        (["--memory", "0"], "`--memory` is 0: expected more"),
        (["--memory", "3GB"], "no expert fits in 2.79GiB of memory: the smallest, 'coder', takes"),
        (["--memory", "9GB", "--hot", "1GB"], "of hot memory: the smallest, 'coder', takes"),
        (["--memory", "9GB", "--must", "giant"], "take 18.63GiB, and there are 8.38GiB"),
        (["--memory", "9GB", "--must", "poet"], "'poet' must be deployed and is not known"),
        (["--memory", "9GB", "--second-price", "-1"], "`--second-price` is -1: expected 0 or more"),
        (["--memory", "9GB", "--load-rate", "fast"], "`--load-rate` is wrong"),
        (["--memory", "9GB", "--frontier", "4GB,,9GB"], "`--frontier` is wrong"),
        (["--memory", "9GB", "--plot", "plot.doc"], "a name that ends in .png or .svg"),
        (["--memory", "9GB", "--output", "no/x.yaml"], "there is no folder 'no'"),
        (["--memory", "9GB", "--output", "sizes.json"], "'sizes.json' is there already"),
        (["--memory", "9GB", "--router", "none"], "`--router`: there is no file 'none'"),
        (["--memory", "9GB", "--output", "x.yaml"], "'coder', 'writer' would have no `weights`"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(coterie: Coterie, options: list[str], told: str) -> None:
    said = coterie(*GIVEN, *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert said.err.count("\n") == 1
    assert not Path("x.yaml").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ({"code": {"coder": 1.0}}, "expert 'writer' has no scores: rate its answers, or leave"),
        ({"code": {**SCORES["code"], "giant": float("nan")}}, "the score of 'giant' is nan"),
        ({"code": {**SCORES["code"], "giant": 7.0}}, "expected a number from 0 to 1"),
    ],
)
def test_ratings_that_do_not_say_enough(
    coterie: Coterie, scores: dict[str, dict[str, float]], told: str
) -> None:
    Path("rated.jsonl").write_text(rated(scores))
    said = coterie(*GIVEN, "--memory", "9GB")
    assert (said.code, said.out) == (1, "")
    assert told in said.err


@pytest.mark.usefixtures("folder")
def test_two_files_that_disagree(coterie: Coterie) -> None:
    Path("prompts.csv").write_text("id,prompt,category\n1,hello,a\n2,bye,a\n")
    Path("scores.csv").write_text("id,coder,writer,giant\n1,1,0,1\n")
    files = ("--scores", "prompts.csv", "--scores", "scores.csv", "--experts", "sizes.json")
    said = coterie("compose", *files, "--memory", "9GB")
    assert (said.code, said.out) == (1, "")
    assert "the prompt '2' has no scores in scores.csv: the files disagree" in said.err
    Path("scores.csv").write_text("id,coder,writer,giant\n1,1,0,1\n2,1,0,0\n")
    assert coterie("compose", *files, "--memory", "9GB").code == 0


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "start"), [("f.png", b"\x89PNG"), ("f.svg", b"<?xml")])
def test_the_frontier_is_drawn(coterie: Coterie, name: str, start: bytes) -> None:
    options = ("--memory", "9GB", "--frontier", "3GB,9GB,40GB", "--plot", name)
    said = coterie(*GIVEN, *options)
    assert said.code == 0, said.err
    assert Path(name).read_bytes().startswith(start)
    assert "is there already" in coterie(*GIVEN, *options).err
    assert coterie(*GIVEN, *options, "--force").code == 0


POOL = """
name: mine
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts:
- {name: coder, engine: echo, options: {hot: 4MiB}, fallbacks: [giant, writer]}
- {name: writer, engine: echo, options: {hot: 5MiB}}
- {name: giant, engine: echo, options: {hot: 20MiB}}
limits: {wait: 30s}
"""


@pytest.mark.usefixtures("folder")
def test_what_is_written_may_be_served(coterie: Coterie) -> None:
    Path("pool.yaml").write_text(POOL)
    options = ("--scores", "rated.jsonl", "--experts", "pool.yaml", "--memory", "9MiB")
    said = coterie("compose", *options, "--output", "mine.yaml")
    assert said.code == 0, said.err
    file = Path("mine.yaml")
    assert examine(file).problems == ()
    composition = decode(file.read_bytes(), file.name)
    assert composition.name == "mine"
    assert [one.name for one in composition.experts] == ["coder", "writer"]
    assert composition.experts[0].fallbacks == ("writer",)
    assert composition.nodes[0].devices[0].hot == 9 * 2**20
    assert composition.limits.wait == 30.0
    (route,) = composition.routes
    assert (route.name, route.otherwise, route.candidates) == (
        "auto",
        "coder",
        ("coder", "writer"),
    )
    assert [(one.name, one.to, one.examples[0]) for one in route.categories] == [
        ("code", "coder", "code 0"),
        ("prose", "writer", "prose 0"),
    ]
    assert file.read_text().startswith("# Written by `coterie compose`: expected quality 85.0 %")
    before = file.read_bytes()
    again = coterie("compose", *options, "--output", "mine.yaml")
    assert "'mine.yaml' is there already: take another name, or say --force" in again.err
    assert file.read_bytes() == before
    assert coterie("compose", *options, "--output", "mine.yaml", "--force").code == 0


@pytest.mark.usefixtures("folder")
def test_a_fitted_router_takes_the_place_of_examples(coterie: Coterie) -> None:
    Path("pool.yaml").write_text(POOL)
    Path("fitted").mkdir()
    Path("fitted/router.safetensors").write_bytes(b"")
    options = ("--scores", "rated.jsonl", "--experts", "pool.yaml", "--memory", "9MiB")
    router = ("--router", "fitted/router.safetensors")
    said = coterie("compose", *options, *router, "--output", "mine.yaml")
    assert said.code == 0, said.err
    (route,) = decode(Path("mine.yaml").read_bytes(), "mine.yaml").routes
    assert (route.learned, route.categories) == ("fitted/router.safetensors", ())
