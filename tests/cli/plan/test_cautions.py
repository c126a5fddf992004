"""Each warning has a reason and says what to do; where nothing is the matter, there is none."""

from collections.abc import Callable

import pytest

from coterie.cli.plan.apart import apart
from coterie.cli.plan.caution import Caution
from coterie.cli.plan.cautions import cautions, ranked
from coterie.cli.plan.hosted import fit
from coterie.cli.simulation.modelled import Modelled

Model = Callable[[str], Modelled]
NODES = (
    "nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}, "
    "{name: m, devices: [{name: g, kind: cuda, hot: 20GB}]}]\n"
)
ONE = "nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]\n"


SMALL = "name: m, devices: [{name: g, kind: cuda, hot: 10"


def expert(name: str, size: float, rest: str = "") -> str:
    return f"- {{name: {name}, engine: echo, {rest}options: {{hot: {size}GB}}}}\n"


def told(model: Model, text: str) -> list[Caution]:
    found = model(text)
    fits = fit(found)
    return cautions(found, fits, apart(found.setup), {})


def kinds(model: Model, text: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.level, one.subject) for one in told(model, text)]


def test_where_nothing_is_the_matter_nothing_is_said(model: Model) -> None:
    assert told(model, f"{NODES}experts:\n{expert('a', 5)}{expert('b', 5)}") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{NODES}experts:\n{expert('a', 30)}", [("misfit", "serious", "experts[0]")]),
        (
            f"{NODES}experts:\n{expert('a', 5, 'pin: true, ')}{expert('b', 5, 'pin: true, ')}",
            [("pins", "notable", "coterie")],
        ),
        (
            f"{ONE}experts:\n{expert('a', 12, 'pin: true, ')}{expert('b', 10)}{expert('c', 5)}",
            [("crowded_out", "serious", "b"), ("one_device", "notable", "n/g")],
        ),
        (
            f"{NODES}experts:\n{expert('a', 5)}{expert('b', 19.5, 'preload: true, ')}"
            + expert("c", 5),
            [("full", "notable", "m/g"), ("alone", "notable", "b")],
        ),
        (
            f"{NODES.replace('name: m,', 'name: m, host: 8GB,')}experts:\n"
            f"{expert('a', 5)}{expert('b', 5)}",
            [("host", "notable", "m")],
        ),
        (
            f"{NODES.replace('name: m,', 'name: m, disk: 8GB,')}experts:\n"
            + expert("a", 9, "weights: 'https://example.org/a.gguf', "),
            [("disk", "serious", "m")],
        ),
        (
            f"{NODES.replace('name: m, devices: [{name: g, kind: cuda, hot: 20', SMALL)}experts:\n"
            f"{expert('a', 10, 'preload: true, ')}{expert('b', 15, 'preload: true, ')}"
            + expert("c", 1),
            [("absent", "notable", "b"), ("bound_to_node", "notable", "n")],
        ),
    ],
)
def test_what_is_the_matter_is_told(
    model: Model, text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert kinds(model, text) == expected


def test_a_flow_that_evicts_its_own_experts_is_told(model: Model) -> None:
    flow = "flows: [{name: f, kind: chain, stages: [{expert: small}, {expert: b}]}]\n"
    text = f"{ONE}experts:\n{expert('a', 12, 'aliases: [small], ')}{expert('b', 12)}{flow}"
    (found,) = [one for one in told(model, text) if one.kind == "flow"]
    assert found.message.startswith("flow 'f' asks 'a' and 'b', which are never hot at the same")
    assert found.advice == "3.73GiB more hot memory holds both"


def test_what_would_help_is_said_in_bytes(model: Model) -> None:
    text = f"{ONE}experts:\n{expert('a', 12, 'pin: true, ')}{expert('b', 10)}"
    (found,) = [one for one in told(model, text) if one.kind == "crowded_out"]
    assert "'b' never fits beside what is pinned on 'n/g'" in found.message
    assert found.advice == "give 'n/g' 1.86GiB more, or unpin one of 'a'"


def test_cold_loads_are_told_with_their_seconds(model: Model) -> None:
    text = f"{NODES.replace('name: m,', 'name: m, host: 15GB,')}experts:\n"
    (found,) = told(model, text + expert("a", 10) + expert("b", 9))
    assert "a load of 'a' from there takes 10s instead of 1s" in found.message


def test_serious_ones_come_first() -> None:
    first, second, third = (
        Caution("full", "notable", "x", "", ""),
        Caution("misfit", "serious", "y", "", ""),
        Caution("host", "notable", "z", "", ""),
    )
    assert ranked([first, second, third]) == [second, first, third]
