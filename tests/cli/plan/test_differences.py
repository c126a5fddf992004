"""What differs between two documents, field by field, and what must be loaded anew for it."""

import pytest

from coterie.cli.plan.differences import Change, differences, reasons, resized, said
from coterie.config import Composition, decode
from coterie.types import Footprint, Part

BASE = """
nodes:
- {name: n, devices: [{name: g, hot: 8GiB}]}
experts:
- {name: a, engine: echo, options: {hot: 1GiB}}
- {name: b, engine: echo, options: {hot: 1GiB, load_s: 1}}
limits: {wait: 30s}
"""


def composition(*changes: tuple[str, str]) -> Composition:
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return decode(text.encode(), "x.yaml")


def found(*changes: tuple[str, str]) -> list[Change]:
    return differences(composition(), composition(*changes), {}, {})


def test_a_document_is_as_itself() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("a, engine: echo,", "a, engine: echo, context: 64,", ("context", "2048", "64", True)),
        ("a, engine: echo,", "a, engine: echo, parallel: 4,", ("parallel", "2", "4", True)),
        ("a, engine: echo,", "a, engine: echo, pin: true,", ("pin", "false", "true", False)),
        ("a, engine: echo,", "a, engine: echo, idle_ttl: 90s,", ("idle_ttl", "0s", "1m30s", False)),
        (
            "a, engine: echo,",
            "a, engine: echo, budget: {ttft: 2s},",
            ("budget.ttft", "0s", "2s", False),
        ),
        (
            "a, engine: echo, options: {hot: 1GiB}",
            "a, engine: echo, options: {hot: 2GiB}",
            ("options.hot", "1GiB", "2GiB", True),
        ),
    ],
)
def test_a_field_of_an_expert(old: str, new: str, change: tuple[str, str, str, bool]) -> None:
    field, before, after, reloads = change
    assert found((old, new)) == [Change("changed", "expert", "a", field, before, after, reloads)]


def test_an_option_that_goes_is_nothing_then() -> None:
    (change,) = found((", load_s: 1", ""))
    assert (change.name, change.field, change.before, change.after) == (
        "b",
        "options.load_s",
        "1",
        "",
    )
    assert said(change) == "`options.load_s` is nothing, was 1"


def test_experts_come_and_go() -> None:
    assert found(("name: b", "name: c")) == [
        Change("added", "expert", "c"),
        Change("removed", "expert", "b"),
    ]


def test_machines_limits_and_policy() -> None:
    changes = found(
        ("hot: 8GiB}]}", "hot: 12GiB}, {name: h, hot: 1GiB}]}"),
        ("{name: n,", "{name: n, host: 4GiB,"),
        ("wait: 30s", "wait: 20s}\nscheduler: {policy: lru"),
    )
    assert changes == [
        Change("changed", "node", "n", "host", "0B", "4GiB"),
        Change("added", "device", "n/h"),
        Change("changed", "device", "n/g", "hot", "8GiB", "12GiB"),
        Change("changed", "scheduler", "", "policy", "cost", "lru"),
        Change("changed", "limits", "", "wait", "30s", "20s"),
    ]


def test_flows_and_keys_are_told_without_what_is_in_them() -> None:
    keys = f"keys: [{{name: k, sha256: {'0' * 64}}}]\n"
    flow = "flows: [{name: f, kind: chain, stages: [{expert: a}, {expert: b}]}]\n"
    changes = found(("limits:", f"{keys}{flow}limits:"))
    assert changes == [Change("added", "flow", "f"), Change("added", "key", "k")]


def test_the_same_file_under_another_name_is_not_loaded_anew() -> None:
    before = composition(("a, engine", "a, weights: 'file://m.gguf', engine"))
    after = composition(("a, engine", "a, weights: 'file:///m/m.gguf', engine"))
    same = {"a": Footprint((Part("path:/m/m.gguf", 1),))}
    other = {"a": Footprint((Part("path:/x/m.gguf", 1),))}
    (change,) = differences(before, after, same, same)
    assert (change.field, change.reloads) == ("weights", False)
    (change,) = differences(before, after, other, same)
    assert (change.field, change.reloads) == ("weights", True)
    (change,) = differences(before, before, other, same)
    assert (change.before, change.after, change.reloads) == ("/x/m.gguf", "/m/m.gguf", True)


def test_reasons_are_of_those_that_come_go_or_are_loaded_anew() -> None:
    changes = found(("a, engine: echo,", "a, engine: echo, context: 64, pin: true,"), ("b,", "c,"))
    assert reasons(changes) == {
        "a": "`context` is 64, was 2048",
        "b": "it is removed",
        "c": "it is new",
    }


def test_other_bytes_than_a_server_says_are_a_change() -> None:
    (change,) = resized({"a": 1024, "gone": 1}, {"a": Footprint((Part("x", 2048),))})
    assert said(change) == "`hot bytes` is 2KiB, was 1KiB"
    assert change.reloads
