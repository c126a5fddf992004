"""Journals of machines that are known, given as a user would; and what is wrong with others."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from coterie.hardware.catalogue import load
from coterie.hardware.document import as_yaml
from coterie.hardware.model import Card
from coterie.hardware.profile import Efficiency, Overheads
from coterie.scheduler.replay import Entry, encode
from tests.hardware.journal_of import asked, journal

Coterie = Callable[..., Any]
CARDS = {"small": Card("small", 8 * 10**8, 4e8), "large": Card("large", 2 * 10**9, 1e9)}
SIZES = [
    {"name": "small", "params_b": 0.4, "bytes": 8 * 10**8, "kv_bytes_per_token": 1},
    {"name": "large", "params_b": 1.0, "bytes": 2 * 10**9, "kv_bytes_per_token": 1},
]
TRUTH = structs.replace(
    load("cpu"),
    cores=8,
    efficiency=Efficiency(prefill=0.3, decode=0.1, bandwidth=0.4),
    overheads=Overheads(first_token=0.01, token=0.002, load=0.4, unload=0.03),
)
START = structs.replace(
    TRUTH,
    efficiency=Efficiency(prefill=0.6, decode=0.2, bandwidth=0.8),
    overheads=Overheads(first_token=0.005, token=0.001, load=0.8, unload=0.06),
)


def written(folder: Path, entries: Sequence[Entry], name: str = "0000000001.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"".join(encode(entry) + b"\n" for entry in entries))
    return folder


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return journal(TRUTH, CARDS, asked(tuple(CARDS), 120, 0.5))


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    start, sizes = tmp_path / "start.yaml", tmp_path / "sizes.json"
    start.write_bytes(as_yaml(START))
    sizes.write_text(json.dumps(SIZES))
    return ["--profile", str(start), "--models", str(sizes)]


def test_the_machine_of_a_journal_is_found_and_written(
    coterie: Coterie, tmp_path: Path, entries: list[Entry], options: list[str]
) -> None:
    folder, target = written(tmp_path / "journal", entries), tmp_path / "my box.yaml"
    said = coterie("profile", "fit", str(folder), *options, "-o", str(target))
    assert (said.code, said.out) == (0, ""), said.err
    found = load(str(target))
    assert found.name == "my-box"
    assert found.about.endswith("fitted to 120 answers of a live system.")
    assert found.efficiency.bandwidth == pytest.approx(0.4, rel=0.02)
    assert found.efficiency.prefill == pytest.approx(0.3, rel=0.05)
    assert found.overheads.load == pytest.approx(0.4, rel=0.02)
    assert found.overheads.unload == pytest.approx(0.03, rel=0.02)
    assert found.uncertainty["efficiency.prefill"] < 0.05
    assert said.err.startswith("120 answers\n")
    checked = coterie("profile", "check", str(target))
    assert checked.out == f"{target}: no problems\n"


def test_several_journals_are_one_and_segments_need_not_be_whole(
    coterie: Coterie, tmp_path: Path, entries: list[Entry], options: list[str]
) -> None:
    one = written(tmp_path / "one", entries)
    two = written(tmp_path / "two", entries[: len(entries) // 2])
    with (two / "0000000001.jsonl").open("ab") as file:
        file.write(b'{"type":"Finis')  # cut off by a crash
    said = coterie("profile", "fit", str(one), str(two), *options, "--json")
    found = json.loads(said.out)
    assert 120 < found["counts"]["answered"] < 240
    assert found["figures"]["overheads.load"]["before"] == 0.8
    assert found["profile"]["overheads"]["load"] == pytest.approx(0.4, rel=0.02)
    assert found["errors"]["loads"]["after"]["median"] < 0.01
    assert "tiers.disk.bandwidth" in found["lacking"]


def test_without_options_it_begins_at_the_usual_cpu_and_says_what_it_takes_for_granted(
    coterie: Coterie, tmp_path: Path, entries: list[Entry]
) -> None:
    said = coterie("profile", "fit", str(written(tmp_path / "journal", entries)))
    assert said.code == 0, said.err
    assert "\nname: fitted\n" in said.out
    assert "no profile is given: CPUs are taken for 'cpu'" in said.err
    assert "'large' and 'small': taken for models of 16 bits" in said.err


def test_one_expert_alone_is_fitted_to(
    coterie: Coterie, tmp_path: Path, entries: list[Entry], options: list[str]
) -> None:
    folder = str(written(tmp_path / "journal", entries))
    said = coterie("profile", "fit", folder, *options, "--expert", "small", "--json")
    assert "experts of one size" in json.loads(said.out)["lacking"]["overheads.token"]
    said = coterie("profile", "fit", folder, *options, "--expert", "smal")
    assert "no journal has an expert 'smal'; did you mean 'small'?" in said.err


def test_a_device_that_is_not_there_is_told(
    coterie: Coterie, tmp_path: Path, entries: list[Entry], options: list[str]
) -> None:
    folder = str(written(tmp_path / "journal", entries))
    assert coterie("profile", "fit", folder, *options, "--device", "n/d").code == 0
    said = coterie("profile", "fit", folder, *options, "--device", "west")
    assert said.code == 1
    assert "`--device`: there is no 'west'; there are 'n' and 'n/d'" in said.err


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty: it has not even a snapshot"),
        (b"not a line of a journal\n", "0000000001.jsonl, line 1:"),
        (b'{"type":"Snapshot","at":1.0}\n', "0000000001.jsonl, line 1:"),
        (b'{"type":"Tick","at":1.0}\n', "a journal begins with a snapshot"),
        (b'{"type":"Invented","at":1.0}\n', "0000000001.jsonl, line 1:"),
    ],
)
def test_what_is_no_journal_is_told(
    coterie: Coterie, tmp_path: Path, data: bytes, told: str
) -> None:
    folder = written(tmp_path / "journal", [])
    (folder / "0000000001.jsonl").write_bytes(data)
    said = coterie("profile", "fit", str(folder))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_journal_in_which_nobody_was_answered_is_told(
    coterie: Coterie, tmp_path: Path, entries: list[Entry]
) -> None:
    folder = written(tmp_path / "journal", entries[:3])
    said = coterie("profile", "fit", str(folder))
    assert "no request that was answered: there is nothing to be fitted to" in said.err


def test_options_that_make_no_sense_are_told_before_anything_is_written(
    coterie: Coterie, tmp_path: Path, entries: list[Entry], options: list[str]
) -> None:
    folder = str(written(tmp_path / "journal", entries))
    there = tmp_path / "there.yaml"
    there.write_text("kept")
    diskless = tmp_path / "bare.yaml"
    diskless.write_text("name: bare\ncores: 2\ncompute: 1TFLOP/s\n")
    for words, told in (
        ([folder, folder], "is given twice"),
        ([str(tmp_path / "gone")], "cannot be read"),
        ([str(tmp_path)], "holds no journal segment"),
        ([folder, "-o", str(there)], "is there already"),
        ([folder, "-o", str(tmp_path / "x.json")], "expected a name in .yaml"),
        ([folder, "--name", "a/b"], "`--name` is 'a/b'"),
        ([folder, "--profile", "h20"], "did you mean 'h200'?"),
        ([folder, "--profile", str(diskless)], "tiers: missing"),
        ([folder, "--file", str(tmp_path / "no.yaml")], "cannot be read"),
    ):
        said = coterie("profile", "fit", *words)
        assert (said.code, said.out) == (1, ""), words
        assert told in said.err, words
    assert there.read_text() == "kept"


def test_an_accelerator_is_not_taken_for_a_cpu(
    coterie: Coterie, tmp_path: Path, entries: list[Entry]
) -> None:
    folder = str(written(tmp_path / "journal", entries))
    file = tmp_path / "composition.yaml"
    file.write_text(
        "nodes: [{name: n, devices: [{name: d, kind: cuda, hot: 1GiB}]}]\n"
        "experts: [{name: small, engine: echo, options: {hot: 1MiB}}]\n"
    )
    said = coterie("profile", "fit", folder, "--file", str(file))
    assert "'n/d' is of kind 'cuda', of which nothing is known: give `--profile NAME`" in said.err


def test_experts_of_whose_size_nothing_is_known_are_named(
    coterie: Coterie, tmp_path: Path, entries: list[Entry]
) -> None:
    folder = str(written(tmp_path / "journal", entries))
    file = tmp_path / "composition.yaml"
    file.write_text(
        "nodes: [{name: n, devices: [{name: d, hot: 1GiB}]}]\n"
        "experts: [{name: other, engine: echo, options: {hot: 1MiB}}]\n"
    )
    said = coterie("profile", "fit", folder, "--file", str(file))
    assert said.code == 1
    assert "of 'large' and 'small' it is not known how large they are" in said.err
