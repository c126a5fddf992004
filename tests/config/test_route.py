from typing import Any

import pytest

from coterie.config.route import Category, Route, Rule, route_findings

NAMES = ("a", "b", "flow")
TENANTS = ("team",)
CODE = Rule(to="b", code=True)


def found(*routes: Route) -> list[tuple[str, str]]:
    findings = route_findings(routes, NAMES, TENANTS)
    return [(".".join(map(str, path)), message) for path, message in findings]


def route(**fields: Any) -> Route:
    return Route(**{"name": "auto", "otherwise": "a", "rules": (CODE,), **fields})


def test_sound_routes_have_no_problem() -> None:
    assert (
        found(
            route(),
            route(rules=(), categories=(Category("law", "flow", ("sue them",)),)),
            route(rules=(), candidates=("a", "b")),
            route(candidates=("a", "b"), learned="router.safetensors"),
            route(rules=(Rule(prefer={"b": -0.5}, longer=5, shorter=9, tenants=("team",)),)),
            route(rules=(Rule(to="b", images=False),)),
        )
        == []
    )


@pytest.mark.parametrize(
    ("changed", "path", "told"),
    [
        ({"otherwise": "c"}, "otherwise", "no expert or flow 'c'"),
        ({"candidates": ("a", "b", "c")}, "candidates.2", "no expert or flow 'c'"),
        ({"candidates": ("a", "b", "b")}, "candidates.2", "listed twice"),
        ({"candidates": ("a", "flow")}, "rules.0.to", "none of the route's 'candidates'"),
        ({"rules": ()}, "", "every request would go to 'a'"),
        ({"rules": (CODE,) * 257}, "rules", "257 rules; at most 256"),
        ({"rules": (Rule(code=True),)}, "rules.0", "nothing follows"),
        ({"rules": (Rule(to="b"),)}, "rules.0", "no condition"),
        ({"rules": (Rule(to="c", code=True),)}, "rules.0.to", "no expert or flow 'c'"),
        (
            {"rules": (Rule(prefer={"fow": 0.1}, json=True),)},
            "rules.0.prefer.fow",
            "did you mean 'flow'?",
        ),
        ({"rules": (Rule(to="b", pattern="("),)}, "rules.0.pattern", "no regular expression"),
        ({"rules": (Rule(to="b", pattern="a(?!b)"),)}, "rules.0.pattern", "cannot look ahead"),
        ({"rules": (Rule(to="b", keywords=(" ",)),)}, "rules.0.keywords.0", "expected a word"),
        ({"rules": (Rule(to="b", longer=9, shorter=9),)}, "rules.0.shorter", "no prompt"),
        ({"rules": (Rule(to="b", tenants=("tea",)),)}, "rules.0.tenants.0", "did you mean"),
        (
            {"rules": (), "categories": (Category("law", "c", ("x",)),)},
            "categories.0.to",
            "no expert or flow 'c'",
        ),
        (
            {"categories": (Category("law", "b", ("x",)), Category("law", "a", ("y",)))},
            "categories.1.name",
            "the name of an earlier category",
        ),
        (
            {"categories": (Category("law", "b", ("x", "")),)},
            "categories.0.examples.1",
            "expected an utterance",
        ),
        (
            {"categories": (Category("law", "b", ("x",) * 1001),)},
            "categories.0.examples",
            "at most 1000",
        ),
        ({"rules": (), "learned": "r.bin"}, "candidates", "missing: name the experts"),
    ],
)
def test_what_is_wrong_is_told_where(changed: dict[str, Any], path: str, told: str) -> None:
    (problem,) = found(route(**changed))
    assert problem[0] == f"routes.0.{path}".rstrip(".")
    assert told in problem[1]


def test_a_route_has_a_bound_of_candidates() -> None:
    names = tuple(f"e{i}" for i in range(65))
    findings = list(route_findings([route(candidates=names, otherwise="e0")], [*names, "b"], ()))
    assert [path for path, _ in findings] == [
        ("routes", 0, "candidates"),
        ("routes", 0, "rules", 0, "to"),
    ]


def test_who_may_answer_is_said_or_named_anywhere() -> None:
    assert route(candidates=("b",)).named == ("b", "a")
    rules = (CODE, Rule(prefer={"flow": 0.1}, tools=True))
    assert route(rules=rules, categories=(Category("c", "b", ("x",)),)).named == ("b", "flow", "a")


@pytest.mark.parametrize(
    "fields",
    [
        {"code": False},
        {"keywords": ("x",)},
        {"shorter": 1},
        {"metadata": {"a": "b"}},
        {"languages": ("de",)},
        {"tenants": ("t",)},
    ],
)
def test_a_rule_knows_whether_it_asks_for_anything(fields: dict[str, Any]) -> None:
    assert not Rule(to="b").has_conditions
    assert Rule(to="b", **fields).has_conditions
