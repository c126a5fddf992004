"""A composition on its machines, and who is resident there, as planning sees them."""

from collections.abc import Collection, Mapping, Sequence

from coterie.cli.recomposition.ending import Ending
from coterie.cli.recomposition.work import capacity
from coterie.cli.simulation.modelled import Modelled
from coterie.config import nearest
from coterie.config.finding import listed
from coterie.errors import BadRequest
from coterie.planner.recomposition import DeviceState, ExpertState, State
from coterie.simulator import FREE, Place, Setup
from coterie.types import Footprint, expert_of, replica_id

INSTANT = 1e18
"""Bytes a second of a way on which nothing is waited for."""


def state_of(
    found: Modelled,
    replicas: Sequence[str],
    slots: Mapping[str, float],
    past: Ending | None = None,
) -> State:
    """`slots`: what one replica of each expert can compute in a second. `past`: what was learnt of
    sizes and loads, which goes before what the model says.
    """
    setup = found.setup
    rates = {one.device: _load_rate(found, one.device, one.node) for one in setup.devices}
    parts = past.parts if past is not None else {}
    learnt = past.load_s if past is not None else {}
    experts = []
    for one in setup.experts:
        footprint = found.footprints[one.expert]
        if one.expert in parts:
            footprint = Footprint(hot=parts[one.expert], warm=footprint.warm)
        start_s = max(_start_s(setup, one.expert, device) for device in rates)
        if one.expert in learnt:
            copied_s = footprint.hot_bytes / max(rates.values())
            start_s = max(0.0, learnt[one.expert] - copied_s)
        experts.append(
            ExpertState(
                name=one.expert,
                footprint=footprint,
                start_s=start_s,
                slots=slots.get(one.expert, 0.0),
                replicas_max=one.replicas,
                pinned=one.pinned,
                devices=one.devices,
            )
        )
    devices = tuple(
        DeviceState(
            device=one.device,
            node=one.node,
            hot_bytes=one.hot_bytes,
            load_bytes_per_s=rates[one.device],
            capacity=capacity(setup, one.device),
            host_bytes=one.host_bytes,
        )
        for one in setup.devices
    )
    return State(tuple(experts), devices, tuple(replicas))


def known(replicas: Collection[str], setup: Setup) -> tuple[list[str], list[str]]:
    """Replicas of experts and on devices that there are, and the others."""
    experts = {one.expert for one in setup.experts}
    devices = {one.device for one in setup.devices}
    here = [one for one in replicas if expert_of(one) in experts and _device(one) in devices]
    return sorted(here), sorted(set(replicas) - set(here))


def given(text: str, setup: Setup) -> list[str]:
    """The replicas of `--resident`, in order of name. Raises BadRequest."""
    if text == "none":
        return []
    experts = [one.expert for one in setup.experts]
    devices = [one.device for one in setup.devices]
    found: list[str] = []
    for word in text.split(","):
        expert, separator, device = word.strip().rpartition("@")
        if not separator:
            raise BadRequest(
                f"`--resident` {word!r}: expected EXPERT@NODE/DEVICE, several with commas between "
                "them, or none",
                "resident",
            )
        for kind, name, names in (("expert", expert, experts), ("device", device, devices)):
            if name not in names:
                hint = nearest(name, names) or f"; there are {listed(names)}"
                raise BadRequest(f"`--resident`: there is no {kind} {name!r}{hint}", "resident")
        found.append(replica_id(expert, device))
        if found.count(found[-1]) > 1:
            raise BadRequest(f"`--resident` has {found[-1]!r} twice: keep one", "resident")
    return sorted(found)


def _load_rate(found: Modelled, device: str, node: str) -> float:
    """Bytes of replicas that come to be on a device in a second.

    Only weights are copied, caches are not: so a replica's bytes come by so much quicker, the same
    for all. Weights that find no place in host memory are read from disk.
    """
    setup = found.setup
    place = next((one for one in setup.places if one.node == node), Place(node))
    link = min(place.link, setup.lanes.get(device, FREE))
    needed = sum(card.weight_bytes for card in found.cards.values())
    absent = max(0.0, 1.0 - place.host_bytes / needed) if place.host_bytes and needed else 0.0
    per_byte_s = (1.0 - absent) / link + absent / min(link, place.disk)
    own = setup.figures[setup.kinds[device]].values()
    copied = sum(one.load_bytes for one in own)
    held = sum(part.size_bytes for one in own for part in one.parts)
    return held / (copied * per_byte_s) if copied * per_byte_s and held else INSTANT


def _start_s(setup: Setup, expert: str, device: str) -> float:
    figures, cores = setup.figures_on(expert, device), setup.cores[setup.computes[device]]
    return figures.load_wait_s + figures.load_work / min(1.0, cores)


def _device(replica: str) -> str:
    return replica.rpartition("@")[2]
