"""Rated prompts of three kinds, each with its expert, and a router that is fitted to them."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.router.artefact import write_router
from coterie.router.embedders import open_embedder
from coterie.router.fit import fit
from coterie.router.ratings import Ratings, read_ratings
from coterie.router.seen import sketch

PHRASES = {
    "code": "fix the {} function in this python {} that raises an exception",
    "maths": "how many percent of the number {} is twice the number {}",
    "prose": "write a gentle poem about the {} that loved a {}",
}
WORDS = (
    *("river", "stone", "cat", "winter", "tree", "moon", "array"),
    *("parser", "garden", "ocean", "kite", "string", "cloud", "lamp"),
)
WORTH = {
    "code": {"coder": 0.9, "writer": 0.1, "giant": 0.6},
    "maths": {"coder": 0.3, "writer": 0.2, "giant": 0.9},
    "prose": {"coder": 0.1, "writer": 0.9, "giant": 0.6},
}
SIZES = [
    {"name": "coder", "active_params_b": 4},
    {"name": "writer", "params_b": 5},
    {"name": "giant", "active_params_b": 20},
]


def rows(count: int = 240, seed: int = 0) -> Iterator[dict[str, Any]]:
    draw = random.Random(seed)
    for i in range(count):
        category = tuple(PHRASES)[i % 3]
        yield {
            "id": f"{seed}-{i}",
            "prompt": PHRASES[category].format(*draw.choices(WORDS, k=2)) + f" {draw.random():.3f}",
            "category": category,
            "scores": {name: float(draw.random() < p) for name, p in WORTH[category].items()},
        }


def as_lines(of: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in of)


@pytest.fixture(scope="session")
def drawn() -> Callable[..., list[dict[str, Any]]]:
    """`drawn(count, seed)` gives rated prompts, as rows of a file."""
    return lambda count=240, seed=0: list(rows(count, seed))


@pytest.fixture(scope="session")
def lines() -> Callable[[Any], str]:
    return as_lines


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `my.router`, the ratings that it was fitted to, and `held.jsonl`."""
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "rated.jsonl").write_text(as_lines(rows()))
    (folder / "held.jsonl").write_text(as_lines(rows(120, 1)))
    (folder / "sizes.json").write_text(json.dumps(SIZES))
    ratings = read_ratings([folder / "rated.jsonl"])
    learned = fit(ratings, open_embedder("static"))
    write_router(learned, folder / "my.router", sketch(ratings.prompts))
    return folder


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of labels without scores, a part of which are out of scope."""
    folder = tmp_path_factory.mktemp("labelled")
    for name, seed in (("labels", 0), ("held", 1)):
        text = as_lines({**row, "scores": None} for row in rows(240, seed))
        (folder / f"{name}.jsonl").write_text(text.replace('"maths"', '"other"'))
    return folder


@pytest.fixture
def folder(fitted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of its own to work in, with the same files."""
    for path in fitted.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def ratings(fitted: Path) -> Ratings:
    return read_ratings([fitted / "held.jsonl"])
