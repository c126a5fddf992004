from typing import Any

import pytest
import yaml

from coterie.config.builder import MAX_DEPTH, Builder, Unreadable, scalar


def build(text: str) -> Builder:
    builder = Builder()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        builder.take(event)
    return builder


def value(text: str) -> Any:
    builder = build(text)
    assert builder.findings == []
    return builder.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("7", 7),
        ("-7", -7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-02", "2024-01-02"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("9" * 41, "9" * 41),
        ("480MiB", "480MiB"),
        ("<<", "<<"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, expected: object) -> None:
    assert scalar(text) == expected
    assert type(scalar(text)) is type(expected)


def test_not_a_number_is_a_number_here() -> None:
    assert scalar(".nan") != scalar(".nan")


def test_mappings_sequences_and_quotes() -> None:
    text = """
    a: {b: [1, "2", '3'], c: }
    d: |
      two
      lines
    """
    assert value(text) == {"a": {"b": [1, "2", "3"], "c": None}, "d": "two\nlines\n"}


def test_each_item_knows_its_line() -> None:
    builder = build("a: 1\nb:\n  - x\n  - y: 2\n")
    items = builder.value["b"]
    assert builder.lines[id(builder.value), "a"] == 1
    assert builder.lines[id(builder.value), "b"] == 2
    assert builder.lines[id(items), 0] == 3
    assert builder.lines[id(items[1]), "y"] == 4


def test_a_key_that_appears_twice_is_found_where_it_lies() -> None:
    builder = build("a:\n  - b: 1\n  - b: 2\n    c: 0\n    b: 3\n")
    [(path, message)] = builder.findings
    assert path == ("a", 1, "b")
    assert "twice" in message
    assert "line 3" in message


def test_a_key_that_is_no_word_is_found() -> None:
    builder = build("a:\n  5: x\n  null: y\n  '6': z\n")
    assert [path for path, _ in builder.findings] == [("a", "5"), ("a", "null")]


def test_aliases_and_merges_are_read() -> None:
    text = """
    base: &base {x: 1, y: 2}
    more: &more {z: 3, y: 4}
    one: *base
    two: {<<: *base, y: 0}
    three: {<<: [*base, *more]}
    word: {"<<": 1}
    """
    found = value(text)
    assert found["one"] == {"x": 1, "y": 2}
    assert found["two"] == {"x": 1, "y": 0}
    assert found["three"] == {"x": 1, "y": 2, "z": 3}
    assert found["word"] == {"<<": 1}


def test_only_mappings_are_merged() -> None:
    builder = build("a: {<<: 5}")
    [(path, message)] = builder.findings
    assert path == ("a",)
    assert "merges mappings only" in message


def test_a_standard_tag_is_understood_and_another_is_found() -> None:
    assert value("[!!str 5, !!int '5', !!seq [], !!map {}]") == ["5", 5, [], {}]
    builder = build("a: !secret b\nc: !!python/object:os.system {}")
    assert [path for path, _ in builder.findings] == [("a",), ("c",)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\n---\nb: 2", "line 2: a second document"),
        ("a: *b", "no anchor &b"),
        ("a: &a [*a]", "no anchor &a"),
        ("? [a]\n: 1", "a key must be a word"),
        ("? {a: 1}\n: 1", "a key must be a word"),
        ("a: &a b\n*a : 1", "a key must be a word"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more than"),
    ],
)
def test_what_no_composition_needs_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        build(text)


def test_the_deepest_nesting_is_read() -> None:
    assert value("[" * MAX_DEPTH + "]" * MAX_DEPTH) == eval("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(Unreadable, match="aliases counted in full"):
        build("\n".join(lines))
