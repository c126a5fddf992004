from typing import Any

import msgspec
import pytest

from coterie.config.check import check
from coterie.config.composition import Composition, Journal, Key, Limits, Tenant
from coterie.config.flow import Flow, Stage
from coterie.config.route import Route, Rule
from coterie.types import Device, Expert, Node


def composition(*experts: Expert, **fields: Any) -> Composition:
    nodes = (Node("n", (Device("ram", 100), Device("gpu", 100))),)
    fields = {"nodes": nodes, "experts": experts or (Expert("a"),), **fields}
    return Composition(**fields)


def expert(**fields: Any) -> Expert:
    return Expert(**{"name": "a", **fields})


def found(subject: Composition, **options: Any) -> list[tuple[str, str]]:
    return [(".".join(map(str, path)), message) for path, message in check(subject, **options)]


def test_a_sound_composition_has_no_problem() -> None:
    sound = composition(
        expert(weights="package://m/f.gguf", devices=("n/ram", "n/gpu"), pin=True, aliases=("b",)),
        expert(name="c", weights="hf://org/repo@main/f.gguf", idle_ttl=3.0),
        expert(name="d", weights="https://host/f.gguf", defaults={"temperature": 0}),
        expert(name="e", weights="file:///f.gguf", sha256="0" * 64),
        keys=(Key("k", "0" * 64), Key("l", "1" * 64)),
    )
    assert found(sound) == []


def test_a_name_belongs_to_one_expert_across_names_and_aliases() -> None:
    subject = composition(
        expert(name="a", aliases=("b", "b")), expert(name="b"), expert(name="c", aliases=("a",))
    )
    assert found(subject) == [
        (
            "experts.0.aliases.1",
            "'b' is already the name of another expert (experts[0].aliases[0])",
        ),
        ("experts.1.name", "'b' is already the name of another expert (experts[0].aliases[0])"),
        ("experts.2.aliases.0", "'a' is already the name of another expert (experts[0].name)"),
    ]


def test_nodes_and_devices_have_names_of_their_own() -> None:
    nodes = (
        Node("a", (Device("x", 1), Device("x", 1))),
        Node("a", (Device("y", 1),)),
        Node("b", (Device("c/d", 1),)),
        Node("b/c", (Device("d", 1),)),
    )
    assert [path for path, _ in found(composition(nodes=nodes))] == [
        "nodes.1.name",
        "nodes.0.devices.1.name",
        "nodes.3.devices.0.name",
    ]


def test_empty_names_are_reported_elsewhere() -> None:
    nodes = (Node("", (Device("", 0), Device("", 0))), Node("", ()))
    assert found(composition(expert(name=""), expert(name=""), nodes=nodes)) == []


def test_a_device_without_memory_holds_nothing() -> None:
    [(path, message)] = found(composition(nodes=(Node("n", (Device("ram", 0),)),)))
    assert path == "nodes.0.devices.0.hot"
    assert "more than 0" in message


@pytest.mark.parametrize(
    ("devices", "message"),
    [
        (("n/rom",), "there is no device 'n/rom'; did you mean 'n/ram'?"),
        (("ram",), "there is no device 'ram'; did you mean 'n/ram'?"),
        (("zzzzzz",), "there is no device 'zzzzzz'; there are 'n/ram' and 'n/gpu'"),
        (("n/ram", "n/ram"), "'n/ram' is listed twice"),
    ],
)
def test_an_expert_runs_on_devices_that_exist(devices: tuple[str, ...], message: str) -> None:
    subject = composition(expert(devices=devices))
    assert found(subject) == [(f"experts.0.devices.{len(devices) - 1}", message)]
    assert found(subject, devices_known=False) == []


@pytest.mark.parametrize("weights", ["model.gguf", "s3://bucket/file", "file:/a", "://a", " "])
def test_weights_come_from_a_known_kind_of_place(weights: str) -> None:
    [(path, message)] = found(composition(expert(weights=weights)))
    assert path == "experts.0.weights"
    assert message.startswith("expected file://PATH")


def test_a_digest_needs_weights() -> None:
    assert [path for path, _ in found(composition(expert(sha256="0" * 64)))] == ["experts.0.sha256"]


def test_a_pinned_expert_has_no_idle_time() -> None:
    subject = composition(expert(pin=True, idle_ttl=1.0))
    assert [path for path, _ in found(subject)] == ["experts.0.idle_ttl"]


@pytest.mark.parametrize("field", ["model", "messages", "prompt", "input", "stream"])
def test_a_request_says_itself_what_it_asks(field: str) -> None:
    subject = composition(expert(defaults={field: 1}))
    assert [path for path, _ in found(subject)] == [f"experts.0.defaults.{field}"]


@pytest.mark.parametrize(
    ("field", "limits"),
    [
        ("body", Limits(body=10)),
        ("starvation", Limits(wait=5.0, starvation=6.0)),
        ("backoff", Limits(backoff=5.0, backoff_max=4.0)),
    ],
)
def test_limits_agree_with_each_other(field: str, limits: Limits) -> None:
    assert [path for path, _ in found(composition(limits=limits))] == [f"limits.{field}"]


def test_a_key_has_one_name_and_a_name_one_key() -> None:
    keys = (Key("a", "0" * 64), Key("a", "1" * 64), Key("b", "0" * 64))
    paths = [path for path, _ in found(composition(keys=keys))]
    assert paths == ["keys.1.name", "keys.2.sha256"]


def test_a_segment_of_the_journal_holds_something() -> None:
    subject = msgspec.structs.replace(composition(), journal=Journal(segment=1024))
    assert [path for path, _ in found(subject)] == ["journal.segment"]


def test_fallbacks_are_other_experts_of_the_composition() -> None:
    subject = composition(
        expert(name="large", fallbacks=("small", "small", "large", "smal")), expert(name="small")
    )
    assert found(subject) == [
        ("experts.0.fallbacks.1", "'small' is listed twice"),
        ("experts.0.fallbacks.2", "an expert cannot stand in for itself; remove it"),
        ("experts.0.fallbacks.3", "there is no expert 'smal'; did you mean 'small'?"),
    ]


def test_tenants_have_keys_and_keys_have_tenants() -> None:
    subject = composition(
        keys=(Key("k", "0" * 64, "team"), Key("l", "1" * 64, "tem"), Key("m", "2" * 64)),
        tenants=(Tenant("team"), Tenant("team"), Tenant("m"), Tenant("nobody")),
    )
    assert found(subject) == [
        ("tenants.1.name", "'team' is already the name of another tenant (tenants[0].name)"),
        ("keys.1.tenant", "there is no tenant 'tem'; did you mean 'team'?"),
        ("tenants.3.name", "no key belongs to 'nobody'; give one 'tenant: nobody'"),
    ]


def test_routes_share_the_names_of_experts_and_their_own_are_checked() -> None:
    subject = composition(
        expert(aliases=("alias",)),
        expert(name="b", capabilities=("json", "json")),
        flows=(Flow("f", "chain", (Stage("a"),)),),
        routes=(
            Route("alias", "a", candidates=("b",)),
            Route("f", "f", rules=(Rule(to="c", code=True),)),
        ),
    )
    assert found(subject) == [
        (
            "routes.0.name",
            "'alias' is already the name of another expert (experts[0].aliases[0])",
        ),
        ("routes.1.name", "'f' is already the name of another expert (flows[0].name)"),
        ("routes.1.rules.0.to", "there is no expert or flow 'c'; there are 'a', 'b' and 'f'"),
        ("experts.1.capabilities.1", "'json' is listed twice"),
    ]


def test_a_tenant_may_use_experts_that_there_are() -> None:
    subject = composition(
        keys=(Key("t", "0" * 64),), tenants=(Tenant("t", experts=("a", "b", "a")),)
    )
    assert found(subject) == [
        ("tenants.0.experts.1", "there is no expert 'b'; there are 'a'"),
        ("tenants.0.experts.2", "'a' is listed twice"),
    ]
