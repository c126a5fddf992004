"""What is gone when one machine is."""

from collections.abc import Iterator

from coterie.cli.plan.caution import MOST_NAMES, Caution
from coterie.cli.plan.hosted import distinct
from coterie.cli.simulation.modelled import Modelled
from coterie.config.finding import listed


def points_of_failure(found: Modelled) -> Iterator[Caution]:
    """Nodes and devices without which somebody is not answered."""
    setup, composition = found.setup, found.composition
    nodes = composition.nodes
    if len(setup.devices) == 1:
        device = setup.devices[0].device
        yield Caution(
            "one_device",
            "notable",
            device,
            f"everything runs on one device, {device!r}: while it or its node is down, nobody is "
            "answered",
            "add a second node; each expert is then loaded where there is room",
        )
        return
    if len(nodes) == 1:
        yield Caution(
            "one_node",
            "notable",
            nodes[0].name,
            f"there is one node, {nodes[0].name!r}: while it is down, nobody is answered",
            "add a second one; each expert is then loaded where there is room",
        )
        return
    nodes_of = {device.device: device.node for device in setup.devices}
    sizes = {device.device: device.hot_bytes for device in setup.devices}
    bound: dict[str, list[str]] = {}
    for one in setup.experts:
        needed = distinct(setup.anywhere(one.expert).parts)
        homes = {nodes_of[name] for name in one.devices or sizes if sizes.get(name, -1) >= needed}
        if len(homes) == 1:
            bound.setdefault(homes.pop(), []).append(one.expert)
    for node, names in sorted(bound.items()):
        yield Caution(
            "bound_to_node",
            "notable",
            node,
            f"{listed(names, MOST_NAMES)} may run on node {node!r} alone: while it is down, they "
            "are not answered",
            "let them run on devices of another node as well, large enough for them",
        )
