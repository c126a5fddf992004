"""Texts as places, counts, a vector and a surface."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.router.embedders import Embedder
from coterie.router.features import PLACES, Features, read, read_all
from coterie.router.text import normal, surface
from coterie.router.words import Words


def same(one: Features, other: Features) -> None:
    np.testing.assert_array_equal(one.places, other.places)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)
    np.testing.assert_array_equal(one.surface, other.surface)


def test_tokens_and_pairs_have_a_place_each(words: Embedder) -> None:
    assert len(read(words, "red").places) == 1
    assert len(read(words, "red blue").places) == 3
    assert len(read(words, "red blue green").places) == 5


def test_the_order_of_words_is_in_pairs(words: Embedder) -> None:
    one, turned = read(words, "red blue"), read(words, "blue red")
    assert len(np.intersect1d(one.places, turned.places)) == 2
    twice = read(words, "red red")
    assert len(twice.places) == 2
    assert len(np.intersect1d(one.places, twice.places)) == 1


def test_what_is_there_often_counts_for_more_but_not_as_often(words: Embedder) -> None:
    often = read(words, "red red red red")
    assert sorted(often.counts) == pytest.approx([1 + np.log(3), 1 + np.log(4)])
    assert (read(words, "red blue green").counts == 1).all()


@given(st.text(alphabet="abc d,\n", max_size=60) | st.text(max_size=60))
def test_places_are_in_order_and_there_once(text: str) -> None:
    found = read(Words(), text)
    assert (np.diff(found.places) > 0).all()
    assert found.places.shape == found.counts.shape
    assert ((found.places >= 0) & (found.places < PLACES)).all()
    assert (found.counts >= 1).all()
    tokens = len(Words().read([normal(text)])[0][0])
    total = np.round(np.exp(found.counts - 1)).sum()
    assert total == max(0, 2 * tokens - 1)


def test_a_text_without_words_has_no_place(words: Embedder, static: Embedder) -> None:
    for embedder in (words, static):
        for text in ("", "  \n"):
            found = read(embedder, text)
            assert len(found.places) == len(found.counts) == 0
            assert not found.vector.any()
            np.testing.assert_array_equal(found.surface, surface(""))


def test_vector_and_surface_are_those_of_the_normal_text(static: Embedder) -> None:
    found = read(static, "Please,  FIX this bug!")
    np.testing.assert_allclose(found.vector, static.embed(["fix this bug!"])[0], atol=1e-6)
    np.testing.assert_array_equal(found.surface, surface("fix this bug!"))
    same(found, read(static, "fix this bug! Thanks."))


@pytest.mark.parametrize("text", ["\ud800 soup", "x" * 3_000_000, "!" * 1_000_000, "soup " * 10**6])
def test_any_text_is_read(static: Embedder, words: Embedder, text: str) -> None:
    for embedder in (static, words):
        found = read(embedder, text)
        assert np.isfinite(found.vector).all()
        assert len(found.places) < 10_000


def test_many_are_read_as_one_is_and_told_of(static: Embedder) -> None:
    texts = [f"text {i} of {i % 7}" for i in range(600)]
    told: list[int] = []
    found = read_all(static, texts, told.append)
    assert len(found) == sum(told) == 600
    assert len(told) > 1
    for i in (0, 255, 256, 599):
        same(found[i], read(static, texts[i]))
    assert read_all(static, []) == []


def test_places_are_spread(words: Embedder) -> None:
    texts = [f"a{a} b{b}" for a in range(100) for b in range(30)]
    places = np.unique(np.concatenate([one.places for one in read_all(words, texts)]))
    assert 3120 <= len(places) <= 3130
    assert np.histogram(places, 16, (0, PLACES))[0].min() > 100
