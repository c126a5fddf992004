"""What fits where: the bytes of each memory, who would be in it at the start, and what is shared.

Who is there at the start is not computed here: the scheduler that runs live is asked, by a
simulation without requests. So is how many can be hot at the same time, by one in which all of
them are to be preloaded.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct, structs

from coterie.cli.simulation.modelled import Modelled
from coterie.scheduler import events as on
from coterie.simulator import FOREVER, Setup, simulate
from coterie.types import Node, Part, device_id, replica_id

FETCHED = ("hf://", "http://", "https://")
TierName = Literal["hot", "host", "disk"]


class Held(Struct, frozen=True):
    """One memory of a device (`node/device`) or a node. Bytes with the same digest count once, and
    `shared_bytes` is what that saves. `offered_bytes` 0: no bound is known.

    `used_bytes` is taken at the start by `experts`; `all_bytes` would be by all `candidates`
    together.
    """

    place: str
    tier: TierName
    offered_bytes: int
    used_bytes: int
    experts: tuple[str, ...]
    shared_bytes: int
    all_bytes: int
    candidates: int

    @property
    def share(self) -> float | None:
        return self.used_bytes / self.offered_bytes if self.offered_bytes else None


class Taken(Struct, frozen=True):
    """What a replica of an expert takes of hot memory. `cache_bytes` is the KV cache of its slots,
    as far as that is known; `shared_bytes` are also in other experts' replicas.
    """

    expert: str
    hot_bytes: int
    weights_bytes: int
    cache_bytes: int
    other_bytes: int
    shared_bytes: int
    replicas: tuple[str, ...] = ()  # at the start


class Fit(Struct, frozen=True):
    """`at_once`: of `experts`, how many can be hot at the same time."""

    memories: tuple[Held, ...]
    taken: tuple[Taken, ...]
    experts: int
    at_once: int


def fit(found: Modelled) -> Fit:
    """Of a composition on its machines."""
    setup, composition = found.setup, found.composition
    first = residents(setup)
    full = residents(with_all(setup))
    by_device: dict[str, list[str]] = {}
    for replica in first:
        expert, _, device = replica.rpartition("@")
        by_device.setdefault(device, []).append(expert)
    sums = _Sums(found)
    memories = []
    for one in setup.devices:
        memories.append(sums.hot(one.device, one.hot_bytes, by_device.get(one.device, [])))
    for node in composition.nodes:
        memories += sums.below(node)
    return Fit(
        memories=tuple(memories),
        taken=tuple(_taken(found, first)),
        experts=len(setup.experts),
        at_once=len({replica.rpartition("@")[0] for replica in full}),
    )


def residents(setup: Setup) -> list[str]:
    """The replicas that are hot before the first request comes, as `expert@node/device`."""
    stays = simulate(setup, ()).residences
    return sorted(
        replica_id(stay.expert, stay.device)
        for stay in stays
        if stay.hot_s < FOREVER and stay.leaves_s == FOREVER
    )


def with_all(setup: Setup) -> Setup:
    """The same, where all experts are to be preloaded: those without room stay out."""
    return structs.replace(
        setup, experts=tuple(structs.replace(one, preload=True) for one in setup.experts)
    )


def distinct(parts: Iterable[Part]) -> int:
    """Bytes, each digest counted once, at its largest."""
    sizes: dict[str, int] = {}
    for part in parts:
        sizes[part.digest] = max(part.size_bytes, sizes.get(part.digest, 0))
    return sum(sizes.values())


def candidates(experts: Sequence[on.Declared], devices: Collection[str]) -> tuple[str, ...]:
    """The experts that may be on any of the devices, in the order of their declaration."""
    return tuple(
        one.expert
        for one in experts
        if not one.devices or any(device in devices for device in one.devices)
    )


class _Sums:
    """Bytes in memories. Devices of a kind with the same experts have the same sums, found once."""

    def __init__(self, found: Modelled) -> None:
        self._found = found
        self._sources = {one.name: one.weights for one in found.composition.experts}
        self._hosts = {place.node: place.host_bytes for place in found.setup.places}
        self._all: dict[tuple[str, tuple[str, ...]], int] = {}

    def hot(self, device: str, hot_bytes: int, experts: Sequence[str]) -> Held:
        setup = self._found.setup
        kind = setup.kinds[device]
        parts = [part for name in experts for part in setup.figures[kind][name].parts]
        names = candidates(setup.experts, (device,))
        if (kind, names) not in self._all:
            every = (part for name in names for part in setup.figures[kind][name].parts)
            self._all[kind, names] = distinct(every)
        return Held(
            place=device,
            tier="hot",
            offered_bytes=hot_bytes,
            used_bytes=distinct(parts),
            experts=tuple(experts),
            shared_bytes=sum(part.size_bytes for part in parts) - distinct(parts),
            all_bytes=self._all[kind, names],
            candidates=len(names),
        )

    def below(self, node: Node) -> Iterator[Held]:
        """A node's host memory, and its disk where weights are fetched to it."""
        devices = {device_id(node.name, device.name) for device in node.devices}
        names = candidates(self._found.setup.experts, devices)
        yield self._files(node.name, "host", self._hosts.get(node.name, 0), names)
        if fetched := tuple(name for name in names if self._sources[name].startswith(FETCHED)):
            yield self._files(node.name, "disk", node.disk, fetched)

    def _files(self, node: str, tier: TierName, offered: int, names: tuple[str, ...]) -> Held:
        found = self._found
        files = [
            Part(found.footprints[name].hot[0].digest, found.cards[name].weight_bytes)
            for name in names
            if found.footprints[name].hot
        ]
        used = distinct(files)
        return Held(
            place=node,
            tier=tier,
            offered_bytes=offered,
            used_bytes=used,
            experts=names,
            shared_bytes=sum(part.size_bytes for part in files) - used,
            all_bytes=used,
            candidates=len(names),
        )


def _taken(found: Modelled, replicas: Sequence[str]) -> list[Taken]:
    owners: dict[str, int] = {}
    for footprint in found.footprints.values():
        for digest in {part.digest for part in footprint.hot}:
            owners[digest] = owners.get(digest, 0) + 1
    rows = []
    for expert in found.composition.experts:
        hot, card = found.footprints[expert.name].hot, found.cards[expert.name]
        total = distinct(hot)
        weights = min(total, hot[0].size_bytes if hot else 0)
        cache = card.kv_bytes_per_token * expert.context * expert.parallel
        rows.append(
            Taken(
                expert=expert.name,
                hot_bytes=total,
                weights_bytes=weights,
                cache_bytes=min(cache, total - weights),
                other_bytes=max(0, total - weights - cache),
                shared_bytes=distinct(part for part in hot if owners[part.digest] > 1),
                replicas=tuple(one for one in replicas if one.rpartition("@")[0] == expert.name),
            )
        )
    return rows
