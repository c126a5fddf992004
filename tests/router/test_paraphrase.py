"""The same question in other clothes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.router.paraphrase import KINDS, paraphrases
from coterie.router.text import normal

TEXTS = [
    "What is the capital of France?",
    "write a short poem about autumn leaves",
    "How do I appeal against a fine, and how long have I got?",
    "Fix this: for i in range(10) print(i)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_there_is_one_of_each_kind(text: str) -> None:
    found = list(paraphrases(text))
    assert tuple(kind for kind, _ in found) == KINDS
    changed = dict(found)
    assert changed["white space"] != text
    assert changed["white space"].split() == text.split()
    assert changed["case"].lower() == text.lower()
    assert text in changed["politeness"]
    assert len(changed["politeness"]) > len(text)
    assert abs(len(changed["typing errors"]) - len(text)) <= 0.02 * len(text) + 1


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(20))
def test_clothes_are_taken_off_again(text: str, seed: int) -> None:
    """A learned router reads the same in all but typing errors."""
    for kind, other in paraphrases(text, seed):
        if kind != "typing errors":
            assert normal(other) == normal(text), kind


def test_the_same_text_and_seed_give_the_same() -> None:
    for text in TEXTS:
        assert list(paraphrases(text, 3)) == list(paraphrases(text, 3))
    several = {tuple(paraphrases(TEXTS[0], seed)) for seed in range(10)}
    assert len(several) == 10


def test_paraphrases_are_what_they_were() -> None:
    """On any machine, in any version: results are to be compared."""
    assert list(paraphrases("tell me why the sky is blue", 1)) == [
        ("case", "TELL ME WHY THE SKY IS BLUE"),
        ("white space", "  tell me why \tthe sky \tis blue \t\n"),
        ("politeness", "Could you please tell me why the sky is blue"),
        ("typing errors", "tell me why the sky is bleu"),
    ]


def test_a_typing_error_is_small() -> None:
    text = "the quick brown fox jumps over the lazy dog"
    for seed in range(50):
        wrong = dict(paraphrases(text, seed))["typing errors"]
        same = sum(a == b for a, b in zip(text.split(), wrong.split(), strict=False))
        assert same >= 6
    assert len({dict(paraphrases(text, seed))["typing errors"] for seed in range(50)}) > 20


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "a?", "12 + 5", "\n", "\ud800", "\ud800x\udfff", "天空", "ß", "ab" * 5000],
)
def test_odd_texts_have_paraphrases(text: str) -> None:
    found = dict(paraphrases(text))
    assert tuple(found) == KINDS
    assert text in found["politeness"]


@given(st.text(), st.integers(0, 5))
def test_any_text_has_paraphrases(text: str, seed: int) -> None:
    found = dict(paraphrases(text, seed))
    assert tuple(found) == KINDS
    if text.strip():
        assert found["white space"].split() == text.split()
    letters = sum(letter.isalpha() for letter in text)
    assert abs(len(found["typing errors"]) - len(text)) <= max(1, 0.02 * letters)
