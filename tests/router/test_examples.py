"""Categories by utterances, over an embedder of three words."""

from collections.abc import Sequence

import numpy as np
import pytest

from coterie.config.route import Category
from coterie.router.embedders import Floats, open_embedder
from coterie.router.examples import OTHER, Examples

WORDS = ("code", "law", "rain")


class Counting:
    """Counts three words."""

    name = "counting"
    digest = "counting"
    dimensions = len(WORDS)

    def embed(self, texts: Sequence[str]) -> Floats:
        found = np.array([[text.count(word) for word in WORDS] for text in texts], dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Floats = found / np.maximum(lengths, 1e-9)
        return unit


CODE = Category("programming", "coder", ("code", "code code", "more code", "rain"))
LAW = Category("law", "lawyer", ("law",))


def test_a_prompt_is_of_the_category_whose_nearest_examples_are_like_it() -> None:
    found = Examples((CODE, LAW), Counting()).classify("code, please")
    assert found.evidence.category == "programming"
    assert found.evidence.confidence > 0.99
    assert found.shares["coder"] == pytest.approx(found.evidence.confidence)
    assert not found.strange


def test_what_is_like_two_is_half_of_each_and_what_is_like_none_is_strange() -> None:
    examples = Examples((CODE, LAW), Counting())
    both = examples.classify("code law")
    assert both.shares["coder"] == pytest.approx(both.shares["lawyer"])
    assert both.evidence.confidence < 0.51
    none = examples.classify("soup")
    assert none.strange
    assert none.evidence.category == OTHER
    assert none.evidence.confidence > 0.5


def test_a_route_of_one_category_can_be_unsure() -> None:
    examples = Examples((LAW,), Counting())
    assert examples.classify("law").evidence.category == "law"
    assert examples.classify("rain").strange
    assert sum(examples.classify("law rain").shares.values()) < 1


def test_two_categories_may_go_to_one_expert() -> None:
    more = Category("contracts", "lawyer", ("law",))
    found = Examples((LAW, more), Counting()).classify("law")
    assert found.evidence.confidence < 0.51
    assert found.shares["lawyer"] > 0.99


def test_words_alone_need_no_weights() -> None:
    categories = (
        Category("programming", "coder", ("fix this python function", "write a unit test")),
        Category("poetry", "poet", ("write a poem about the sea", "a sonnet on love")),
    )
    examples = Examples(categories, open_embedder("words"))
    assert examples.classify("please fix my python function").evidence.category == "programming"
    assert examples.classify("a poem about the sea").evidence.category == "poetry"
    assert examples.classify("what is 7 times 8").strange
