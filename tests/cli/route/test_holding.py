from pathlib import Path

import numpy as np
import pytest

from coterie.cli.route.holding import as_lines, parted
from coterie.router.ratings import Ratings, read_ratings


def rated(categories: list[str], experts: int = 2) -> Ratings:
    count = len(categories)
    names = tuple(map(str, range(count)))
    scores = np.random.default_rng(0).random((count, experts)).astype(np.float32)
    return Ratings(names, names, tuple(categories), tuple(f"e{j}" for j in range(experts)), scores)


def test_a_share_of_each_category_is_held_back_always_the_same() -> None:
    ratings = rated(["a"] * 50 + ["b"] * 100)
    parts = parted(ratings, 0.2)
    assert parts is not None
    assert sorted(parts.held.categories) == ["a"] * 10 + ["b"] * 20
    assert sorted(parts.held.ids + parts.rest.ids) == sorted(ratings.ids)
    again = parted(ratings, 0.2)
    assert again is not None
    assert again.held.ids == parts.held.ids


def test_of_many_rare_categories_some_are_held() -> None:
    parts = parted(rated([str(i // 2) for i in range(200)]), 0.2)
    assert parts is not None
    assert 20 < len(parts.held) < 60


@pytest.mark.parametrize("count", [5, 22])
def test_what_is_too_little_is_not_divided(count: int) -> None:
    assert parted(rated(["a"] * count), 0.2) is None


def test_the_only_scores_of_an_expert_are_not_held_back() -> None:
    ratings = rated(["a"] * 100)
    parts = parted(ratings, 0.2)
    assert parts is not None
    ratings.scores[:, 1] = np.nan
    ratings.scores[int(parts.held.ids[0]), 1] = 1
    assert parted(ratings, 0.2) is None


def test_held_prompts_are_written_as_they_are_read(tmp_path: Path) -> None:
    ratings = rated(["a", "", "b"])
    ratings.scores[0, 1] = np.nan
    path = tmp_path / "held.jsonl"
    path.write_bytes(as_lines(ratings))
    found = read_ratings([path])
    assert (found.ids, found.prompts) == (ratings.ids, ratings.prompts)
    assert (found.categories, found.experts) == (ratings.categories, ratings.experts)
    assert np.allclose(found.scores, ratings.scores, atol=1e-6, equal_nan=True)
