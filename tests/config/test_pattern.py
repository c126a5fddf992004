"""Patterns are found in linear time, or refused with what to say instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config.pattern import pattern_problem, searcher

HOSTILE = (  # of each a text for which an engine that goes back would still run in a year
    (r"(a+)+$", "a" * 4096 + "!", False),
    (r"(a|a)*b", "a" * 4096, False),
    (r"^(\w+\s?)+$", "word " * 800 + "!", False),
    (r"(x+x+)+y", "x" * 4096, False),
    (r"(?:a?){60}a{60}", "a" * 59, False),
    (r"(?:a?){60}a{60}", "a" * 60, True),
    (r"(.*a){12}z", "a" * 4096, False),
    (r"(?:a|b)*a(?:a|b){200}c", "ab" * 2048, False),
)


@pytest.mark.parametrize(("pattern", "text", "found"), HOSTILE)
def test_what_would_take_all_ways_through_a_text_is_told_by_one(
    pattern: str, text: str, found: bool
) -> None:
    assert pattern_problem(pattern) is None
    assert searcher(pattern)(text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^Translate\b", "Translate this", True),
        (r"^Translate\b", "please Translate", False),
        (r"(?i)\bsum of\b", "the SUM of two", True),
        (r"(?i)ÜBERSETZE", "bitte übersetze", True),
        (r"(?:^|\PL)über", "bitte über", True),
        (r"(?m)^- ", "list:\n- one", True),
        (r"(?s)a.b", "a\nb", True),
        (r"\d{4}-\d\d", "on 2024-05", True),
        ("日本", "在日本語", True),
        ("a", "", False),
        ("z", "a\x00\ud800z", True),
    ],
)
def test_a_pattern_is_found_where_it_is(pattern: str, text: str, found: bool) -> None:
    assert pattern_problem(pattern) is None
    assert searcher(pattern)(text) is found


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "is no regular expression of RE2's: missing ): ("),
        ("[", "missing ]"),
        ("a(?=b)", "it cannot look ahead: say what follows as a part of the pattern"),
        ("a(?!b)", "it cannot look ahead: give what may follow"),
        ("(?<=a)b", "it cannot look behind: say what comes before as a part of it"),
        ("(?<!a)b", "it cannot look behind"),
        (r"(a)\1", "it cannot refer back: write out what may come again"),
        ("(?P<x>a)(?P=x)", "it cannot refer back: write out what may come again"),
        ("(a)?(?(1)b|c)", "write out both cases"),
        ("a++", "nothing goes back here: say x+"),
        ("(?>a)", "nothing goes back here: say (?:…)"),
        ("(?x)a b", "its flags are i, m, s and U"),
        ("(?#no)a", "it has no comments"),
        (r"a\Z", r"the end of the text is \z"),
        (r"\u20ac", r"\x{20ac}"),
        ("a{2000}", "at most 1000 times"),
        ("(a{1000}){1000}", "at most 1000 times"),
        (r"\pL{900}", "repeat less, or fewer characters"),
        ("a" * 1_000_000, "too large"),
        ("\ud800", "half a character"),
        (r"\bübersetze\b", r"has 'ü' in it, and \b knows ASCII letters alone: say (?:^|\PL)"),
        (r"\b(?:translate|übersetze)\b", "has 'ü' in it"),
    ],
)
def test_a_pattern_that_cannot_be_searched_for_is_refused_with_what_to_say_instead(
    pattern: str, said: str
) -> None:
    problem = pattern_problem(pattern)
    assert problem is not None
    assert said in problem
    assert "\n" not in problem
    assert len(problem) < 250


@pytest.mark.parametrize("pattern", [r"\\bü", r"[^ü]b", "(?:" * 900 + "a" + ")" * 900, r"\x{fc}"])
def test_what_only_looks_wrong_is_taken(pattern: str) -> None:
    assert pattern_problem(pattern) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_pattern_or_has_a_problem_and_is_searched(pattern: str, text: str) -> None:
    if pattern_problem(pattern) is None:
        assert searcher(pattern)(text) in (True, False)
