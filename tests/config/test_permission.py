from coterie.config.composition import Composition, Tenant
from coterie.config.flow import Accept, Flow, Stage
from coterie.config.permission import Permissions, experts_of
from coterie.config.route import Route
from coterie.types import Device, Expert, Node

INNER = Flow("inner", "chain", (Stage("a"), Stage("bee")))
OUTER = Flow(
    "outer",
    "cascade",
    (Stage("inner", accept=Accept(judge="c")), Stage("a")),
    fallback="d",
)
FLOWS = {flow.name: flow for flow in (INNER, OUTER)}


def permissions(*tenants: Tenant) -> Permissions:
    return Permissions(
        Composition(
            nodes=(Node("n", (Device("ram", 100),)),),
            experts=(Expert("a"), Expert("b", aliases=("bee",)), Expert("c"), Expert("d")),
            flows=(INNER, OUTER),
            routes=(Route("auto", "c", candidates=("inner", "d")),),
            tenants=tenants,
        )
    )


def test_whom_nothing_is_said_of_may_use_everything() -> None:
    free = permissions(Tenant("t"))
    assert not free.restricted
    assert all(free.may(who, name) for who in ("", "t", "else") for name in ("a", "outer", "auto"))
    some = permissions(Tenant("t", experts=("a",)), Tenant("u"))
    assert some.restricted
    assert some.may("u", "b")
    assert some.may("", "b")


def test_a_restricted_tenant_may_use_its_experts_and_what_is_made_of_them() -> None:
    some = permissions(Tenant("t", experts=("a", "b")))
    assert some.of("t", ("a", "b", "bee", "c", "inner", "outer", "auto")) == (
        "a",
        "b",
        "bee",
        "inner",
        "auto",
    )
    assert not permissions(Tenant("t", experts=("a",))).may("t", "auto")


def test_a_flow_is_all_who_may_be_asked_in_it() -> None:
    assert experts_of("a", FLOWS) == ("a",)
    assert experts_of("outer", FLOWS) == ("a", "bee", "c", "d")
