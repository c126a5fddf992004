"""Which bytes are held once for whom.

A unit is bytes that a place (a device's hot memory, a node's host memory) holds once for all of its
holders. A part's digest counts once in a place, at the largest size that a holder gives: so a
digest of several sizes is several units, of the differences. What is held by the same pairs is one
unit. All is in whole bytes, as the live ledger counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from coterie.types import Part


class Unit(NamedTuple):
    """`holders`: pairs of an expert and a device, by number, ascending."""

    place: int
    size_bytes: int
    holders: tuple[int, ...]


def units_of(parts: Sequence[Sequence[tuple[int, Part]]]) -> tuple[Unit, ...]:
    """The units of pairs that hold such parts in such places, in order of place and holders."""
    sizes: dict[tuple[int, str], dict[int, int]] = {}
    for pair, of in enumerate(parts):
        for place, part in of:
            own = sizes.setdefault((place, part.digest), {})
            own[pair] = max(part.size_bytes, own.get(pair, 0))
    merged: dict[tuple[int, tuple[int, ...]], int] = {}
    for (place, _), held in sizes.items():
        for holders, size_bytes in _steps(held):
            merged[place, holders] = merged.get((place, holders), 0) + size_bytes
    return tuple(Unit(place, size, holders) for (place, holders), size in sorted(merged.items()))


def distinct_bytes(parts: Iterable[Part]) -> int:
    """What parts take together: each digest once, at its largest."""
    sizes: dict[str, int] = {}
    for part in parts:
        sizes[part.digest] = max(part.size_bytes, sizes.get(part.digest, 0))
    return sum(sizes.values())


def _steps(sizes: Mapping[int, int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """A digest's bytes, each step with those who hold as much."""
    before = 0
    for size in sorted(set(sizes.values())):
        if size > before:
            yield tuple(sorted(pair for pair, own in sizes.items() if own >= size)), size - before
            before = size
