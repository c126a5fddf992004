"""Categories of prompts that are all but words."""

import numpy as np
import pytest
from scipy import sparse

from coterie.router.classifier import NEVER, Classifier, fit_classifier, foretold
from coterie.router.embedders import Floats, Integers
from coterie.router.matrices import Matrices


def prompts(words: list[int], v: int = 3) -> Matrices:
    """One word each, which the vector says as well."""
    rows = np.eye(v, dtype=np.float32)[words]
    return Matrices(sparse.csr_matrix(rows), rows, np.zeros((len(words), 1), dtype=np.float32))


def odds(found: Classifier, of: Matrices) -> Floats:
    rows: Floats = of.both @ found.weights + found.constants
    return rows


WORDS = [i % 3 for i in range(30)]
LABELS = np.array(WORDS)


def test_a_category_is_told_by_its_words() -> None:
    found = fit_classifier(prompts(WORDS), LABELS, 3)
    assert odds(found, prompts([0, 1, 2])).argmax(axis=1).tolist() == [0, 1, 2]
    assert found.weights.shape == (6, 3)
    assert {found.weights.dtype, found.constants.dtype} == {np.dtype(np.float32)}


@pytest.mark.parametrize("two", [(0, 1), (0, 2), (2, 1)])
def test_of_two_categories_either_is_told_whichever_comes_first(two: tuple[int, int]) -> None:
    labels = np.array([two[one] for one in np.arange(30) % 2])
    found = fit_classifier(prompts([one % 2 for one in range(30)]), labels, 3)
    said = odds(found, prompts([0, 1]))
    assert said.argmax(axis=1).tolist() == list(two)
    assert set(found.constants[[one for one in range(3) if one not in two]]) == {NEVER}


def test_prompts_without_a_label_say_nothing() -> None:
    known = fit_classifier(prompts(WORDS), LABELS, 3)
    found = fit_classifier(prompts([*WORDS, 0, 0]), np.array([*LABELS, -1, -1]), 3)
    np.testing.assert_array_equal(found.weights, known.weights)
    np.testing.assert_array_equal(found.constants, known.constants)


@pytest.mark.parametrize("labels", [np.full(30, -1), np.full(30, 1), np.array([-1] * 29 + [2])])
def test_with_fewer_than_two_labels_every_category_is_as_likely(labels: Integers) -> None:
    found = fit_classifier(prompts(WORDS), labels, 3)
    assert not found.weights.any()
    assert not found.constants.any()


def test_what_is_foretold_of_a_prompt_does_not_come_of_its_own_label() -> None:
    wrong = LABELS.copy()
    wrong[0] = 1  # its word says 0, as do nine others
    found = foretold(prompts(WORDS), wrong, 3, lambda *one: None)
    assert found.odds[0].argmax() == 0
    assert found.vote[0].argmax() == 0
    assert found.odds.argmax(axis=1)[3:].tolist() == WORDS[3:]
    assert found.nearness.tolist() == pytest.approx([1.0] * 30)


def test_a_prompt_like_no_other_is_far_from_them() -> None:
    found = foretold(prompts([*WORDS, 3], v=4), np.array([*LABELS, 0]), 3, lambda *one: None)
    assert found.nearness[-1] == 0
    assert not found.vote[-1].any()


def test_without_categories_there_is_nothing_to_tell_but_how_near_others_are() -> None:
    found = foretold(prompts(WORDS), np.full(30, -1), 0, lambda *one: None)
    assert (found.odds.shape, found.vote.shape) == ((30, 0), (30, 0))
    assert found.nearness.tolist() == pytest.approx([1.0] * 30)
