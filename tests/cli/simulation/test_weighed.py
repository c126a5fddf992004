"""What experts weigh, from whatever is known of them."""

from pathlib import Path
from typing import Any

import pytest

from coterie.cli.simulation.weighed import Library, cache_bytes, read_models
from coterie.errors import PlanImpossible
from coterie.hardware import Card
from coterie.testing.gguf import tiny_gguf
from coterie.types import Expert

MODEL = {"name": "a", "params_b": 8, "bf16_gb": 16}
LLAMA = Expert("a", weights="hf://org/repo@main/a.gguf", context=1000, parallel=4)


def library(folder: Path, *rows: dict[str, Any]) -> Library:
    return Library(folder, folder / "state", {row["name"]: row for row in rows})


def test_weights_that_are_here_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(tiny_gguf())
    expert = Expert("a", weights="file://a.gguf")
    found = library(tmp_path, MODEL).weigh([expert])
    assert found.cards["a"].weight_bytes == (tmp_path / "a.gguf").stat().st_size
    assert [part.digest for part in found.footprints["a"].hot] == [
        f"path:{tmp_path / 'a.gguf'}",
        "private:a",
        "runtime:llamacpp",
    ]


def test_of_others_a_list_says_the_size(tmp_path: Path) -> None:
    found = library(tmp_path, MODEL | {"kv_bytes_per_token": 1000}).weigh([LLAMA])
    assert found.cards["a"] == Card("a", 16 * 10**9, 8e9, kv_bytes_per_token=1000)
    assert [part.size_bytes for part in found.footprints["a"].hot] == [16 * 10**9, 4 * 10**6]
    assert found.notes == ()


def test_a_cache_that_nothing_is_said_of_is_estimated(tmp_path: Path) -> None:
    found = library(tmp_path, MODEL).weigh([LLAMA])
    assert found.cards["a"].kv_bytes_per_token == 131_072
    assert found.footprints["a"].hot_bytes == 16 * 10**9 + 4 * 1000 * 131_072
    (note,) = found.notes
    assert note.startswith("KV caches of 'a' are estimated")


@pytest.mark.parametrize(
    ("parameters", "known"),
    [(0.135e9, 23_040), (8e9, 131_072), (70.6e9, 327_680), (405e9, 516_096)],
)
def test_the_estimate_is_of_the_order_of_open_models(parameters: float, known: int) -> None:
    assert 0.4 <= known / cache_bytes(Card("", 1, parameters)) <= 2.5


def test_an_engine_without_weights_stands_in_for_what_it_claims(tmp_path: Path) -> None:
    expert = Expert("a", engine="echo", options={"hot": "14GB"})
    found = library(tmp_path).weigh([expert])
    assert found.cards["a"] == Card("a", 14 * 10**9, 7e9)
    assert found.footprints["a"].hot_bytes == 14 * 10**9
    (note,) = found.notes
    assert note.startswith("'a': taken for models of 16 bits")


@pytest.mark.parametrize(
    ("expert", "told"),
    [
        (LLAMA, r"'a': .* its weights are not on this machine: give `--models"),
        (Expert("a", engine="echo"), r"'a': .* it claims no memory: give its `options.hot`, or"),
    ],
)
def test_of_whom_nothing_is_known_is_told(expert: Expert, told: str, tmp_path: Path) -> None:
    with pytest.raises(PlanImpossible, match=told):
        library(tmp_path).weigh([expert])


def test_lists_add_to_each_other_and_the_last_has_the_say(tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text('[{"name": "a", "params_b": 7}, {"name": "b", "params_b": 1}]')
    second.write_text('[{"name": "a", "params_b": 8, "bf16_gb": 16}]')
    rows = read_models([first, second])
    assert rows == {"a": MODEL, "b": {"name": "b", "params_b": 1}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nope", "this is not JSON"),
        ("{}", "expected a list of objects"),
        ('[{"params_b": 8}]', r"\[0\]: expected an object with a `name`"),
        ("[8]", r"\[0\]: expected an object with a `name`"),
    ],
)
def test_what_is_no_list_of_models_is_told(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(text)
    with pytest.raises(PlanImpossible, match=told):
        read_models([path])
    with pytest.raises(PlanImpossible, match="cannot be read"):
        read_models([tmp_path / "gone.json"])
