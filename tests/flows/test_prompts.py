import pytest

from coterie.config.flow import Accept
from coterie.errors import BadRequest
from coterie.flows.prompts import MOST_ITEMS, filled, is_accepted, items, last_text, voted


def test_parts_of_a_message_are_one_text() -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url"},
        {"type": "text", "text": "two"},
    ]
    assert last_text([{"role": "user", "content": parts}]) == "one\n\ntwo"


def test_what_is_no_variable_stays() -> None:
    assert filled('{"a": {input}} {input-2} {x y}', {"input": "1"}) == '{"a": 1} {input-2} {x y}'
    assert filled("{input}", {"input": "{input}"}) == "{input}"  # an answer is no template


@pytest.mark.parametrize(
    ("text", "split", "expected"),
    [(" a \n\nb", "lines", [" a ", "b"]), ('["a", 1, null]', "json", ["a", "1", "null"])],
)
def test_lists_are_taken_apart(text: str, split: str, expected: list[str]) -> None:
    assert items(text, split) == expected


@pytest.mark.parametrize(
    ("text", "split"),
    [("x", "json"), ('{"a": 1}', "json"), ("[]", "json"), ("a\n" * (MOST_ITEMS + 1), "lines")],
)
def test_what_is_no_list_or_too_long_is_refused(text: str, split: str) -> None:
    with pytest.raises(BadRequest):
        items(text, split)


def test_a_vote_ignores_case_and_punctuation() -> None:
    assert voted(["B", "a!", " A "]) == 1
    assert voted(["b", "a"]) == 0


def test_all_that_is_said_must_hold() -> None:
    both = Accept(json=True, pattern="7")
    assert is_accepted(both, "[7]", None)
    assert not is_accepted(both, "[8]", None)
    assert not is_accepted(both, "7 [", None)
    assert is_accepted(Accept(), "", None)


def test_no_answer_can_hold_up_the_pattern_that_is_sought_in_it() -> None:
    assert not is_accepted(Accept(pattern=r"^(\w+\s?)+$"), "word " * 10_000 + "!", None)
