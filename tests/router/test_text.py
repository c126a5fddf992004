"""What a prompt's clothes are, and that taking them off takes no time."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.router.text import HEAD, SURFACE, TAIL, normal, surface

PROMPTS = [
    "What is the capital of France?",
    "Fix this bug.",
    "write a poem, with rhymes",
    "List these: a, b and c!",
    "translate 'please' into Japanese",
    "def f(x): return x",
    "how do I thank you in Korean",
]
BEFORE = [
    "Please, ",
    "please ",
    "Kindly ",
    "Hello! ",
    "Hi, ",
    "Hey ",
    "Good morning. ",
    "Dear all, ",
    "Could you please ",
    "Can you ",
    "Would you kindly ",
    "I would like to know: ",
    "I'd like you to ",
    "I was wondering ",
    "Hello! Could you please ",
]
AFTER = [
    " Thanks!",
    " please",
    ", please.",
    " Thank you very much.",
    " Thanks in advance!",
    " cheers",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_case_and_white_space_change_nothing(prompt: str) -> None:
    for other in (
        prompt.upper(),
        prompt.swapcase(),
        prompt.title(),
        f"\n\t {prompt} \r\n",
        prompt.replace(" ", " \n  "),
        prompt.replace(" ", "\u00a0\u2003"),
    ):
        assert normal(other) == normal(prompt)
    assert normal(prompt) == normal(normal(prompt))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_politeness_changes_nothing(prompt: str) -> None:
    for before in ("", *BEFORE):
        for after in ("", *AFTER):
            assert normal(before + prompt + after) == normal(prompt)
            assert normal((before + prompt + after).upper()) == normal(prompt)


def test_what_is_asked_stays() -> None:
    assert normal(PROMPTS[0]) == "what is the capital of france?"
    assert normal("Could you fix it, please?") == "fix it?"
    assert normal("hide and seek") == "hide and seek"
    assert normal("Please the crowd") == "the crowd"
    assert normal("history of Hi-Fi") == "history of hi-fi"
    assert normal("define displease") == "define displease"
    assert normal("what are unthanks?") == "what are unthanks?"
    assert normal("canyou") == "canyou"


@pytest.mark.parametrize(
    "text", ["please", "please please", "hello", "thank you", "thanks!", "please?", "hi, thanks."]
)
def test_mere_politeness_stays(text: str) -> None:
    assert normal(text) == text
    assert normal(f" {text.upper()}\n") == text


@pytest.mark.parametrize("text", ["", " ", "\n\t\u2003"])
def test_nothing_is_nothing(text: str) -> None:
    assert normal(text) == ""


def test_half_a_character_is_no_character() -> None:
    assert normal("What is \ud800 this?") == "what is ? this?"
    normal("\udfff" * 100_000).encode("utf-8")
    assert normal("Größe \U0001f600") == "größe \U0001f600"


def test_of_a_long_text_beginning_and_end_are_read() -> None:
    text = "start " + "filling " * 500_000 + "end"
    found = normal(text)
    assert len(found) <= HEAD + TAIL + 1
    assert found.startswith("start filling")
    assert found.endswith("filling end")
    assert normal(text.replace("filling", "FILLING")) == found
    assert normal(text.replace("filling", "other") + " thanks") != found
    assert normal(f"Please, {text} Thank you.") == normal(text)


LONG = [
    "!",
    " ",
    "\u2003",
    "a,",
    "a",
    "please ",
    "please, ",
    ", please",
    " thanks ,",
    "hi ",
    "hello,,,, ",
    "can you ",
    "i was wondering ",
    "é",
    "\ud800",
    "(",
    "a b",
    ".?!",
]


@pytest.mark.parametrize("piece", LONG)
@pytest.mark.parametrize("ending", ["", "x", "dear "])
def test_no_text_takes_long(piece: str, ending: str) -> None:
    for size in (HEAD, 1_000_000):  # as long as a text can be that is read whole, and longer
        text = ending + piece * (size // len(piece)) + ending
        start = time.process_time()
        surface(normal(text))
        assert time.process_time() - start < 0.25


@given(st.text(alphabet="please thanks,.!?hi\ncouldyou", max_size=300))
def test_reading_twice_takes_no_more_case_or_space(text: str) -> None:
    found = normal(text)
    assert found == found.lower().strip()
    assert "  " not in found
    assert "\n" not in found
    assert normal(text.upper()) == found
    assert bool(found) == bool(text.strip())


@given(st.text(max_size=200))
def test_any_text_has_a_surface(text: str) -> None:
    numbers = surface(normal(text))
    assert numbers.shape == (SURFACE,)
    assert numbers.dtype == np.float32
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()


def test_the_surface_tells_kinds_of_text_apart() -> None:
    prose, code, sums = (
        surface(normal(text))
        for text in (
            "tell me of the sea and of ships",
            "for (int i = 0; i < n; i++) { a[i] = f(i); }",
            "17 * 23 + 5 ^ 2 = ?",
        )
    )
    same = surface(normal("TELL me of   the sea and of ships, please"))
    np.testing.assert_array_equal(prose, same)
    kinds = (prose, code, sums)
    assert min(np.abs(a - b).max() for i, a in enumerate(kinds) for b in kinds[:i]) > 0.2
    assert np.abs(surface("") - prose).max() > 0.2
