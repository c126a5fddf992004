"""The routing benchmark: its splits do not overlap, its baselines do as they say."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.routing import SETS, Split, got, read, split, weighed
from benchmarks.routing_baselines import clusters, hard, label, neighbours, soft
from coterie.router import dial
from coterie.router.embedders import Embedder, Integers, open_embedder
from coterie.router.ratings import Ratings

WORDS = {
    "fruit": "apple pear plum cherry lemon grape melon peach",
    "tools": "hammer saw drill nail chisel wrench file vice",
}


def rated(count: int = 240) -> Ratings:
    """Two kinds of prompts, on each of which one of two experts is right; a third never is."""
    draw = np.random.default_rng(0)
    names = [("fruit", "tools")[i % 2] for i in range(count)]
    prompts = tuple(" ".join(draw.choice(WORDS[name].split(), 4)) for name in names)
    scores = np.array([[name == "fruit", name == "tools", 0] for name in names], dtype=np.float32)
    ids = tuple(str(i) for i in range(count))
    return Ratings(ids, prompts, tuple(names), ("grocer", "smith", "clown"), scores)


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(rated(), 0)


def test_a_split_holds_every_prompt_once_and_differs_by_its_number() -> None:
    ratings = rated()
    one, other = split(ratings, 0), split(ratings, 1)
    assert sorted((*one.train.ids, *one.held.ids)) == sorted(ratings.ids)
    assert len(one.train) == 168
    assert one.held.ids != other.held.ids
    assert split(ratings, 0).held.ids == one.held.ids


@pytest.mark.parametrize("method", [label, hard, soft, neighbours, clusters])
def test_baselines_find_what_is_plain(
    parts: Split, method: Callable[[Split, Embedder], Integers]
) -> None:
    scores = got(parts.held, method(parts, open_embedder("static")))
    assert scores.mean() > 0.95


def test_the_true_category_is_that_of_the_prompt_and_not_of_its_words(parts: Split) -> None:
    lied = Ratings(
        parts.held.ids,
        parts.held.prompts,
        ("tools",) * len(parts.held),
        parts.held.experts,
        parts.held.scores,
    )
    assert set(label(Split(parts.train, lied), open_embedder("words"))) == {1}


def test_the_dial_goes_from_the_best_to_the_cheapest() -> None:
    costs = np.array([10, 1, 5], dtype=np.float32)
    given = weighed(("a", "b", "c"), np.array([[0.9, 0.5, 0.1]], dtype=np.float32), costs)
    assert given.cost.tolist() == pytest.approx([1, 0.1, 0.5])
    assert dial.chosen(given, 0.0).tolist() == [0]
    assert dial.chosen(given, 1.0).tolist() == [1]


def test_a_set_without_sizes_has_all_its_experts(tmp_path: Path) -> None:
    folder = tmp_path / "matrices" / SETS[-1].folder
    folder.mkdir(parents=True)
    rows = '{"id": "1", "prompt": "a"}\n{"id": "2", "prompt": "b"}\n'
    (folder / "prompts.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    (folder / "scores.csv.gz").write_bytes(gzip.compress(b"id,x,y\n1,0,1\n2,1,0\n"))
    ratings, said = read(tmp_path, SETS[-1])
    assert ratings.experts == ("x", "y")
    assert said == {}
