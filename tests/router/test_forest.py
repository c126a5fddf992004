"""A forest as arrays answers as the one that was grown."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from coterie.router.forest import NAMES, Forest, grown


def arrays(**changed: Any) -> dict[str, Any]:
    """A tree that asks whether feature 0 is above a half, and one that asks nothing."""
    whole = {
        "roots": np.array([0, 3], dtype=np.int32),
        "feature": np.array([0, -1, -1, -1], dtype=np.int32),
        "threshold": np.array([0.5, 0, 0, 0], dtype=np.float32),
        "left": np.array([1, 0, 0, 0], dtype=np.int32),
        "right": np.array([2, 0, 0, 0], dtype=np.int32),
        "leaf": np.array([[0, 0], [1, 2], [3, 4], [5, 6]], dtype=np.float32),
    }
    return whole | {name: np.array(value, whole[name].dtype) for name, value in changed.items()}


@pytest.mark.parametrize("kind", [ExtraTreesRegressor, RandomForestRegressor])
@pytest.mark.parametrize("experts", [1, 3])
@pytest.mark.parametrize("leaf", [1, 20])
def test_it_answers_as_scikit_learn_does(kind: Any, experts: int, leaf: int) -> None:
    draw = np.random.default_rng(experts)
    rows = draw.standard_normal((400, 7)).astype(np.float32)
    wanted = np.sin(rows[:, :experts]) + draw.random((400, experts))
    target = wanted if experts > 1 else wanted[:, 0]
    trees = kind(20, min_samples_leaf=leaf, random_state=0).fit(rows, target)
    forest = grown(trees)
    assert forest.is_sound(7)
    asked = np.vstack([rows[:50], draw.standard_normal((100, 7))]).astype(np.float32)
    found = np.stack([forest.predict(row) for row in asked])
    assert found.shape == (150, experts)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, trees.predict(asked).reshape(150, -1), atol=1e-5)


def test_trees_of_a_single_leaf_give_the_mean() -> None:
    rows = np.zeros((30, 2), dtype=np.float32)
    target = np.linspace(0, 1, 60).reshape(30, 2)
    forest = grown(ExtraTreesRegressor(3, random_state=0).fit(rows, target))
    assert forest.is_sound(0)
    np.testing.assert_allclose(forest.predict(rows[0]), target.mean(axis=0), atol=1e-5)


def test_the_answer_is_the_mean_of_the_trees() -> None:
    forest = Forest(**arrays())
    for value, answer in ((0.0, [3, 4]), (0.5, [3, 4]), (0.6, [4, 5])):
        found = forest.predict(np.array([value], dtype=np.float32))
        np.testing.assert_allclose(found, answer)


def test_its_arrays_make_it_again() -> None:
    forest = Forest(**arrays())
    assert tuple(forest.arrays()) == NAMES
    again = Forest(**forest.arrays())
    np.testing.assert_array_equal(again.predict(np.ones(1, dtype=np.float32)), [4, 5])


@pytest.mark.parametrize(
    "changed",
    [
        {"left": [0, 0, 0, 0]},  # asks itself, for ever
        {"right": [0, 0, 0, 0]},
        {"left": [4, 0, 0, 0]},
        {"right": [-1, 0, 0, 0]},
        {"roots": [0, 4]},
        {"roots": [0, -1]},
        {"roots": []},
        {"feature": [1, -1, -1, -1]},
    ],
)
def test_one_that_leads_nowhere_is_not_sound(changed: dict[str, list[int]]) -> None:
    assert Forest(**arrays()).is_sound(1)
    assert not Forest(**arrays(**changed)).is_sound(1)
