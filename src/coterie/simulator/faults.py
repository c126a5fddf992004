"""What goes wrong with machines: by plan, or by chance from a seed."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from msgspec import Struct

Kind = Literal["node", "disk", "link"]


class Planned(Struct, frozen=True):
    """From `at_s` on, for `for_s`, a node is gone, or its disk or its links have but `factor` of
    their speed.
    """

    kind: Kind
    node: str
    at_s: float
    for_s: float
    factor: float = 1.0


class Faults(Struct, frozen=True):
    """`crashes_per_hour`: of each hot replica, at random times; `load_fails`: the chance that a
    load does.
    """

    planned: tuple[Planned, ...] = ()
    crashes_per_hour: float = 0.0
    load_fails: float = 0.0
    seed: int = 0


class Luck:
    """Draws what befalls replicas, the same for the same seed and order of loads."""

    def __init__(self) -> None:
        self.tempt(Faults())

    def tempt(self, faults: Faults) -> None:
        """From now on, these are what may befall them."""
        self._faults = faults
        self._draw = Random(faults.seed)

    def load_fails(self) -> bool:
        chance = self._faults.load_fails
        return chance > 0.0 and self._draw.random() < chance

    def crashes_after(self) -> float | None:
        """Seconds that a replica lives; None: it does not crash."""
        rate = self._faults.crashes_per_hour
        return self._draw.expovariate(rate / 3600.0) if rate > 0.0 else None


def changes(faults: Faults) -> Iterator[tuple[float, Planned, bool]]:
    """When each planned fault begins (True) and ends (False), in order of time."""
    edges = []
    for number, one in enumerate(faults.planned):
        edges.append((one.at_s, 1, number, one))
        edges.append((one.at_s + one.for_s, 0, number, one))
    for at_s, begins, _, one in sorted(edges, key=lambda edge: edge[:3]):
        yield at_s, one, bool(begins)
