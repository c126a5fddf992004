import json
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Composition, decode, json_schema
from coterie.errors import CompositionError, Problem

GOOD = """\
version: 1
name: good
nodes:
  - name: n
    host: 1GiB
    devices:
      - {name: ram, hot: 480MiB}
experts:
  - name: a
    weights: file://a.gguf
    idle_ttl: 5m
    pin: false
    devices: [n/ram]
    aliases: [b]
    defaults: {temperature: 0.5, stop: [x]}
  - name: c
    engine: echo
    parallel: 4
limits: {wait: 30s, queue: 10}
keys:
  - {name: k, sha256: 000000000000000000000000000000000000000000000000000000000000000a}
"""


def problems(text: str | bytes, name: str = "x.yaml") -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(CompositionError) as caught:
        decode(data, name)
    return [str(problem) for problem in caught.value.problems]


def test_a_good_document_is_a_composition() -> None:
    composition = decode(GOOD.encode(), "x.yaml")
    assert composition.name == "good"
    assert composition.nodes[0].devices[0].hot == 480 * 1024**2
    assert composition.experts[0].idle_ttl == 300.0
    assert composition.experts[0].aliases == ("b",)
    assert composition.limits.wait == 30.0
    assert composition.limits.queue_per_expert == 200


def test_json_gives_the_same_composition() -> None:
    document = json.dumps(yaml.safe_load(GOOD)).encode()
    assert decode(document, "x.json") == decode(GOOD.encode(), "x.yaml")


def test_a_composition_is_a_document_again() -> None:
    composition = decode(GOOD.encode(), "x.yaml")
    assert decode(msgspec.json.encode(composition), "x.json") == composition


def test_all_problems_come_at_once_in_order_of_their_lines() -> None:
    text = GOOD.replace("aliases: [b]", "aliases: [c]").replace("480MiB", "much")
    text = text.replace("parallel: 4", "paralel: 4").replace("queue: 10", "queue: 0")
    found = problems(text)
    assert [problem.partition(":")[0] for problem in found] == [
        "nodes[0].devices[0].hot",
        "experts[1].name",
        "experts[1].paralel",
        "limits.queue",
    ]
    assert found[2] == "experts[1].paralel: unknown key; did you mean 'parallel'? (line 18)"


def test_devices_are_not_missed_where_the_nodes_could_not_be_read() -> None:
    assert problems(GOOD.replace("name: ram", "nam: ram")) == [
        "nodes[0].devices[0].nam: unknown key; did you mean 'name'? (line 7)",
        "nodes[0].devices[0].name: missing (its name within the node; "
        "`node/device` everywhere else) (line 7)",
    ]


def test_one_wrong_place_is_reported_once() -> None:
    [problem] = problems(GOOD.replace("file://a.gguf", "5"))
    assert problem.startswith("experts[0].weights: expected text, not 5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the document is empty"),
        ("# nothing", "the document is empty"),
        ("just words", "expected a mapping with 'nodes' and 'experts', not 'just words'"),
        ("[1, 2]", "expected a mapping with 'nodes' and 'experts', not a list"),
        ("a: ]", "this is not YAML: line 1, column 4"),
    ],
)
def test_what_is_no_composition_is_one_problem(text: str, expected: str) -> None:
    [problem] = problems(text)
    assert problem.startswith(expected)


def test_nodes_devices_and_experts_are_needed() -> None:
    assert [problem.partition(" (")[0] for problem in problems("{name: x}")] == [
        "nodes: missing",
        "experts: missing",
    ]
    found = problems("nodes: [{name: n, devices: []}]\nexperts: []")
    assert found == [
        "nodes[0].devices: expected at least 1, not an empty list (line 1)",
        "experts: expected at least 1, not an empty list (line 2)",
    ]


def test_a_version_of_the_future_is_named() -> None:
    assert problems(GOOD.replace("version: 1", "version: 2")) == [
        "version: expected 1, not 2 (line 1)"
    ]


def test_a_key_is_known_by_64_hex_digits() -> None:
    [problem] = problems(GOOD.replace("00a}", "zz}"))
    assert "expected 64 lowercase hex digits" in problem


def either(data: bytes, name: str = "x.yaml") -> Composition | tuple[Problem, ...]:
    """What decode gives; anything but a composition or its problems fails the test."""
    try:
        return decode(data, name)
    except CompositionError as error:
        found = error.problems
    assert found
    assert all(str(problem).isprintable() for problem in found)
    return found


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        junk = st.one_of(
            st.binary(max_size=4), st.sampled_from([b"&a ", b"*a", b"!!x ", b"\t", b": "])
        )
        text[start:end] = data.draw(junk)
    either(bytes(text))


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["1.5GiB", "30s", "n/ram", "a", "file://x", "0" * 64]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_replaced_values_are_read_or_refused_and_the_schema_is_no_stricter(
    data: st.DataObject,
) -> None:
    document = yaml.safe_load(GOOD)
    here: Any = document
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(here[key], dict | list) and here[key] and data.draw(st.booleans()):
            here = here[key]
            continue
        here[key] = data.draw(JSON)
        break
    found = either(json.dumps(document).encode(), "x.json")
    if isinstance(found, Composition):
        jsonschema.Draft202012Validator(json_schema()).validate(document)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert isinstance(either(data, "x.yaml"), tuple)
    assert isinstance(either(data, "x.json"), tuple)


def test_a_hint_never_holds_what_cannot_be_printed() -> None:
    found = either(b'{"nodes": "\\u001f", "experts": "a"}', "x.json")
    assert isinstance(found, tuple)
    assert [problem.message for problem in found] == [
        "expected a list, not '\\x1f'",
        "expected a list, not 'a'; write [a]",
    ]
