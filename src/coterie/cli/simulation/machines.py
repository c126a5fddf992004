"""The nodes of a composition as machines: what each can do is said by a hardware profile."""

import os
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from coterie.config import Composition, format_size, nearest
from coterie.config.finding import listed
from coterie.errors import BadRequest, ProfileInvalid
from coterie.hardware import Profile
from coterie.hardware.catalogue import load, names
from coterie.hardware.costs import link_rate
from coterie.scheduler import events as on
from coterie.simulator import FREE, Place
from coterie.types import Device, Node, device_id

USUAL = "cpu"
"""The profile of CPUs of which nothing is said."""


class Kind(Struct, frozen=True):
    """Devices that are alike: each has `threads` for a prompt, and as many of its kind `beside` it
    on its node, itself among them.
    """

    profile: Profile
    threads: float
    beside: int


class Machines(Struct, frozen=True):
    """As `coterie.simulator.Setup` has them; `by_kind`: what they are."""

    devices: tuple[on.DeviceJoined, ...]
    cores: dict[str, float]
    computes: dict[str, str]
    kinds: dict[str, str]
    lanes: dict[str, float]
    places: tuple[Place, ...]
    by_kind: dict[str, Kind]
    notes: tuple[str, ...]


def machines(composition: Composition, given: Sequence[str]) -> Machines:
    """`given`: profiles by name or path, for all nodes, or as NODE=… and NODE/DEVICE=….

    A device is all that a profile is of: one with eight accelerators is one device on which each
    replica spans eight. Without a profile, CPUs are taken for the usual one with the cores of this
    machine. Raises ProfileInvalid, or BadRequest where a node is not there.
    """
    by_place = _given(composition, given)
    usual = by_place.get("", "")
    loaded: dict[str, Profile] = {}
    found = Machines((), {}, {}, {}, {}, (), {}, ())
    devices: list[on.DeviceJoined] = []
    places: list[Place] = []
    notes: list[str] = []
    for node in composition.nodes:
        whole = by_place.get(node.name, usual)
        specs = [by_place.get(device_id(node.name, one.name), whole) for one in node.devices]
        for device, spec in zip(node.devices, specs, strict=True):
            if not spec:
                _check_usual(node, device)
            if spec not in loaded:
                loaded[spec] = load(spec) if spec else usual_cpu(notes)
        profiles = [loaded[spec] for spec in specs]
        for device, spec, profile in zip(node.devices, specs, profiles, strict=True):
            joined = _joined(node, device, profile)
            threads = float(min(device.threads or profile.cores, profile.cores) or 1)
            beside = specs.count(spec)
            kind = f"{spec or USUAL}/{threads:g}/{beside}"
            found.by_kind[kind] = Kind(profile, threads, beside)
            found.kinds[joined.device] = kind
            found.lanes[joined.device] = link_rate(profile)
            computer = node.name if profile.cores else joined.device
            found.computes[joined.device] = computer
            found.cores[computer] = float(profile.cores or 1)
            devices.append(joined)
        places.append(_place(node, profiles))
        notes += _too_much(node, profiles)
    return structs.replace(
        found, devices=tuple(devices), places=tuple(places), notes=tuple(dict.fromkeys(notes))
    )


def usual_cpu(notes: list[str]) -> Profile:
    """The usual CPU with the cores of this machine, and a note that says so. Cores are alike: with
    fewer of them, there is less of all that they share.
    """
    profile = load(USUAL)
    cores = _cores()
    part = cores / profile.cores
    tiers = profile.tiers
    notes.append(
        f"no profile is given: CPUs are taken for {USUAL!r} with the {cores} core(s) of this "
        "machine, all estimated; `coterie profile measure` says what yours can do"
    )
    return structs.replace(
        profile,
        cores=cores,
        compute=profile.compute * part,
        tiers=structs.replace(
            tiers,
            hot=structs.replace(tiers.hot, bandwidth=tiers.hot.bandwidth * part),
            host=structs.replace(tiers.host, bandwidth=tiers.host.bandwidth * part),
        ),
    )


def _given(composition: Composition, given: Sequence[str]) -> Mapping[str, str]:
    """Profiles by node or device; by an empty name the one for all others."""
    places = [node.name for node in composition.nodes]
    places += [
        device_id(node.name, device.name) for node in composition.nodes for device in node.devices
    ]
    found: dict[str, str] = {}
    for text in given:
        place, separator, spec = text.rpartition("=")
        if separator and place not in places:
            hint = nearest(place, places) or f"; there are {listed(places)}"
            raise BadRequest(f"`--profile` {text!r}: there is no node {place!r}{hint}", "profile")
        if place in found:
            whom = repr(place) if place else "all nodes"
            raise BadRequest(f"`--profile` is given twice for {whom}: keep one", "profile")
        if not spec:
            raise BadRequest(
                f"`--profile` {text!r} names none: expected NAME, FILE or NODE=NAME", "profile"
            )
        found[place] = spec
    return found


def _check_usual(node: Node, device: Device) -> None:
    """Only a CPU has a profile that is good enough for all of its kind."""
    if device.kind != "cpu":
        raise ProfileInvalid(
            f"device {device_id(node.name, device.name)!r} is of kind {device.kind!r}, of which "
            f"nothing is known: give `--profile {node.name}=NAME`, one of {', '.join(names())}, or "
            "the file of another"
        )


def _joined(node: Node, device: Device, profile: Profile) -> on.DeviceJoined:
    """As a node's agent says it of a machine with the cores of the profile."""
    runs, prefills = device.parallel_runs, device.parallel_prefills
    if profile.cores:
        threads = device.threads or profile.cores
        # Engines generate with half of a device's threads, and use all of them for prompts.
        runs = runs or max(1, profile.cores // ((threads + 1) // 2))
        prefills = prefills or max(1, profile.cores // threads)
    return on.DeviceJoined(
        at=0.0,
        device=device_id(node.name, device.name),
        node=node.name,
        hot_bytes=device.hot,
        host_bytes=node.host,
        parallel_loads=device.parallel_loads,
        parallel_runs=runs,
        parallel_prefills=prefills,
    )


def _place(node: Node, profiles: Sequence[Profile]) -> Place:
    """Accelerators bring their part of a machine each; the devices of a CPU share all of one."""
    parts = [one for one in profiles if not one.cores] or profiles[:1]
    disks = [one.tiers.disk.bandwidth for one in parts if one.tiers.disk is not None]
    return Place(
        node.name,
        link=sum(link_rate(one) for one in parts),
        disk=sum(disks) if len(disks) == len(parts) else FREE,
        host_bytes=node.host or sum(one.tiers.host.bytes for one in parts),
    )


def _too_much(node: Node, profiles: Sequence[Profile]) -> list[str]:
    """Devices that are said to have more than their profile."""
    return [
        f"device {device_id(node.name, device.name)!r} has {format_size(device.hot)} of hot "
        f"memory, more than the {format_size(profile.tiers.hot.bytes)} of profile {profile.name!r}"
        for device, profile in zip(node.devices, profiles, strict=True)
        if device.hot > profile.tiers.hot.bytes
    ]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
