"""A bound on the cost of any placement: the program with devices that are alike merged into one.

That makes it as small as there are kinds of devices. It does not see which node a device is in,
that a replica cannot be cut in two between devices (but for what no combination of sizes can fill),
nor what it takes to load parts that some replica may hold already.
"""

from collections.abc import Iterable
from dataclasses import replace

from msgspec import structs

from coterie.planner.recomposition.layout import Layout, Pair, layout_of
from coterie.planner.recomposition.program import Program
from coterie.planner.recomposition.question import Question
from coterie.planner.recomposition.state import State
from coterie.types import replica_id

LARGEST = 10_000
"""Pairs of an expert and a kind of device, above which no bound is looked for."""
NODES = 100
SUMS = 10_000
"""Of sizes, above which a place is taken to be filled to the last byte."""
_SCALED = 1e4


def bound_of(question: Question) -> float:
    """No placement costs less; 0 where there are too many kinds of devices to tell."""
    kinds = _kinds(question.layout)
    first = [members[0] for members in kinds]
    if len(first) * len(question.layout.experts) > LARGEST:
        return 0.0
    layout = _merged(question.layout, kinds)
    there = [0] * len(layout.pairs)
    kind_of = {device: kind for kind, members in enumerate(kinds) for device in members}
    numbers = {pair: number for number, pair in enumerate(layout.pairs)}
    for pair in question.layout.current:
        expert, device = question.layout.pairs[pair]
        there[numbers[Pair(expert, kind_of[device])]] += 1
    program = Program(
        replace(question, layout=layout), alike=[len(members) for members in kinds], there=there
    )
    scale = _SCALED / question.scale
    solved = program.rows.solve([cost * scale for cost in program.rows.costs], NODES)
    return max(0.0, solved.bound / scale) if solved else 0.0


def fillable(budget_bytes: int, sizes: Iterable[int]) -> int:
    """The most that any number of units of such sizes can fill of a place: a budget of 64 GiB holds
    no more than 56 of experts that all take 14.
    """
    reached = {0}
    for size in sorted({size for size in sizes if 0 < size <= budget_bytes}, reverse=True):
        for total in sorted(reached):
            if total >= size and total - size in reached:
                continue  # it was reached from there, and so was all that is reached from here
            sums = range(total, budget_bytes + 1, size)
            if len(sums) > SUMS:
                return budget_bytes
            reached.update(sums)
            if len(reached) > SUMS:
                return budget_bytes
    return max(reached)


def _kinds(layout: Layout) -> list[list[int]]:
    """Devices that nothing tells apart but their node and what is on them, the first ones first."""
    may: list[list[int]] = [[] for _ in layout.devices]
    for pair, one in enumerate(layout.pairs):
        if layout.may[pair]:
            may[one.device].append(one.expert)
    kinds: dict[tuple[object, ...], list[int]] = {}
    for number, device in enumerate(layout.devices):
        key = (device.hot_bytes, device.load_bytes_per_s, device.capacity, tuple(may[number]))
        kinds.setdefault(key, []).append(number)
    return list(kinds.values())


def _merged(layout: Layout, kinds: list[list[int]]) -> Layout:
    names = [layout.devices[members[0]].device for members in kinds]
    kind_of = {device: kind for kind, members in enumerate(kinds) for device in members}
    may: list[list[str]] = [[] for _ in layout.experts]
    for pair, one in enumerate(layout.pairs):
        if layout.may[pair] and layout.devices[one.device].device == names[kind_of[one.device]]:
            may[one.expert].append(layout.devices[one.device].device)
    replicas = set()
    for pair in layout.current:
        expert, device = layout.pairs[pair]
        replicas.add(replica_id(layout.experts[expert].name, names[kind_of[device]]))
    merged = layout_of(
        State(
            experts=tuple(
                structs.replace(one, devices=tuple(may[i]) or (_NOWHERE,))
                for i, one in enumerate(layout.experts)
            ),
            devices=tuple(
                structs.replace(layout.devices[members[0]], host_bytes=0) for members in kinds
            ),
            replicas=tuple(sorted(replicas)),
        )
    )
    sizes: list[list[int]] = [[] for _ in merged.places]
    for unit in merged.units:
        sizes[unit.place].append(unit.size_bytes)
    places = (
        place._replace(budget_bytes=fillable(place.budget_bytes, of))
        for place, of in zip(merged.places, sizes, strict=True)
    )
    return replace(merged, places=tuple(places))


_NOWHERE = ""
"""The name of no device."""
