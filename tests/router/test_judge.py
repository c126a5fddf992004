"""What examples and learned scores make of a text together."""

from collections.abc import Sequence

import pytest

from coterie.config.route import Category
from coterie.router.embedders import Floats, open_embedder
from coterie.router.evidence import Evidence
from coterie.router.examples import OTHER, Embeds, Examples
from coterie.router.judge import Judge, Judgement

LAW = Category("law", "lawyer", ("can I sue my landlord", "is this contract valid"))


class Told:
    """A learned router that says what it is told to."""

    def __init__(self, evidence: Evidence | Exception) -> None:
        self.evidence = evidence
        self.experts = ("a", "b")
        self.priors = {"a": 0.6, "b": 0.5}
        self.strange = "nonsense"
        self.embedder: Embeds = open_embedder("words")

    def predict(self, text: str) -> Evidence:
        if isinstance(self.evidence, Exception):
            raise self.evidence
        return self.evidence


class Named:
    """An embedder that is never asked."""

    name = "minilm"
    digest = ""
    dimensions = 1

    def embed(self, texts: Sequence[str]) -> Floats:
        raise AssertionError("not asked")


SCORES = {"a": 0.7, "b": 0.2}


@pytest.fixture
def examples() -> Examples:
    return Examples((LAW,), open_embedder("words"))


def test_without_anything_nothing_is_known() -> None:
    assert not Judge().knows
    assert Judge().judge("x") == Judgement()
    assert Judge().judge("") == Judgement()


def test_examples_give_a_category_and_shares(examples: Examples) -> None:
    found = Judge(examples).judge("can I sue my landlord")
    assert (found.category, found.strange) == ("law", False)
    assert found.shares == {"lawyer": found.confidence}


def test_the_surer_of_the_two_names_the_category(examples: Examples) -> None:
    judge = Judge(examples, Told(Evidence("rent", 0.2, SCORES)))
    found = judge.judge("can I sue my landlord")
    assert (found.category, found.scores) == ("law", SCORES)
    found = judge.judge("bake me a cake")
    assert (found.category, found.confidence, found.strange) == ("rent", 0.2, False)


def test_scores_without_categories_leave_nothing_strange(examples: Examples) -> None:
    found = Judge(examples, Told(Evidence("", 0.0, SCORES))).judge("bake me a cake")
    assert (found.category, found.strange) == ("", False)


def test_what_is_out_of_scope_by_what_was_learned_is_strange(examples: Examples) -> None:
    judge = Judge(None, Told(Evidence("nonsense", 0.8, SCORES)))
    assert judge.judge("blah").strange
    assert not Judge(examples, Told(Evidence("nonsense", 0.1))).judge("sue my landlord").strange


def test_a_transformer_is_slow_and_words_are_not(examples: Examples) -> None:
    told = Told(Evidence())
    assert not Judge().slow
    assert not Judge(examples, told).slow
    told.embedder = Named()
    assert Judge(examples, told).slow


@pytest.mark.parametrize("text", ["", " \n "])
def test_no_text_is_of_no_category(examples: Examples, text: str) -> None:
    found = Judge(examples, Told(ValueError("empty"))).judge(text)
    assert (found.category, found.strange, found.trouble) == (OTHER, True, "")


def test_what_fails_is_told_and_not_raised() -> None:
    assert Judge(None, Told(ValueError("no"))).judge("x").trouble == "ValueError: no"
