"""An echo's answer is decided by the request alone."""

from typing import Any

import pytest

from coterie.engines.echo.answers import answer, prompt_words

WORDS = ["one", "two", "three"]


@pytest.mark.parametrize(
    ("body", "chat", "words"),
    [
        ({"prompt": "one two"}, False, ["one", "two"]),
        ({"prompt": 3}, False, None),
        ({}, False, None),
        ({"messages": []}, True, None),
        ({"messages": ["one"]}, True, None),
        ({"messages": [{"content": "one"}, {"content": "two"}]}, True, ["one", "two"]),
        ({"messages": [{"content": [{"type": "text", "text": "one two"}]}]}, True, ["one", "two"]),
        ({"messages": [{"content": None}]}, True, []),
    ],
)
def test_the_words_of_a_prompt(body: dict[str, Any], chat: bool, words: list[str] | None) -> None:
    assert prompt_words(body, chat) == words


def test_it_repeats_the_prompt() -> None:
    made = answer({}, WORDS)
    assert made.tokens == ("one", " two", " three")
    assert made.finish_reason == "stop"
    assert made.usage == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


def test_of_a_chat_it_repeats_the_last_message_and_counts_all() -> None:
    messages = [{"content": "be brief"}, {"content": "one"}]
    made = answer({"messages": messages}, ["be", "brief", "one"])
    assert made.tokens == ("one",)
    assert made.usage == {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_it_ends_at_the_limit(field: str) -> None:
    made = answer({field: 2}, WORDS)
    assert (made.tokens, made.finish_reason) == (("one", " two"), "length")
    assert made.usage["completion_tokens"] == 2


def test_it_goes_on_where_no_end_is_wanted() -> None:
    made = answer({"max_tokens": 5, "ignore_eos": True}, ["one", "two"])
    assert "".join(made.tokens) == "one two one two one"
    assert made.finish_reason == "length"


@pytest.mark.parametrize("stop", ["ree", ["zzz", "ree", ""]])
def test_it_ends_before_a_stop_text(stop: object) -> None:
    made = answer({"stop": stop}, WORDS)
    assert "".join(made.tokens) == "one two th"
    assert made.finish_reason == "stop"


def test_a_stop_text_that_begins_the_answer_leaves_nothing() -> None:
    assert answer({"stop": "one"}, WORDS).tokens == ()


def test_an_empty_prompt_has_an_answer() -> None:
    assert answer({}, []).tokens == ("nothing",)
