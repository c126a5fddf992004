"""What a request asks of its service, from headers, body and defaults."""

from typing import Any

import pytest

from coterie.config import Composition, Key, Tenant
from coterie.errors import BadRequest, UnknownExpert
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.terms import Asked, Terminology
from coterie.testing.control import FakeControl
from coterie.types import NO_BUDGET, Budget, Device, Expert, Node, Terms

LARGE = Expert("large", budget=Budget(ttft=4.0), fallbacks=("small",), priority="batch")
COMPOSITION = Composition(
    nodes=(Node("local", (Device("cpu", 2**30),)),),
    experts=(LARGE, Expert("small", aliases=("tiny",)), Expert("plain")),
    keys=(Key("k", "0" * 64, "team"), Key("l", "1" * 64), Key("m", "2" * 64, "few")),
    tenants=(
        Tenant("team", Budget(ttft=9.0, e2e=30.0), priority="standard"),
        Tenant("few", experts=("plain",)),
    ),
)


def terms(
    expert: str = "plain",
    headers: dict[str, str] | None = None,
    asked: Asked | None = None,
    *,
    key: str = "",
    tokens: int = 0,
    streams: bool = True,
) -> Terms:
    catalogue = Catalogue(COMPOSITION, FakeControl())
    return Terminology(COMPOSITION, catalogue).of(
        catalogue.resolve(expert), key, headers or {}, asked, tokens, streams=streams
    )


def test_a_request_that_says_nothing_has_its_experts_terms_and_then_its_tenants() -> None:
    assert terms() == Terms()
    assert terms("large") == Terms("", "batch", Budget(ttft=4.0), ("small",))
    assert terms("large", key="l").tenant == "l"
    team = terms("large", key="k", tokens=7)
    assert team == Terms("team", "batch", Budget(ttft=4.0, e2e=30.0), ("small",), 7)


def test_headers_go_before_the_body_and_both_before_defaults() -> None:
    headers = {
        "x-coterie-ttft": "500ms",
        "x-coterie-priority": "Interactive",
        "x-coterie-fallbacks": "tiny, plain",
    }
    asked = Asked(ttft=9, tpot="20ms", priority="batch", fallbacks=["small"])
    assert terms("large", headers, asked) == Terms(
        "", "interactive", Budget(0.5, 0.02), ("small", "plain")
    )
    assert terms("large", {}, asked) == Terms("", "batch", Budget(9.0, 0.02), ("small",))
    assert terms("large", {"x-coterie-fallbacks": ""}).fallbacks == ()


def test_an_answer_in_one_piece_has_an_end_alone() -> None:
    headers = {"x-coterie-ttft": "1s", "x-coterie-e2e": "5"}
    assert terms("plain", headers, streams=False).budget == Budget(e2e=5.0)
    assert terms("large", streams=False).budget is NO_BUDGET


def test_a_tenant_gets_no_more_than_its_priority() -> None:
    asked = {"x-coterie-priority": "interactive"}
    assert terms("plain", asked, key="k").priority == "standard"
    assert terms("plain", {"x-coterie-priority": "batch"}, key="k").priority == "batch"
    assert terms("plain", asked, key="l").priority == "interactive"


@pytest.mark.parametrize(
    ("headers", "asked", "param"),
    [
        ({"x-coterie-ttft": "soon"}, None, "x-coterie-ttft"),
        ({"x-coterie-e2e": "0"}, None, "x-coterie-e2e"),
        ({"x-coterie-tpot": "-1"}, None, "x-coterie-tpot"),
        ({}, Asked(e2e="2 parsecs"), "coterie.e2e"),
        ({}, Asked(e2e=float("inf")), "coterie.e2e"),
        ({"x-coterie-priority": "urgent"}, None, "x-coterie-priority"),
        ({}, Asked(priority=""), "coterie.priority"),
        ({"x-coterie-fallbacks": ",".join("abcdefghi")}, None, "x-coterie-fallbacks"),
    ],
)
def test_what_is_wrong_is_named(headers: dict[str, str], asked: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        terms("plain", headers, asked)
    assert caught.value.param == param
    assert param in str(caught.value)


def test_a_fallback_has_to_exist() -> None:
    with pytest.raises(UnknownExpert, match="nobody"):
        terms("plain", {"x-coterie-fallbacks": "nobody"})


def test_who_asks_for_nobody_is_told_of_those_it_may_use() -> None:
    for headers, asked in (
        ({"x-coterie-fallbacks": "nobody"}, None),
        ({}, Asked(fallbacks=["nobody"])),
    ):
        with pytest.raises(UnknownExpert) as caught:
            terms("plain", headers, asked, key="m")
        assert str(caught.value) == "no expert 'nobody': the composition has 'plain'"


def test_a_routes_budget_goes_before_its_experts_and_is_not_taken_for_it() -> None:
    catalogue = Catalogue(COMPOSITION, FakeControl())
    terminology = Terminology(COMPOSITION, catalogue)
    route = Budget(ttft=1.0, e2e=20.0)

    def budget(route: Budget) -> Budget:
        return terminology.of(LARGE, "k", {}, None, 0, streams=True, route=route).budget

    assert budget(NO_BUDGET) == Budget(ttft=4.0, e2e=30.0)
    assert budget(route) == Budget(ttft=1.0, e2e=20.0)
    assert budget(NO_BUDGET) == Budget(ttft=4.0, e2e=30.0)
