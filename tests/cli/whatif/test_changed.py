"""A point changes machines, slots and policy, and nothing else."""

from collections.abc import Callable

import pytest

from coterie.cli.simulation.modelled import Modelled
from coterie.cli.whatif.changed import changed, hot_bytes, profiles_of, with_nodes
from coterie.config import decode
from coterie.errors import PlanImpossible

TWO = decode(
    b"""
nodes:
- {name: west, host: 8GiB, devices: [{name: a, hot: 1GiB}, {name: b, hot: 2GiB}]}
- {name: east, devices: [{name: a, hot: 4GiB}]}
experts:
- {name: x, engine: echo, devices: [east/a]}
- {name: y, engine: echo, parallel: 4, replicas: 2}
""",
    "x.yaml",
)


def test_each_dimension_is_set() -> None:
    found = changed(
        TWO, {"hot": 3, "host": 5, "parallel": 7, "replicas": 3, "policy": "lru", "load": 2.0}
    )
    assert [device.hot for node in found.nodes for device in node.devices] == [3, 3, 3]
    assert [node.host for node in found.nodes] == [5, 5]
    assert [(one.parallel, one.replicas) for one in found.experts] == [(7, 3), (7, 3)]
    assert found.scheduler.policy == "lru"
    assert changed(TWO, {"load": 2.0, "profile": "h200"}) == TWO


def test_nodes_are_the_first_ones_or_copies_in_turn() -> None:
    assert [node.name for node in with_nodes(TWO.nodes, 1)] == ["west"]
    five = with_nodes(TWO.nodes, 5)
    assert [node.name for node in five] == ["west", "east", "west-2", "east-2", "west-3"]
    assert five[4].devices == TWO.nodes[0].devices
    assert hot_bytes(five) == (3 + 4 + 3 + 4 + 3) * 1024**3


def test_a_copy_does_not_take_a_name_that_is_there() -> None:
    (node, other) = TWO.nodes
    named = (node, type(other)("west-2", other.devices))
    assert [one.name for one in with_nodes(named, 3)] == ["west", "west-2", "west-3"]


def test_an_expert_without_a_device_is_told() -> None:
    with pytest.raises(PlanImpossible, match="'x' may only run on 'east/a', which is not there"):
        changed(TWO, {"nodes": 1})


def test_a_copy_has_the_profile_of_its_model() -> None:
    given = ["h200", "west=cpu", "east/a=my.yaml"]
    assert profiles_of(given, TWO.nodes, with_nodes(TWO.nodes, 3)) == [
        "h200",
        "west=cpu",
        "west-2=cpu",
        "east/a=my.yaml",
    ]
    assert profiles_of(given, TWO.nodes, TWO.nodes[:1]) == ["h200", "west=cpu"]


def test_slots_change_what_a_replica_takes(model: Callable[[str], Modelled]) -> None:
    found = model("nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 9GiB}]}]\n" + EXPERTS)
    assert [one.parallel for one in changed(found.composition, {"parallel": 9}).experts] == [9]


EXPERTS = "experts: [{name: a, engine: echo, options: {hot: 1GiB}}]\n"
