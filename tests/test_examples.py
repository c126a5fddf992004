"""Every example is a composition, for the decoder and for an editor's schema alike."""

from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from coterie.config import (
    Composition,
    Journal,
    Key,
    Limits,
    SchedulerOptions,
    Tenant,
    decode,
    json_schema,
)
from coterie.config.flow import Accept, Flow, Stage
from coterie.config.route import Category, Route, Rule
from coterie.types import Budget, Device, Expert, Node

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_decodes(path: Path) -> None:
    composition = decode(path.read_bytes(), path.name)
    assert composition.name == path.stem


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_satisfies_the_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_bytes())
    jsonschema.Draft202012Validator(json_schema()).validate(document)


def test_the_quickstart_has_two_real_experts_and_room_that_is_shared() -> None:
    composition = _example("quickstart")
    assert [expert.engine for expert in composition.experts] == ["llamacpp", "llamacpp"]
    assert [expert.preload for expert in composition.experts] == [True, False]
    assert composition.nodes[0].devices[0].hot == 480 * 1024**2


def test_the_full_example_shows_every_field_there_is() -> None:
    document = yaml.safe_load(_path("full").read_bytes())
    assert set(document) == _fields(Composition)
    assert set(document["limits"]) == _fields(Limits)
    assert set(document["scheduler"]) == _fields(SchedulerOptions)
    assert set(document["journal"]) == _fields(Journal)
    assert set(document["keys"][0]) == _fields(Key)
    assert set(document["tenants"][0]) == _fields(Tenant)
    assert set(document["experts"][0]["budget"]) == _fields(Budget)
    (route,) = document["routes"]
    assert set(route) == _fields(Route)
    assert set(route["rules"][0]) | set(route["rules"][1]) == _fields(Rule)
    assert set(route["categories"][0]) == _fields(Category)
    (flow,) = document["flows"]
    assert set(flow) == _fields(Flow)
    assert set(flow["stages"][0]) == _fields(Stage)
    assert set(flow["stages"][0]["accept"]) == _fields(Accept)
    assert set(document["experts"][0]) == _fields(Expert)
    assert set(document["nodes"][0]) == _fields(Node)
    assert set(document["nodes"][0]["devices"][0]) == _fields(Device)


def test_the_full_example_shows_the_defaults() -> None:
    composition = _example("full")
    assert composition.limits == Limits()
    assert composition.scheduler == SchedulerOptions()
    assert composition.journal == Journal()
    assert composition.experts[0].replicas == Expert("x").replicas


def _path(name: str) -> Path:
    return next(path for path in EXAMPLES if path.stem == name)


def _example(name: str) -> Composition:
    return decode(_path(name).read_bytes(), name)


def _fields(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}
