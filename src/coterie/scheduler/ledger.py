"""Bytes per place, and who holds them. A place is a device's hot memory or a node's host memory.

Parts with one digest in one place count once, at the largest size that any holder gives. Nothing is
held beyond the budget by a decision (`fits` comes first); only a measurement may raise a place
above it, and `over` says so.
"""

from collections.abc import Iterable

from coterie.types import Part


class Place:
    """One budget. `budget_bytes` 0: no bound."""

    __slots__ = ("budget_bytes", "sizes", "used_bytes")

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self.sizes: dict[str, list[int]] = {}

    def need(self, parts: Iterable[Part]) -> int:
        """Bytes that holding `parts` would add."""
        sizes, total = self.sizes, 0
        for part in parts:
            held = sizes.get(part.digest)
            total += part.size_bytes if held is None else max(0, part.size_bytes - held[-1])
        return total

    def frees(self, holders: Iterable[Iterable[Part]]) -> int:
        """Bytes that releasing all of these holders together would free."""
        gone: dict[str, list[int]] = {}
        for parts in holders:
            for part in parts:
                gone.setdefault(part.digest, []).append(part.size_bytes)
        total = 0
        for digest, sizes in gone.items():
            left = list(self.sizes[digest])
            before = left[-1]
            for size in sizes:
                left.remove(size)
            total += before - (left[-1] if left else 0)
        return total

    def free_bytes(self) -> int:
        """What is left of the budget; negative when a measurement went over it."""
        return (1 << 62) if self.budget_bytes == 0 else self.budget_bytes - self.used_bytes

    def hold(self, parts: Iterable[Part]) -> None:
        for part in parts:
            sizes = self.sizes.setdefault(part.digest, [])
            before = sizes[-1] if sizes else 0
            sizes.append(part.size_bytes)
            sizes.sort()
            self.used_bytes += sizes[-1] - before

    def release(self, parts: Iterable[Part]) -> None:
        for part in parts:
            sizes = self.sizes[part.digest]
            before = sizes[-1]
            sizes.remove(part.size_bytes)
            self.used_bytes += (sizes[-1] if sizes else 0) - before
            if not sizes:
                del self.sizes[part.digest]

    def check(self) -> None:
        assert all(self.sizes.values())
        assert self.used_bytes == sum(sizes[-1] for sizes in self.sizes.values())


class Ledger:
    """All places, by name: a device's id, or `node:host` for a node's host memory."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def __getitem__(self, place: str) -> Place:
        return self._places[place]

    def __contains__(self, place: object) -> bool:
        return place in self._places

    def open(self, place: str, budget_bytes: int) -> None:
        if place not in self._places:
            self._places[place] = Place(budget_bytes)
        else:
            self._places[place].budget_bytes = budget_bytes

    def close(self, place: str) -> None:
        self._places.pop(place, None)

    def check(self) -> None:
        for place in self._places.values():
            place.check()


def host_of(node: str) -> str:
    """The place of a node's host memory."""
    return f"{node}:host"
