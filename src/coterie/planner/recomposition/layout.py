"""Where experts can be, and what they take there: pairs of an expert and a device, and their units.

A placement is the pairs that hold a replica. Experts and devices are in order of name, so that
nothing hangs on how they were listed.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from coterie.planner.recomposition.checks import check_state
from coterie.planner.recomposition.state import DeviceState, ExpertState, State
from coterie.planner.recomposition.units import Unit, distinct_bytes, units_of
from coterie.types import Part, replica_id

Placement = frozenset[int]
"""Pairs that hold a replica, by their number in the layout."""


class Pair(NamedTuple):
    """An expert on a device, by their numbers."""

    expert: int
    device: int


class Place(NamedTuple):
    """Where bytes are held: `node/device`, or `node:host`."""

    name: str
    budget_bytes: int


@dataclass(frozen=True)
class Layout:
    """`may`: whether a pair may hold a replica; one that may not is there because it does now.
    `places`: the devices, then the host memory of nodes where that is bounded. `homeless`: experts
    that fit no device they may be on, even alone.
    """

    experts: tuple[ExpertState, ...]
    devices: tuple[DeviceState, ...]
    pairs: tuple[Pair, ...]
    may: tuple[bool, ...]
    places: tuple[Place, ...]
    units: tuple[Unit, ...]
    current: Placement
    homeless: tuple[str, ...]
    _held_by: tuple[tuple[int, ...], ...] = field(repr=False)

    @cached_property
    def of_expert(self) -> tuple[tuple[int, ...], ...]:
        """The pairs of each expert."""
        found: list[list[int]] = [[] for _ in self.experts]
        for number, pair in enumerate(self.pairs):
            found[pair.expert].append(number)
        return tuple(map(tuple, found))

    def name(self, pair: int) -> str:
        """`expert@node/device`."""
        one = self.pairs[pair]
        return replica_id(self.experts[one.expert].name, self.devices[one.device].device)

    def units_of(self, pair: int) -> tuple[int, ...]:
        """What a replica holds, by number."""
        return self._held_by[pair]

    def is_hot(self, unit: int) -> bool:
        """Whether it lies in a device's memory."""
        return self.units[unit].place < len(self.devices)

    def held(self, placement: Iterable[int]) -> set[int]:
        return {unit for pair in placement for unit in self._held_by[pair]}

    def free(self, held: Iterable[int]) -> list[int]:
        """Bytes that are left in each place; negative where too much is held."""
        found = [place.budget_bytes for place in self.places]
        for unit in held:
            found[self.units[unit].place] -= self.units[unit].size_bytes
        return found

    def staying(self, placement: Iterable[int]) -> Placement:
        """Replicas that no load may evict: of experts that are pinned or critical."""
        return frozenset(pair for pair in placement if self.must_stay(pair))

    def must_stay(self, pair: int) -> bool:
        expert = self.experts[self.pairs[pair].expert]
        return expert.pinned or expert.critical

    def fits(self, placement: Iterable[int]) -> bool:
        return min(self.free(self.held(placement))) >= 0

    def lacks(self, pair: int, held: Container[int], free: Sequence[int]) -> list[int]:
        """The places where there is too little room for a replica beside what is held."""
        need: dict[int, int] = {}
        for number in self._held_by[pair]:
            if number not in held:
                place, size_bytes, _ = self.units[number]
                need[place] = need.get(place, 0) + size_bytes
        return [place for place, size_bytes in need.items() if size_bytes > free[place]]

    def can_join(self, pair: int, held: Container[int], free: Sequence[int]) -> bool:
        return not self.lacks(pair, held, free)

    def copied(self, pair: int, held: Container[int]) -> int:
        """Bytes that a load copies onto the device, where so much is held already."""
        return sum(
            self.units[unit].size_bytes
            for unit in self._held_by[pair]
            if unit not in held and self.is_hot(unit)
        )

    def load_s(self, pair: int, held: Container[int]) -> float:
        one = self.pairs[pair]
        rate = self.devices[one.device].load_bytes_per_s
        return self.experts[one.expert].start_s + self.copied(pair, held) / rate

    def moved(self, placement: Placement) -> tuple[int, float]:
        """Bytes to copy, and seconds to load, from the current placement to this one."""
        size_bytes, seconds = 0, 0.0
        for unit in sorted(self.held(placement) - self.held(self.current)):
            if self.is_hot(unit):
                place, more, _ = self.units[unit]
                size_bytes += more
                seconds += more / self.devices[place].load_bytes_per_s
        new = sorted(placement - self.current)
        return size_bytes, seconds + sum(
            self.experts[self.pairs[one].expert].start_s for one in new
        )


@dataclass(frozen=True)
class Room:
    """What replicas leave: the units that they hold, and the bytes that are free in each place."""

    layout: Layout
    held: frozenset[int]
    free: tuple[int, ...]

    @classmethod
    def beside(cls, layout: Layout, placement: Iterable[int]) -> "Room":
        held = frozenset(layout.held(placement))
        return cls(layout, held, tuple(layout.free(held)))

    def takes(self, pair: int) -> bool:
        """Whether a replica can be loaded there."""
        return self.layout.can_join(pair, self.held, self.free)


def layout_of(state: State) -> Layout:
    """Raises PlanImpossible for a state that contradicts itself."""
    check_state(state)
    experts = tuple(sorted(state.experts, key=lambda one: one.name))
    devices = tuple(sorted(state.devices, key=lambda one: one.device))
    hosts = _hosts(devices)
    there = frozenset(state.replicas)
    pairs, may = [], []
    for i, expert in enumerate(experts):
        for j, device in enumerate(devices):
            fits = _fits(expert, device, hosts.get(device.node))
            if fits or replica_id(expert.name, device.device) in there:
                pairs.append(Pair(i, j))
                may.append(fits)
    units, held_by = _held(pairs, experts, devices, list(hosts))
    at_home = {pair.expert for pair, fits in zip(pairs, may, strict=True) if fits}
    layout = Layout(
        experts=experts,
        devices=devices,
        pairs=tuple(pairs),
        may=tuple(may),
        places=(*(Place(one.device, one.hot_bytes) for one in devices), *hosts.values()),
        units=units,
        current=frozenset(),
        homeless=tuple(one.name for i, one in enumerate(experts) if i not in at_home),
        _held_by=held_by,
    )
    current = frozenset(pair for pair in range(len(pairs)) if layout.name(pair) in there)
    return replace(layout, current=current)


def _hosts(devices: Iterable[DeviceState]) -> dict[str, Place]:
    """The host memory of nodes where it is bounded."""
    found: dict[str, int] = {}
    for device in devices:
        if device.host_bytes:
            found[device.node] = max(device.host_bytes, found.get(device.node, 0))
    return {node: Place(f"{node}:host", size_bytes) for node, size_bytes in sorted(found.items())}


def _fits(expert: ExpertState, device: DeviceState, host: Place | None) -> bool:
    """Whether it may be there, and would fit with nothing else there."""
    return (
        (not expert.devices or device.device in expert.devices)
        and distinct_bytes(expert.footprint.hot) <= device.hot_bytes
        and (host is None or distinct_bytes(expert.footprint.warm) <= host.budget_bytes)
    )


def _held(
    pairs: Iterable[Pair],
    experts: Sequence[ExpertState],
    devices: Sequence[DeviceState],
    hosts: Sequence[str],
) -> tuple[tuple[Unit, ...], tuple[tuple[int, ...], ...]]:
    """The units, and those of each pair. Places are the devices, then the hosts."""
    parts: list[list[tuple[int, Part]]] = []
    for i, j in pairs:
        footprint, node = experts[i].footprint, devices[j].node
        parts.append([(j, part) for part in footprint.hot])
        if node in hosts:
            host = len(devices) + hosts.index(node)
            parts[-1] += [(host, part) for part in footprint.warm]
    units = units_of(parts)
    held_by: list[list[int]] = [[] for _ in parts]
    for number, unit in enumerate(units):
        for pair in unit.holders:
            held_by[pair].append(number)
    return units, tuple(map(tuple, held_by))
