"""Whether experts fit the devices, in bytes: parts with one digest on one device count once."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from coterie.config.composition import Composition
from coterie.config.finding import Finding, listed, problems
from coterie.config.units import format_size
from coterie.errors import Problem
from coterie.types import Footprint, Part, device_id


class _Room(NamedTuple):
    """What a device offers: hot bytes, and its node's host memory (0: no bound)."""

    hot: int
    host: int


class _Pinned(NamedTuple):
    expert: int
    name: str
    hot: tuple[Part, ...]
    fitting: tuple[str, ...]


def fit_problems(
    composition: Composition, footprints: Mapping[str, Footprint]
) -> tuple[Problem, ...]:
    """Experts that fit no device they may run on, and pinned ones that cannot all be resident.

    `footprints` has, by name, those experts whose footprint is known; others are passed over. What
    is reported is certain; pins that only an unlucky split over several devices keeps out are not.
    """
    rooms = {
        device_id(node.name, device.name): _Room(device.hot, node.host)
        for node in composition.nodes
        for device in node.devices
    }
    findings: list[Finding] = []
    pinned: list[_Pinned] = []
    for i, expert in enumerate(composition.experts):
        footprint = footprints.get(expert.name)
        if footprint is None:
            continue
        allowed = {name: rooms[name] for name in expert.devices or rooms if name in rooms}
        fitting = tuple(name for name, room in allowed.items() if _fits(footprint, room))
        if not fitting:
            findings.append(Finding(("experts", i), _misfit(expert.name, footprint, allowed)))
        elif expert.pin:
            pinned.append(_Pinned(i, expert.name, footprint.hot, fitting))
    return problems([*findings, *_crowded(pinned, rooms)])


def _fits(footprint: Footprint, room: _Room) -> bool:
    return _distinct(footprint.hot) <= room.hot and (
        room.host == 0 or _distinct(footprint.warm) <= room.host
    )


def _misfit(name: str, footprint: Footprint, allowed: Mapping[str, _Room]) -> str:
    hot, warm = _distinct(footprint.hot), _distinct(footprint.warm)
    largest = max((room.hot for room in allowed.values()), default=0)
    where = listed(list(allowed), 4) or "no device"
    if hot > largest:
        return (
            f"{name!r} needs {format_size(hot)} of hot memory, and the most it may have is "
            f"{format_size(largest)} ({where}); give a device more 'hot', or the expert less "
            f"'context' or 'parallel', or smaller weights"
        )
    return (
        f"{name!r} needs {format_size(warm)} of host memory, more than the 'host' of its node "
        f"({where}); raise it, or let the expert run elsewhere"
    )


def _crowded(pinned: list[_Pinned], rooms: Mapping[str, _Room]) -> Iterable[Finding]:
    """For each group of devices: what is pinned and fits nowhere else, against its memory."""
    reported: list[frozenset[str]] = []
    groups = sorted({expert.fitting for expert in pinned}, key=lambda group: (len(group), group))
    for group in groups:
        devices = frozenset(group)
        inside = [expert for expert in pinned if devices.issuperset(expert.fitting)]
        needed = _distinct(part for expert in inside for part in expert.hot)
        offered = sum(rooms[name].hot for name in group)
        if needed <= offered or any(devices.issuperset(smaller) for smaller in reported):
            continue
        reported.append(devices)
        yield Finding(
            ("experts", inside[-1].expert, "pin"),
            f"{listed([expert.name for expert in inside])} are pinned and need "
            f"{format_size(needed)} together, more than the {format_size(offered)} of "
            f"{listed(group)}; unpin one, or give the device more 'hot'",
        )


def _distinct(parts: Iterable[Part]) -> int:
    """Bytes, counting each digest once, at its largest."""
    sizes: dict[str, int] = {}
    for part in parts:
        sizes[part.digest] = max(part.size_bytes, sizes.get(part.digest, 0))
    return sum(sizes.values())
