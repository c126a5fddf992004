from coterie.config.finding import (
    Finding,
    Lines,
    line_of,
    listed,
    nearest,
    problems,
    render,
    shorten,
)
from coterie.errors import Problem


def test_a_path_is_rendered_for_people() -> None:
    assert render(()) == ""
    assert render(("experts", 2, "context")) == "experts[2].context"
    assert render(("experts", 0, "defaults", "top-p")) == "experts[0].defaults.top-p"
    assert render(("options", "a b", "5")) == "options['a b']['5']"


def test_the_line_is_that_of_the_nearest_thing_around() -> None:
    inner = {"b": 1}
    document = {"a": [inner]}
    lines: Lines = {(id(document), "a"): 1, (id(document["a"]), 0): 2, (id(inner), "b"): 3}
    assert line_of(("a", 0, "b"), document, lines) == 3
    assert line_of(("a", 0, "missing"), document, lines) == 2
    assert line_of(("a", 7, "b"), document, lines) == 1
    assert line_of((), document, lines) is None


def test_problems_come_by_line_and_say_it() -> None:
    document = {"a": 1, "b": 2}
    lines: Lines = {(id(document), "a"): 4, (id(document), "b"): 2}
    findings = [Finding(("a",), "one"), Finding(("b",), "two"), Finding((), "three")]
    assert problems(findings, document, lines) == (
        Problem("", "three"),
        Problem("b", "two (line 2)"),
        Problem("a", "one (line 4)"),
    )
    assert problems(findings[:1]) == (Problem("a", "one"),)


def test_the_nearest_word_is_suggested_and_no_far_one() -> None:
    known = ["context", "parallel", "SHA"]
    assert nearest("contxt", known) == "; did you mean 'context'?"
    assert nearest("sha_", known) == "; did you mean 'SHA'?"
    assert nearest("zebra", known) == ""
    assert nearest("x" * 100_000, known) == ""


def test_a_list_of_words_is_cut() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "'a'"
    assert listed(["a", "b", "c"]) == "'a', 'b' and 'c'"
    assert listed(["a", "b", "c"], most=2) == "'a', 'b' and 1 more"


def test_a_value_is_shown_short_and_harmless() -> None:
    assert shorten("a") == "'a'"
    assert len(shorten("a" * 1000)) == 60
    assert shorten("\ud800").isascii()
