"""What experts are worth: by category, and by what prompts say beyond it."""

import numpy as np
import pytest
from scipy import sparse

from coterie.router.embedders import Floats, Integers
from coterie.router.learned import RESIDUE
from coterie.router.matrices import Matrices
from coterie.router.regression import (
    FEW,
    LEAF,
    THIN_CATEGORY,
    Affine,
    expected,
    fit_regression,
    targets,
)

NAN = float("nan")
NONE = np.zeros(0, dtype=np.float32)


def prompts(words: Integers, v: int) -> Matrices:
    """One word each, which the vector says as well."""
    rows = np.eye(v, dtype=np.float32)[words]
    return Matrices(sparse.csr_matrix(rows), rows, np.zeros((len(words), 1), dtype=np.float32))


def alike(n: int) -> Matrices:
    """Prompts that say nothing: no words, no vector."""
    return Matrices(
        sparse.csr_matrix((n, 0), dtype=np.float32),
        np.zeros((n, 2), dtype=np.float32),
        np.zeros((n, 1), dtype=np.float32),
    )


def likely(labels: Integers, k: int) -> Floats:
    rows: Floats = np.eye(k, dtype=np.float32)[labels]
    return rows


# What is left of scores.


def test_scores_are_freed_of_experts_means_and_of_how_hard_prompts_are() -> None:
    scores = np.array([[1.0, 0.8], [0.4, 0.2]], dtype=np.float32)
    centre, left = targets(scores)
    assert centre.tolist() == pytest.approx([0.7, 0.5])
    np.testing.assert_allclose(left, [[0.1, 0.1], [-0.1, -0.1]], atol=1e-6)


def test_who_was_not_measured_has_no_target_and_makes_no_prompt_hard() -> None:
    scores = np.array([[1.0, NAN], [0.0, 0.5], [NAN, NAN]], dtype=np.float32)
    centre, left = targets(scores)
    assert centre.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(
        left, [[0.25, NAN], [-0.5 + 0.5 / 3, 0.5 / 3], [NAN, NAN]], atol=1e-6
    )


def test_without_experts_there_are_no_targets() -> None:
    centre, left = targets(np.zeros((3, 0), dtype=np.float32))
    assert (centre.shape, left.shape) == ((0,), (3, 0))


# Categories.


def test_a_categorys_mean_is_believed_as_far_as_it_was_measured() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    wanted = np.where(labels[:, None] == 0, 0.4, NAN).astype(np.float32)
    wanted[20] = 0.4  # one of the other category
    found = fit_regression(wanted, likely(labels, 2), alike(40), labels)
    half, little = 20 / (20 + THIN_CATEGORY), 1 / (1 + THIN_CATEGORY)
    assert found.means[:, 0].tolist() == pytest.approx([0.4 * half, 0.4 * little])
    assert found.means.dtype == np.float32


def test_few_prompts_grow_no_forest_and_more_do() -> None:
    for n, grows in ((4 * LEAF - 1, False), (4 * LEAF, True)):
        labels = np.arange(n) % 2
        wanted = labels[:, None].astype(np.float32)
        found = fit_regression(wanted, likely(labels, 2), alike(n), labels)
        assert (found.forest is not None) is grows


@pytest.mark.parametrize("m", [1, 2])
def test_a_forest_tells_categories_apart_for_one_expert_or_many(m: int) -> None:
    labels = np.arange(160) % 2
    wanted = np.where(labels[:, None] == 0, 0.4, -0.4).astype(np.float32).repeat(m, axis=1)
    found = fit_regression(wanted, likely(labels, 2), alike(160), labels)
    said = expected(found, likely(np.array([0, 1]), 2), alike(2))
    assert said.shape == (2, m)
    np.testing.assert_allclose(said, [[0.4] * m, [-0.4] * m], atol=0.05)


# Beyond categories.


def test_what_a_word_says_beyond_its_category_is_found() -> None:
    words = np.arange(60) % 2
    wanted = np.where(words[:, None] == 0, 0.4, -0.4).astype(np.float32)
    one = np.zeros(60, dtype=int)
    found = fit_regression(wanted, likely(one, 1), prompts(words, 2), one)
    assert found.means[0, 0] == pytest.approx(0.0, abs=1e-6)
    said = expected(found, likely(np.array([0, 0]), 1), prompts(np.array([0, 1]), 2))
    assert said[0, 0] > 0.05
    assert said[1, 0] < -0.05
    assert abs(said).max() <= 3 * RESIDUE * 0.4  # neighbours', words' and vectors' part


def test_unmeasured_scores_say_nothing_whatever_their_prompts() -> None:
    words = np.arange(60) % 3
    wanted = np.full((60, 2), NAN, dtype=np.float32)
    found = fit_regression(wanted, likely(words, 3), prompts(words, 3), words)
    said = expected(found, likely(words, 3), prompts(words, 3))
    np.testing.assert_array_equal(said, np.zeros((60, 2)))


def test_the_forest_sees_no_more_dimensions_than_there_are() -> None:
    for v, r in ((1, 0), (2, 1), (FEW + 5, FEW)):
        words = np.arange(60) % v
        found = fit_regression(
            NONE.repeat(60).reshape(60, 0), likely(words, v), prompts(words, v), words
        )
        assert found.few.constants.shape == (2 * r,)
        assert found.few.of(prompts(words, v)).shape == (60, 2 * r)


def test_without_experts_nothing_is_expected() -> None:
    labels = np.arange(100) % 2
    found = fit_regression(
        np.zeros((100, 0), dtype=np.float32), likely(labels, 2), alike(100), labels
    )
    assert found.forest is None
    assert expected(found, likely(labels, 2), alike(100)).shape == (100, 0)


def test_an_affine_map_is_of_words_and_vectors_and_constants() -> None:
    words = np.array([[1.0], [2.0]], dtype=np.float32)
    vectors = np.array([[10.0], [20.0]], dtype=np.float32)
    found = Affine(words, vectors, np.array([100.0], dtype=np.float32))
    assert found.of(prompts(np.array([0, 1]), 2)).tolist() == [[111.0], [122.0]]
