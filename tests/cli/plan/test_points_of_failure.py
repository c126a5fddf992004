"""One machine without which somebody is not answered."""

from collections.abc import Callable

from coterie.cli.plan.points_of_failure import points_of_failure
from coterie.cli.simulation.modelled import Modelled

Model = Callable[[str], Modelled]
EXPERTS = """
experts:
- {name: a, engine: echo, options: {hot: 8GB}}
- {name: b, engine: echo, options: {hot: 4GB}}
"""


def told(model: Model, nodes: str, experts: str = EXPERTS) -> list[tuple[str, str]]:
    found = list(points_of_failure(model(f"nodes: [{nodes}]{experts}")))
    return [(one.kind, one.subject) for one in found]


def node(name: str, *hot: int) -> str:
    devices = ", ".join(f"{{name: g{i}, kind: cuda, hot: {one}GB}}" for i, one in enumerate(hot))
    return f"{{name: {name}, devices: [{devices}]}}"


def test_one_device_is_all_there_is(model: Model) -> None:
    assert told(model, node("n", 10)) == [("one_device", "n/g0")]


def test_one_node_is_all_there_is(model: Model) -> None:
    assert told(model, node("n", 10, 10)) == [("one_node", "n")]


def test_two_nodes_can_stand_in_for_each_other(model: Model) -> None:
    assert told(model, f"{node('n', 10)}, {node('m', 10)}") == []


def test_one_that_fits_on_one_node_alone_is_bound_to_it(model: Model) -> None:
    assert told(model, f"{node('n', 10)}, {node('m', 5)}") == [("bound_to_node", "n")]


def test_one_that_may_run_on_one_node_alone_is_bound_to_it(model: Model) -> None:
    bound = EXPERTS.replace("{name: b, ", "{name: b, devices: [m/g0], ")
    assert told(model, f"{node('n', 10)}, {node('m', 10)}", bound) == [("bound_to_node", "m")]
