"""Loads and budgets that cannot be, even with nobody else there."""

from collections.abc import Callable

import pytest

from coterie.cli.plan.bare import Typical
from coterie.cli.plan.timings import timings
from coterie.cli.simulation.modelled import Modelled
from coterie.types import Budget

Model = Callable[[str], Modelled]


def composition(rest: str = "", more: str = "") -> str:
    return (
        "nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]\n"
        f"experts: [{{name: a, engine: echo, options: {{hot: 10GB}}{rest}}}]\n{more}\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (composition(), []),
        (composition(", budget: {ttft: 2s}"), []),
        (composition(", budget: {ttft: 500ms}"), [("budget", "notable")]),
        (composition(", budget: {ttft: 10ms}"), [("budget", "serious")]),
        (composition(", budget: {e2e: 1s}"), [("budget", "serious")]),
        (composition(more="limits: {wait: 500ms, starvation: 100ms}"), [("wait", "serious")]),
        (composition(more="limits: {load_base: 5s, load_per_gib: 0s}"), [("deadline", "serious")]),
    ],
)
def test_what_cannot_be_is_told(model: Model, text: str, told: list[tuple[str, str]]) -> None:
    found = list(timings(model(text), {}))
    assert [(one.kind, one.level) for one in found] == told
    assert all(one.subject == "a" and "'a'" in one.message and one.advice for one in found)


def test_requests_say_what_is_typical(model: Model) -> None:
    usual = {"a": Typical(prompt_tokens=2000, output_tokens=1, budget=Budget(ttft=0.15))}
    (found,) = timings(model(composition()), usual)
    assert found.level == "serious"
    assert "for a prompt of 2000 tokens while it is hot" in found.message
