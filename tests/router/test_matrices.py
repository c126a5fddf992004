"""Prompts as matrices: which words count, and how much."""

import numpy as np
import pytest

from coterie.router.embedders import Floats
from coterie.router.features import Features
from coterie.router.matrices import MOST_NEIGHBOURS, VECTOR, Matrices, matrices, vocabulary


def features(
    *places: int, counts: tuple[float, ...] = (), vector: Floats | None = None
) -> Features:
    """Of a text whose tokens have these places."""
    return Features(
        np.array(places, dtype=np.int64),
        np.array(counts or (1.0,) * len(places), dtype=np.float32),
        np.zeros(2, dtype=np.float32) if vector is None else vector,
        np.full(3, len(places), dtype=np.float32),
    )


def test_words_that_were_seen_twice_are_known_and_rare_ones_weigh_more() -> None:
    places, idf = vocabulary([features(3, 7, 9), features(3, 9), features(3, 5)])
    assert places.tolist() == [3, 9]
    assert idf.tolist() == pytest.approx([np.log(4 / 4) + 1, np.log(4 / 3) + 1])
    assert idf.dtype == np.float32


def test_where_no_word_was_seen_twice_none_is_known() -> None:
    places, idf = vocabulary([features(1), features(2), features()])
    assert (len(places), len(idf)) == (0, 0)
    assert matrices([features(1)], places, idf).words.shape == (1, 0)


def test_words_are_rows_of_length_one_and_unknown_ones_are_left_out() -> None:
    places, idf = np.array([3, 9]), np.array([1.0, 2.0], dtype=np.float32)
    found = matrices(
        [features(3, 5, 9, counts=(1.5, 9.0, 1.0)), features(4), features()], places, idf
    )
    np.testing.assert_allclose(
        found.words.toarray(), np.array([[0.6, 0.8], [0, 0], [0, 0]]), rtol=1e-6
    )
    assert found.surface.tolist() == [[3.0] * 3, [1.0] * 3, [0.0] * 3]


def test_words_and_weighted_vectors_stand_side_by_side() -> None:
    places, idf = np.array([3]), np.ones(1, dtype=np.float32)
    found = matrices([features(3, vector=np.array([0.6, 0.8], dtype=np.float32))], places, idf)
    np.testing.assert_allclose(
        found.both.toarray(), np.array([[1.0, 0.6 * VECTOR, 0.8 * VECTOR]]), rtol=1e-6
    )


def test_rows_are_taken_in_their_order() -> None:
    places, idf = np.array([3, 4]), np.ones(2, dtype=np.float32)
    every = [features(3, vector=np.array([1, 0])), features(4, vector=np.array([0, 1])), features()]
    found = matrices(every, places, idf).take(np.array([2, 0]))
    assert found.words.toarray().tolist() == [[0, 0], [1, 0]]
    assert found.vectors.tolist() == [[0, 0], [1, 0]]
    assert found.surface[:, 0].tolist() == [0, 1]


def test_prompts_that_others_are_compared_with_are_bounded() -> None:
    n = MOST_NEIGHBOURS + 5
    vectors, column = np.zeros((n, 1), dtype=np.float32), np.zeros((n, 1), dtype=np.float32)
    found = Matrices(None, vectors, column).neighbours(np.arange(n), column, column)
    assert {len(part) for part in found} == {MOST_NEIGHBOURS}
    assert found.labels[-1] == MOST_NEIGHBOURS - 1
