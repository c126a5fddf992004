"""On a small matrix of scores, made here: the protocol, and that nothing held out is used."""

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import composition
from benchmarks.composition import Half, Set, answered, read, rivalry, row_of, run, split
from coterie.planner import best_single, select

MODELS: list[dict[str, Any]] = [
    {"name": "coder", "params_b": 8, "active_params_b": 8, "bf16_gb": 16},
    {"name": "writer", "params_b": 8, "active_params_b": 8, "bf16_gb": 16},
    {"name": composition.RIVAL, "params_b": 51, "active_params_b": 51, "bf16_gb": 103},
    {"name": "closed", "params_b": None, "active_params_b": None, "bf16_gb": None},
]
SCORES = {"code": (1.0, 0.0, 0.5, 1.0), "prose": (0.0, 1.0, 0.5, 1.0)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "matrices" / "small"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text(json.dumps(MODELS))
    kinds = [list(SCORES)[i % 2] for i in range(60)]
    with gzip.open(folder / "prompts.jsonl.gz", "wt") as file:
        for i, kind in enumerate(kinds):
            file.write(json.dumps({"id": i, "domain": kind, "prompt": f"some {kind} again"}) + "\n")
    with gzip.open(folder / "scores.csv.gz", "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", *(one["name"] for one in MODELS)])
        rows.writerows([i, *SCORES[kind]] for i, kind in enumerate(kinds))
    return tmp_path


def half(data: Path) -> Half:
    ratings, candidates = read(data / "matrices" / "small", 1e9)
    return split(ratings, candidates, seed=1)


def test_closed_models_and_those_too_large_do_not_take_part(data: Path) -> None:
    ratings, candidates = read(data / "matrices" / "small", 9.0)
    assert ratings.experts == ("coder", "writer")
    assert [one.size_bytes for one in candidates] == [16_000_000_000] * 2


def test_three_in_ten_prompts_are_held_out(data: Path) -> None:
    found = half(data)
    assert found.scores.shape == (18, 3)
    assert found.chances.shape == (18, 2)
    assert np.allclose(found.chances.sum(axis=1), 1.0)


@pytest.mark.parametrize(("method", "mean"), [("true", 1.0), ("hard", 1.0), ("soft", 1.0)])
def test_the_small_ones_together_answer_everything(data: Path, method: str, mean: float) -> None:
    found = half(data)
    problem = replace(found.problem, memory_bytes=32 * 10**9)
    plan = select(problem)
    assert plan.experts == ("coder", "writer")
    assert answered(found, plan, method).mean() == mean
    single = best_single(problem, problem.memory_bytes)
    assert single is not None
    assert answered(found, single, "oracle").mean() < 1.0


def test_a_row_has_means_and_is_empty_where_nothing_fits(data: Path) -> None:
    halves = [half(data)]
    row = row_of(halves, 50)
    assert (row["GB"], row["experts"], row["soft"], row["oracle"]) == (50, 2.0, 100.0, 100.0)
    assert row_of(halves, 10) == {}


def test_the_rival_is_beaten_by_as_much_as_it_is(data: Path) -> None:
    row = rivalry([half(data)], "soft")
    assert (row["composition"], row["difference"]) == (100.0, 50.0)
    assert (row["95 % low"], row["95 % high"]) == (50.0, 50.0)


def test_each_set_has_its_table(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "SETS", (Set("small", "small", 1e9),))
    tables = run(data=data, seeds=2, budgets_gb=(16, 32, 120))
    assert [one.title for one in tables] == ["small", f"against {composition.RIVAL}"]
    assert [row["GB"] for row in tables[0].rows] == [16, 32, 120]
    assert "no worse in 2 of 2 steps where fitted" in tables[0].notes[-1]
