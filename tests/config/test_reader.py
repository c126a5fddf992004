from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct, field

from coterie.config.finding import Finding
from coterie.config.reader import Reader
from coterie.types import Name, Seconds, Size


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[Name, Meta(description="what it is called")]
    size: Size = 5


class Outer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    items: Annotated[tuple[Inner, ...], Meta(min_length=1)]
    version: Literal[1] = 1
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    wait: Seconds = 1.0
    pause: Annotated[float, Meta(gt=0, extra={"unit": "seconds"})] = 1.0
    flag: bool = False
    words: tuple[str, ...] = ()
    text: Annotated[str, Meta(min_length=1)] = "x"
    options: dict[str, Any] = field(default_factory=dict)
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    weight: Annotated[float, Meta(ge=0)] = 0.0
    choice: bool | None = None
    points: dict[str, Annotated[float, Meta(ge=-1, le=1)]] = field(default_factory=dict)
    part: Annotated[float, Meta(gt=0, le=1)] = 1.0
    above: Annotated[float, Meta(gt=2)] = 3.0
    link: Annotated[float, Meta(gt=0, extra={"unit": "bytes/s"})] = 1.0
    speed: Annotated[float, Meta(gt=0, extra={"unit": "operations/s"})] = 1.0


def read(**fields: Any) -> tuple[Outer, list[Finding]]:
    reader = Reader()
    outer: Outer = reader.read({"items": [{"name": "a"}], **fields}, Outer)
    return outer, reader.findings


def test_a_sound_document_is_read_as_msgspec_reads_it() -> None:
    fields = {"count": 3, "wait": 2.5, "flag": True, "words": ["a"], "options": {"a": [1, None]}}
    outer, findings = read(**fields)
    assert findings == []
    assert outer == msgspec.convert({"items": [{"name": "a"}], **fields}, Outer)


def test_sizes_and_durations_are_read_as_people_write_them() -> None:
    outer, findings = read(items=[{"name": "a", "size": "1.5GiB"}], wait="1m30s", pause=3)
    assert findings == []
    assert (outer.items[0].size, outer.wait, outer.pause) == (3 * 1024**3 // 2, 90.0, 3.0)
    assert isinstance(outer.pause, float)


def test_rates_are_read_as_people_write_them() -> None:
    outer, findings = read(link="64GB/s", speed="989TFLOPS", part=1)
    assert findings == []
    assert (outer.link, outer.speed, outer.part) == (64e9, 989e12, 1.0)
    assert read(link=5, speed=7.5)[0].link == 5.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", 2, "expected 1, not 2"),
        ("version", True, "expected 1, not true"),
        ("version", "1", "expected 1, not '1'"),
        ("count", 0, "expected at least 1, not 0"),
        ("count", 10, "expected at most 9, not 10"),
        ("count", "3", "expected a whole number, not '3'"),
        ("count", 3.0, "expected a whole number, not 3.0"),
        ("count", True, "expected a whole number, not true"),
        ("count", None, "expected a whole number, not nothing"),
        ("wait", -1, "expected at least 0s, not -1"),
        ("wait", float("nan"), "expected at most 365d, not nan"),
        ("wait", float("inf"), "expected at most 365d, not inf"),
        ("wait", float("-inf"), "expected at least 0s, not -inf"),
        ("wait", 10**400, "expected at most 365d"),
        ("wait", False, "expected a duration such as 30s or 5m, not false"),
        ("wait", "soon", "expected a duration such as 30s"),
        ("pause", 0, "expected more than 0s, not 0"),
        ("flag", "yes", "expected true or false, not 'yes'"),
        ("flag", 1, "expected true or false, not 1"),
        ("words", "a", "expected a list, not 'a'; write [a]"),
        ("words", {"a": 1}, "expected a list, not a mapping"),
        ("text", 5, "expected text, not 5; put it in quotes"),
        ("text", None, "expected text, not nothing"),
        ("text", "", "expected text, not ''"),
        ("text", "\ud800", "holds characters that no text has"),
        ("text", "a\0b", "holds characters that no text has"),
        ("options", [1], "expected a mapping, not a list"),
        ("options", None, "expected a mapping, not nothing"),
        ("share", 1.5, "expected a number from 0 to 1, not 1.5"),
        ("share", float("nan"), "expected a number from 0 to 1, not nan"),
        ("share", "half", "expected a number, not 'half'"),
        ("share", True, "expected a number, not true"),
        ("weight", -1, "expected a number of at least 0, not -1"),
        ("weight", float("inf"), "expected a number of at least 0, not inf"),
        ("choice", "yes", "expected true or false, not 'yes'"),
        ("points", [1], "expected a mapping, not a list"),
        ("points", {"\ud800": 1}, "holds characters that no text has"),
        ("part", 0, "expected a number above 0, at most 1, not 0"),
        ("part", 1.5, "expected a number above 0, at most 1, not 1.5"),
        ("part", float("nan"), "expected a number above 0, at most 1, not nan"),
        ("above", 2, "expected a number above 2, not 2"),
        ("link", 0, "expected a bandwidth such as 1.8TB/s, more than 0, not 0"),
        ("link", float("nan"), "more than 0, not nan"),
        ("link", float("inf"), "more than 0, not inf"),
        ("link", 10**400, "more than 0, not 1000"),
        ("link", "64GB", "expected a bandwidth such as 1.8TB/s or 900MiB/s, not '64GB'"),
        ("link", True, "expected a bandwidth such as 1.8TB/s, not true"),
        ("speed", None, "expected a rate such as 989TFLOP/s, not nothing"),
        ("speed", "0TFLOP/s", "expected a rate such as 989TFLOP/s, more than 0, not 0.0"),
        ("items", [], "expected at least 1, not an empty list"),
        ("items", None, "expected a list, not nothing"),
    ],
)
def test_a_wrong_value_is_found_and_replaced(name: str, value: Any, message: str) -> None:
    outer, findings = read(**{name: value})
    [found] = findings
    assert found.path == (name,)
    assert message in found.message
    stand_in = getattr(outer, name)
    assert stand_in == (() if name == "items" else getattr(Outer(items=()), name))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (-1, "expected at least 0B, not -1"),
        (1.5, "expected a size such as 480MiB or 1.5GiB, not 1.5"),
        (True, "expected a size such as 480MiB or 1.5GiB, not true"),
        ("4G", "write GiB (1024s) or GB (1000s)"),
        (2**63, "expected at most"),
    ],
)
def test_a_wrong_size_is_found(size: Any, message: str) -> None:
    outer, [found] = read(items=[{"name": "a", "size": size}])
    assert found.path == ("items", 0, "size")
    assert message in found.message
    assert outer.items == (Inner("a"),)


def test_everything_wrong_is_found_at_once() -> None:
    outer, findings = read(
        items=[{"name": "a b", "sise": 1}, {}, 5, {"name": "d"}], words=["a", 2], cuont=1
    )
    assert [found.path for found in findings] == [
        ("cuont",),
        ("items", 0, "sise"),
        ("items", 0, "name"),
        ("items", 1, "name"),
        ("items", 2),
        ("words", 1),
    ]
    messages = [found.message for found in findings]
    assert messages[0] == "unknown key; did you mean 'count'?"
    assert messages[2].startswith("expected at most 128 letters")
    assert messages[3] == "missing (what it is called)"
    assert messages[4] == "expected a mapping with 'name', not 5"
    assert [item.name for item in outer.items] == ["", "", "", "d"]
    assert outer.words == ("a", "")


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({"a": float("nan")}, ("options", "a"), "finite"),
        ({"a": [0, 2**64]}, ("options", "a", 1), "64 bits"),
        ({"a": {"b": "\udfff"}}, ("options", "a", "b"), "no text has"),
        ({"\udfff": 1}, ("options",), "no text has"),
    ],
)
def test_free_values_are_what_json_has(value: Any, path: tuple[Any, ...], message: str) -> None:
    outer, [found] = read(options=value)
    assert found.path == path
    assert message in found.message
    assert outer.options == {}


def test_free_values_are_nested_within_reason() -> None:
    deep: Any = {}
    for _ in range(500):
        deep = {"a": deep}
    _, [found] = read(options=deep)
    assert "nested" in found.message


def test_a_document_that_is_no_mapping_is_one_finding_and_what_is_missing() -> None:
    reader = Reader()
    reader.read(["a"], Outer)
    assert reader.findings == [Finding((), "expected a mapping with 'items', not a list")]


def test_numbers_choices_and_mappings_of_one_type_are_read() -> None:
    outer, findings = read(share=1, weight=7, choice=False, points={"a": -1, "b": 0.5})
    assert findings == []
    assert (outer.share, outer.weight, outer.choice) == (1.0, 7.0, False)
    assert outer.points == {"a": -1.0, "b": 0.5}
    assert read(choice=None)[0].choice is None


def test_what_is_wrong_in_a_mapping_is_told_by_its_key_and_left_out() -> None:
    outer, findings = read(points={"a": 2, "b": 1})
    assert [finding.path for finding in findings] == [("points", "a")]
    assert outer.points == {"b": 1.0}
