from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from coterie.config.flow import Accept, Flow, Stage, flow_findings
from coterie.types import Expert

EXPERTS = ("a", "b")
JSON = Accept(json=True)


def found(*flows: Flow) -> list[tuple[str, str]]:
    findings = flow_findings(flows, EXPERTS)
    return [(".".join(map(str, path)), message) for path, message in findings]


def chain(*stages: Stage, **fields: Any) -> Flow:
    return Flow("f", "chain", stages, **fields)


def test_sound_flows_have_no_problem() -> None:
    assert Expert("a").name == "a"
    assert (
        found(
            chain(
                Stage("a", name="draft", prompt="{input}"), Stage("b", prompt="{draft} {previous}")
            ),
            Flow("g", "cascade", (Stage("a", accept=JSON), Stage("f")), fallback="b"),
            Flow(
                "h", "parallel", (Stage("a"), Stage("g"), Stage("b", prompt="{answers}")), "judge"
            ),
            Flow("i", "map", (Stage("a", prompt="{item} of {input}"),), split="json"),
        )
        == []
    )


@pytest.mark.parametrize(
    ("flow", "path", "told"),
    [
        (chain(Stage("c")), "stages.0.expert", "no expert or flow 'c'"),
        (chain(Stage("a"), fallback="c"), "fallback", "no expert or flow 'c'"),
        (chain(Stage("a", prompt="{inptu}")), "stages.0.prompt", "did you mean 'input'?"),
        (chain(Stage("a", prompt="{previous}")), "stages.0.prompt", "no variable {previous}"),
        (
            chain(Stage("a", fields={"stream": True})),
            "stages.0.fields.stream",
            "says 'stream' itself",
        ),
        (chain(Stage("a", accept=JSON)), "stages.0.accept", "a chain takes all"),
        (chain(Stage("a"), combine="vote"), "combine", "nothing to combine"),
        (chain(Stage("a"), split="json"), "split", "has no list"),
        (chain(*[Stage("a")] * 17), "stages", "at most 16"),
        (
            Flow("f", "cascade", (Stage("a"), Stage("b"))),
            "stages.0.accept",
            "no later stage would ever be asked",
        ),
        (
            Flow("f", "cascade", (Stage("a", accept=Accept(pattern="(")), Stage("b"))),
            "stages.0.accept.pattern",
            "no regular expression",
        ),
        (
            Flow("f", "cascade", (Stage("a", accept=Accept(pattern=r"(a)\1")), Stage("b"))),
            "stages.0.accept.pattern",
            "cannot refer back",
        ),
        (
            Flow("f", "cascade", (Stage("a", accept=Accept(judge="c")), Stage("b"))),
            "stages.0.accept.judge",
            "no expert or flow 'c'",
        ),
        (Flow("f", "parallel", (Stage("a"),)), "stages", "at least two"),
        (Flow("f", "map", (Stage("a"), Stage("b"))), "stages", "a map has one"),
        (Flow("f", "map", (Stage("a"),), "judge"), "stages", "a map has two"),
    ],
)
def test_what_is_wrong_is_told_where(flow: Flow, path: str, told: str) -> None:
    (problem,) = found(flow)
    assert problem[0] == f"flows.0.{path}"
    assert told in problem[1]


def flows(links: Mapping[str, Sequence[str]]) -> list[Flow]:
    return [Flow(name, "chain", tuple(map(Stage, to))) for name, to in links.items()]


def test_a_circle_is_told_once_for_each_flow_in_it() -> None:
    problems = found(*flows({"f": ["a", "g"], "g": ["f"], "h": ["f"]}))
    assert problems == [
        ("flows.0.stages", "the flow comes back to itself: f → g → f; break the circle"),
        ("flows.1.stages", "the flow comes back to itself: g → f → g; break the circle"),
        ("flows.2.stages", "flows in flows, more than 4 deep"),
    ]


def test_flows_in_flows_have_a_limit() -> None:
    deep = {"f1": ["a"], "f2": ["f1"], "f3": ["f2"], "f4": ["f3"], "f5": ["f4"]}
    assert found(*flows(deep)) == [("flows.4.stages", "flows in flows, more than 4 deep")]
