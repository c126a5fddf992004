"""What a plan is compared with: another document, or a server that runs.

A server says of its experts their slots, pins and bytes, of its devices their bytes, and what is on
them now. What it does not say, it is taken to have as the document has it; that is told in notes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from coterie.cli.check import examine
from coterie.cli.client import call
from coterie.cli.plan.hosted import residents
from coterie.cli.simulation.modelled import Modelled, model, modelled
from coterie.config import Composition
from coterie.errors import BadRequest, ServerRefused, ServerUnreachable
from coterie.simulator import Setup
from coterie.types import Device, Expert, Node, Part, device_id, expert_of

SCHEMES = ("http://", "https://")
Count = Annotated[int, Meta(ge=1)]
Bytes = Annotated[int, Meta(ge=0)]
UNSAID = (
    "the server says neither its version nor its policy, limits, flows, routes, and experts' "
    "weights, context, options and replicas: it is taken to have what this document has"
)


class Here(Struct, frozen=True):
    """`replicas` are there now, as `expert@node/device`; of a document, at its start. `is_running`:
    it is a server. `sizes`: hot bytes of its experts that are otherwise than in the document.
    """

    name: str
    found: Modelled
    replicas: tuple[str, ...]
    is_running: bool
    sizes: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()


class _Expert(Struct, frozen=True):
    """As `/admin/experts` tells of one; what else it tells is passed over."""

    name: str
    slots: Count = 1
    pinned: bool = False
    estimated_bytes: Bytes = 0
    measured_bytes: Bytes = 0


class _Device(Struct, frozen=True):
    """As `/admin/devices` tells of one."""

    device: str
    node: str
    hot_bytes: Count
    replicas: tuple[str, ...] = ()


def here(
    against: str,
    there: Modelled,
    *,
    profiles: Sequence[str] = (),
    models: Sequence[Path] = (),
    state: Path | None = None,
) -> Here:
    """What `--against` names, a URL or a file. `there`: the composition that is planned.

    Raises what `modelled` raises, BadRequest for another URL, ServerUnreachable, and ServerRefused
    where a server answers what is not understood.
    """
    if against.startswith(SCHEMES):
        try:
            return _server(against, there, profiles)
        except ServerUnreachable as error:
            raise ServerUnreachable(str(error).replace("--url", "--against")) from error
    if "://" in against:
        raise BadRequest(
            f"`--against` is {against!r}: expected a URL like http://127.0.0.1:8080, or a file",
            "against",
        )
    file = Path(against)
    document = examine(file, state).composition
    if document is not None:
        profiles = _known(profiles, document.nodes)
    found = modelled(file, profiles=profiles, models=models, state=state)
    return Here(against, found, tuple(residents(found.setup)), is_running=False)


def _server(url: str, there: Modelled, profiles: Sequence[str]) -> Here:
    experts = _told(url, "/admin/experts", "experts", list[_Expert])
    devices = _told(url, "/admin/devices", "devices", list[_Device])
    if not experts or not devices:
        what = "experts" if not experts else "devices"
        raise ServerRefused(f"{url} says that it has no {what}: is it still starting?")
    for place in devices:
        if not place.device.startswith(f"{place.node}/"):
            raise ServerRefused(
                f"{url}/admin/devices answers what this version does not understand: device "
                f"{place.device!r} is said to be on node {place.node!r}"
            )
    notes = [UNSAID]
    known = {one.name: one for one in there.composition.experts}
    served = []
    for one in experts:
        size = one.measured_bytes or one.estimated_bytes
        if one.name in known:
            served.append(structs.replace(known[one.name], parallel=one.slots, pin=one.pinned))
        elif size:
            served.append(_stand_in(one, size))
        else:
            notes.append(f"the server has not told yet how large {one.name!r} is: it is left out")
    nodes = _nodes(devices, there.composition)
    composition = structs.replace(there.composition, experts=_placeable(served, nodes), nodes=nodes)
    names = {one.name for one in served}
    found = model(composition, _known(profiles, nodes), there.library)
    sizes = {
        one.name: one.estimated_bytes
        for one in experts
        if one.name in known
        and one.name not in there.library.rows
        and one.estimated_bytes
        and one.estimated_bytes != found.footprints[one.name].hot_bytes
    }
    return Here(
        name=url,
        found=structs.replace(found, setup=_resized(found.setup, sizes)),
        replicas=tuple(
            sorted(
                replica
                for device in devices
                for replica in device.replicas
                if expert_of(replica) in names and replica.endswith(f"@{device.device}")
            )
        ),
        is_running=True,
        sizes=sizes,
        notes=tuple(notes),
    )


def _told(url: str, path: str, key: str, kind: type[list[Any]]) -> Any:
    """A server's answer. Raises ServerRefused where it is not what is expected of this version."""
    try:
        answer = call(url, path)
    except ServerRefused as error:
        if not str(error).startswith("the server answered"):
            raise
        raise ServerRefused(f"{url}{path}: {error}; is it a Coterie server?") from error
    try:
        return msgspec.convert(answer[key], kind)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        why = f"it has no {key!r}" if isinstance(error, KeyError) else str(error)
        raise ServerRefused(
            f"{url}{path} answers what this version does not understand: {why}; compare with the "
            "document that it was started with, by `--against FILE`"
        ) from error


def _resized(setup: Setup, sizes: Mapping[str, int]) -> Setup:
    """With experts as large as they are; of what parts that is made, nobody says."""
    return structs.replace(
        setup,
        figures={
            kind: {
                name: structs.replace(one, parts=(Part(f"{name} as it is served", sizes[name]),))
                if name in sizes
                else one
                for name, one in figures.items()
            }
            for kind, figures in setup.figures.items()
        },
    )


def _stand_in(one: _Expert, size_bytes: int) -> Expert:
    """An expert that the document does not have, as large as the server says."""
    return Expert(
        name=one.name,
        engine="echo",
        options={"hot": size_bytes},
        parallel=one.slots,
        pin=one.pinned,
    )


def _nodes(devices: Sequence[_Device], composition: Composition) -> tuple[Node, ...]:
    """The server's machines, each as the document has it but for its bytes."""
    known = {node.name: node for node in composition.nodes}
    kinds = {device.kind for node in composition.nodes for device in node.devices}
    kind = kinds.pop() if len(kinds) == 1 else "cpu"
    by_node: dict[str, list[Device]] = {}
    for one in devices:
        name = one.device.removeprefix(f"{one.node}/")
        same = [device for device in _devices(known.get(one.node)) if device.name == name]
        device = same[0] if same else Device(name, one.hot_bytes, kind)
        by_node.setdefault(one.node, []).append(structs.replace(device, hot=one.hot_bytes))
    return tuple(
        structs.replace(known.get(name) or Node(name, tuple(own)), devices=tuple(own))
        for name, own in by_node.items()
    )


def _devices(node: Node | None) -> tuple[Device, ...]:
    return () if node is None else node.devices


def _known(profiles: Sequence[str], nodes: Sequence[Node]) -> list[str]:
    """Without those of nodes that are only in the document that is planned."""
    places = {node.name for node in nodes}
    places |= {device_id(node.name, one.name) for node in nodes for one in node.devices}
    return [one for one in profiles if "=" not in one or one.rpartition("=")[0] in places]


def _placeable(experts: Sequence[Expert], nodes: Sequence[Node]) -> tuple[Expert, ...]:
    """Without devices that the server does not have: the document may have new ones."""
    there = {device_id(node.name, device.name) for node in nodes for device in node.devices}
    return tuple(
        structs.replace(one, devices=tuple(name for name in one.devices if name in there))
        for one in experts
    )
