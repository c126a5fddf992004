"""What a composition would do, and what a recorded past would have been."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.blocks import ROOT

Coterie = Callable[..., Any]
DOCUMENT = """
nodes: [{name: n, devices: [{name: d, kind: gpu, hot: 35GB}]}]
experts:
- {name: a, engine: echo, options: {hot: 16GB}}
- {name: b, engine: echo, options: {hot: 16GB}}
- {name: c, engine: echo, options: {hot: 16GB}}
"""
ASKED = ("--profile", "dgx-h100", "--rate", "2", "--duration", "2m", "--ttft", "2s")


@pytest.fixture
def composition(tmp_path: Path) -> str:
    file = tmp_path / "three.yaml"
    file.write_text(DOCUMENT)
    return str(file)


def test_a_composition_is_simulated_on_a_profile(coterie: Coterie, composition: str) -> None:
    said = coterie("simulate", composition, *ASKED)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].split() == ["cost"]
    assert any(line.startswith("within budget") for line in lines)
    assert any(line.startswith("switches") for line in lines)
    assert "note: 'a', 'b' and 'c': taken for models of 16 bits" in said.out


def test_each_policy_is_a_variant(coterie: Coterie, composition: str) -> None:
    said = coterie("simulate", composition, *ASKED, "--policy", "lru", "--policy", "cost", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    first, second = found["variants"]
    assert [(one["name"], one["policy"]) for one in (first, second)] == [
        ("lru", "lru"),
        ("cost", "cost"),
    ]
    assert first["requests"] == second["requests"] > 150
    assert len(first["digest"]) == 64
    assert found["file"] == composition
    assert len(found["notes"]) == 2  # what they stand in for, and what was cut


def test_more_memory_takes_fewer_loads(coterie: Coterie, composition: str) -> None:
    def loads(*options: str) -> int:
        said = coterie("simulate", composition, *ASKED, "--json", *options)
        (variant,) = json.loads(said.out)["variants"]
        return int(variant["loads"])

    assert loads("--hot", "48GB") == 3 < loads()


def test_faults_are_had(coterie: Coterie, composition: str) -> None:
    options = ("--fault", "node:n@30s+30s", "--crashes-per-hour", "120", "--json")
    (variant,) = json.loads(coterie("simulate", composition, *ASKED, *options).out)["variants"]
    assert variant["problems"]["the node was lost"] >= 0
    assert variant["faults"] > 1


def test_a_condition_that_holds_is_exit_status_1(coterie: Coterie, composition: str) -> None:
    holds = coterie("simulate", composition, *ASKED, "--fail-on", "loads > 1")
    assert holds.code == 1
    assert holds.err == "coterie: cost: loads > 1 holds\n"
    assert "within budget" in holds.out
    kept = coterie("simulate", composition, *ASKED, "--json", "--fail-on", "loads > 100000")
    assert (kept.code, kept.err) == (0, "")
    (condition,) = json.loads(kept.out)["conditions"]
    assert condition == {"variant": "cost", "condition": "loads > 100,000", "holds": False}


def test_a_condition_that_cannot_be_told_is_exit_status_2(
    coterie: Coterie, composition: str
) -> None:
    said = coterie("simulate", composition, *ASKED[:-2], "--fail-on", "attainment < 99%")
    assert said.code == 2
    assert "cannot be told: no request has a latency budget" in said.err


def test_a_page_and_parquet_are_written(coterie: Coterie, composition: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    page, folder = tmp_path / "page.html", tmp_path / "rows"
    options = ("--report", str(page), "--parquet", str(folder))
    said = coterie("simulate", composition, *ASKED, *options)
    assert said.code == 0, said.err
    assert ": taken for models of 16 bits" in page.read_text("utf-8")
    assert len(list(folder.iterdir())) == 3
    assert said.err.startswith(f"written: {page}\n")


def test_the_same_seed_has_the_same_digest_under_any_hash_seed(composition: str) -> None:
    code = "import sys; sys.argv[0] = 'coterie'; from coterie.cli import main; main()"
    faults = ("--crashes-per-hour", "60", "--load-fails", "0.1", "--seed", "5")
    words = ("simulate", composition, *ASKED, *faults, "--json")
    digests = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code, *words], env=environment, capture_output=True, check=True
        )
        (variant,) = json.loads(done.stdout)["variants"]
        digests.add(variant["digest"])
    assert len(digests) == 1


def test_examples_are_simulated(coterie: Coterie) -> None:
    said = coterie("simulate", str(ROOT / "examples" / "quickstart.yaml"), "--rate", "0.2")
    assert said.code == 0, said.err
    assert "note: no profile is given: CPUs are taken for 'cpu'" in said.out
    many = str(ROOT / "examples" / "experts48.yaml")
    said = coterie("simulate", many, "--profile", "sn40l-node8", "--rate", "2", "--duration", "1m")
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "give either `--trace FILE` or `--rate REQUESTS`"),
        (("--rate", "1", "--policy", "best"), "no policy 'best'"),
        (("--rate", "1", "--hot", "much"), "`--hot` is wrong"),
        (("--rate", "1", "--cores", "4"), "`--cores` is for journals"),
        (("--rate", "1", "--profile", "m=h200"), "there is no node 'm'"),
        (("--rate", "1", "--fault", "node:m@1s+2s"), "there is no node 'm'"),
        (("--rate", "1", "--fail-on", "p95 > 2s"), "no figure is called 'p95'"),
        (("--rate", "1", "--report", "page.pdf"), "expected a file's name, as page.html"),
        (("--rate", "1", "--parquet", __file__), "is a file: expected a folder's name"),
    ],
)
def test_options_that_make_no_sense_are_exit_status_2(
    coterie: Coterie, composition: str, options: tuple[str, ...], told: str
) -> None:
    said = coterie("simulate", composition, "--profile", "n=h200", *options)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("c.yaml", "experts: []", "c.yaml: nodes: missing"),
        ("c.yaml", DOCUMENT.replace("16GB", "0"), "'a': nothing is known of its size"),
        ("t.csv", "arrival_s,expert,prompt_tokens,output_tokens\n0,z,1,1\n", "line 2: expert 'z'"),
        ("p.yaml", "name: p", "p.yaml: tiers: missing"),
        ("m.json", "[8]", "[0]: expected an object with a `name`"),
    ],
)
def test_files_that_are_wrong_are_exit_status_1_and_nothing_is_written(
    coterie: Coterie, composition: str, tmp_path: Path, file: str, text: str, told: str
) -> None:
    path = tmp_path / file
    path.write_text(text)
    words = {
        "c.yaml": (str(path), *ASKED),
        "t.csv": (composition, "--profile", "h200", "--trace", str(path)),
        "p.yaml": (composition, "--profile", str(path), *ASKED[2:]),
        "m.json": (composition, "--models", str(path), *ASKED),
    }
    page = tmp_path / "page.html"
    said = coterie("simulate", *words[file], "--report", str(page))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert not page.exists()


def test_of_a_journal_what_happened_stands_beside_what_the_model_makes_of_it(
    coterie: Coterie, recorded: Path
) -> None:
    said = coterie("simulate", str(recorded), "--json")
    assert said.code == 0, said.err
    happened, simulated = json.loads(said.out)["variants"]
    assert (happened["name"], simulated["name"]) == ("recorded", "simulated")
    assert happened["requests"] == simulated["requests"] == 3
    assert happened["answered"] == simulated["answered"] == 3
    assert happened["loads"] == 4
    assert simulated["loads"] in (3, 4)  # as loads happened to be quick


def test_of_a_journal_what_if_is_a_column_each(coterie: Coterie, recorded: Path) -> None:
    options = ["--policy", "lru", "--policy", "cost", "--hot", "3MiB", "--speed", "2"]
    said = coterie("simulate", str(recorded), *options, "--fail-on", "loads > 2")
    assert said.out.splitlines()[0].split() == ["recorded", "simulated", "lru", "cost"]
    loads = next(line for line in said.out.splitlines() if line.startswith("loads"))
    assert loads.split()[1] == "4"
    assert loads.split()[3:] == ["2", "2"]  # now there is room for both
    assert said.err == "coterie: simulated: loads > 2 holds\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--policy", "best"], "no policy 'best'"),
        (["--hot", "much"], "`--hot` is wrong"),
        (["--speed", "0"], "`--speed` is 0: expected more than 0"),
        (["--cores", "0"], "`--cores` is 0: expected more than 0"),
        (["--rate", "1"], "`--rate` is for compositions"),
        (["--map", "by-rank"], "`--map` is for compositions"),
        (["--profile", "cpu"], "`--profile` is for compositions"),
        (["--fault", "link:local@1s+1sx0.5"], "the profile of 'local' has no link"),
    ],
)
def test_of_a_journal_other_options_make_no_sense(
    coterie: Coterie, recorded: Path, options: list[str], told: str
) -> None:
    said = coterie("simulate", str(recorded), *options)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not even a snapshot"),
        (b'{"type":"Sneezed"}\n', "line 1: "),
        (b'{"type":"Tick","at":1.0}\n', "begins in the middle"),
    ],
)
def test_what_is_no_journal_is_told(
    coterie: Coterie, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "0000000001.jsonl"
    file.write_bytes(content)
    said = coterie("simulate", str(file))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    gone = coterie("simulate", str(tmp_path / "gone"))
    assert gone.code == 1
    assert "gone' cannot be read" in gone.err
