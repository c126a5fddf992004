"""A composition with other machines, slots or policy, as a point of a sweep says."""

from collections.abc import Sequence

from msgspec import structs

from coterie.cli.whatif.sweeps import Point
from coterie.config import Composition, format_size
from coterie.config.finding import listed
from coterie.errors import PlanImpossible
from coterie.types import Expert, Node, device_id


def changed(composition: Composition, point: Point) -> Composition:
    """The composition at that point. `load` and `profile` are not of it, and are passed over.

    Raises PlanImpossible where an expert would have no device left that it may run on.
    """
    nodes = composition.nodes
    if "nodes" in point:
        nodes = with_nodes(nodes, int(point["nodes"]))
    nodes = tuple(_resized(node, point) for node in nodes)
    given = {name: int(point[name]) for name in ("parallel", "replicas") if name in point}
    experts = tuple(structs.replace(expert, **given) for expert in composition.experts)
    _check_placed(experts, nodes)
    scheduler = composition.scheduler
    if "policy" in point:
        scheduler = structs.replace(scheduler, policy=str(point["policy"]))
    return structs.replace(composition, nodes=nodes, experts=experts, scheduler=scheduler)


def with_nodes(nodes: Sequence[Node], count: int) -> tuple[Node, ...]:
    """The first `count` nodes; where there are fewer, copies of them in turn, as `local-2`."""
    found = list(nodes[:count])
    taken = {node.name for node in nodes}
    while len(found) < count:
        node = nodes[len(found) % len(nodes)]
        number = 1 + len(found) // len(nodes)
        while (name := f"{node.name}-{number}") in taken:
            number += 1
        taken.add(name)
        found.append(structs.replace(node, name=name))
    return tuple(found)


def profiles_of(given: Sequence[str], before: Sequence[Node], after: Sequence[Node]) -> list[str]:
    """What `--profile` says, for the nodes that there are now: a copy is what its model is."""
    known = {node.name for node in before}
    found = []
    for text in given:
        place, separator, spec = text.rpartition("=")
        name, slash, device = place.partition("/")
        if not separator or name not in known:
            found.append(text)
            continue
        for number, node in enumerate(after):
            if before[number % len(before)].name == name:
                found.append(f"{node.name}{slash}{device}={spec}")
    return found


def _resized(node: Node, point: Point) -> Node:
    devices = node.devices
    if "hot" in point:
        hot = int(point["hot"])
        devices = tuple(structs.replace(device, hot=hot) for device in devices)
    host = int(point["host"]) if "host" in point else node.host
    return structs.replace(node, devices=devices, host=host)


def _check_placed(experts: Sequence[Expert], nodes: Sequence[Node]) -> None:
    known = {device_id(node.name, device.name) for node in nodes for device in node.devices}
    for expert in experts:
        if expert.devices and known.isdisjoint(expert.devices):
            raise PlanImpossible(
                f"{expert.name!r} may only run on {listed(expert.devices, 4)}, which is not there"
            )


def hot_bytes(nodes: Sequence[Node]) -> int:
    """Of all their devices."""
    return sum(device.hot for node in nodes for device in node.devices)


def shown(nodes: Sequence[Node]) -> str:
    """`2 nodes, 128GiB hot`."""
    count = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
    return f"{count}, {format_size(hot_bytes(nodes))} hot"
