"""The way from the replicas that are there to those that are to be, within memory at every step.

Of each device, whatever fits beside what is there is loaded first; then one that is to go makes
room, and so on. So experts answer for as long as they can. That it works out is certain: in the end
only those are left that are to be, and these fit together.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from coterie.cli.plan.bare import Undisturbed
from coterie.cli.plan.hosted import FETCHED, distinct
from coterie.cli.simulation.modelled import Modelled
from coterie.simulator import Setup
from coterie.types import Expert, Part, expert_of

Parts = Sequence[Part]


class Step(Struct, frozen=True):
    """`bytes` come from a source (`fetch`), move to a device (`load`), or become free (`unload`).
    `free_bytes` are left of the device's memory after it, None where it is not of one. `seconds`:
    what it is expected to take; None: it is not known.
    """

    action: Literal["fetch", "load", "unload"]
    expert: str
    device: str
    bytes: int
    reason: str
    free_bytes: int | None = None
    seconds: float | None = None


class Way(Struct, frozen=True):
    """`kept` are the replicas that stay throughout. `moved_bytes`: of all loads together."""

    steps: tuple[Step, ...]
    kept: tuple[str, ...]
    moved_bytes: int
    seconds: float


def way(
    before: Modelled | None,
    replicas: Collection[str],
    after: Modelled,
    wanted: Collection[str],
    reasons: Mapping[str, str],
) -> Way:
    """From `replicas`, of `before`, to `wanted`. `reasons`: why an expert's replicas cannot stay as
    they are, by its name; also of those that are gone or new.
    """
    aim = set(wanted)
    kept = {one for one in replicas if one in aim and expert_of(one) not in reasons}
    moves = [one for one in (*replicas, *wanted) if one not in kept]
    steps = list(_fetches(before, after))
    walk = _Walk(before, after, reasons)
    for device in sorted({_device(one) for one in moves}):
        steps += walk.on(
            device,
            kept=sorted(one for one in kept if _device(one) == device),
            going=[one for one in replicas if one not in kept and _device(one) == device],
            coming=[one for one in wanted if one not in kept and _device(one) == device],
        )
    return Way(
        steps=tuple(steps),
        kept=tuple(sorted(kept)),
        moved_bytes=sum(one.bytes for one in steps if one.action == "load"),
        seconds=sum((one.seconds or 0.0 for one in steps), 0.0),
    )


class _Walk:
    """The steps on single devices."""

    def __init__(
        self, before: Modelled | None, after: Modelled, reasons: Mapping[str, str]
    ) -> None:
        self._before = before.setup if before is not None else after.setup
        self._after = after.setup
        self._reasons = reasons
        self._declared = {one.name: one for one in after.composition.experts}
        self._undisturbed = Undisturbed(after.setup)
        setups = (self._before, self._after)
        self._sizes = {one.device: one.hot_bytes for setup in setups for one in setup.devices}

    def on(
        self, device: str, kept: Sequence[str], going: Sequence[str], coming: Sequence[str]
    ) -> Iterator[Step]:
        """Those on one device, each with what is free after it."""
        size = self._sizes[device]
        held = {one: _parts(self._after, one) for one in kept}
        held |= {_old(one): _parts(self._before, one) for one in going}
        going = sorted(going, key=lambda one: (expert_of(one) in self._reasons, one))
        todo = sorted(coming)
        while todo or going:
            ready = [
                one
                for one in todo
                if one not in going and _fits(held, _parts(self._after, one), size)
            ]
            if ready:
                todo.remove(ready[0])
                held[ready[0]] = _parts(self._after, ready[0])
                yield self._load(ready[0], size - _used(held))
                continue
            assert going, f"{todo} do not fit on {device!r}"
            gone, used = going.pop(0), _used(held)
            del held[_old(gone)]
            freed = used - _used(held)
            reason = self._reasons.get(expert_of(gone)) or self._why(device, bool(todo))
            yield Step("unload", expert_of(gone), device, freed, reason, size - used + freed)

    def _load(self, replica: str, free_bytes: int) -> Step:
        expert, _, device = replica.rpartition("@")
        takes = self._undisturbed.takes(expert, device=device)
        return Step(
            "load",
            expert,
            device,
            self._after.figures_on(expert, device).load_bytes,
            self._reasons.get(expert) or self._wanted(expert),
            free_bytes,
            None if takes is None else takes.load_s,
        )

    def _why(self, device: str, makes_room: bool) -> str:
        if device not in self._after.kinds:
            return "the device goes"
        return "it makes room" if makes_room else "it is neither pinned nor preloaded"

    def _wanted(self, expert: str) -> str:
        found = self._declared[expert]
        if found.pin:
            return "it is pinned"
        return "it is preloaded" if found.preload else "a server loads its first expert at start"


def _fetches(before: Modelled | None, after: Modelled) -> Iterator[Step]:
    """Weights that the composition did not have before, from elsewhere."""
    old = {one.weights for one in before.composition.experts} if before is not None else set()
    new: dict[str, Expert] = {}
    for one in after.composition.experts:
        if one.weights.startswith(FETCHED) and one.weights not in old:
            new.setdefault(one.weights, one)
    for source, expert in new.items():
        size = after.cards[expert.name].weight_bytes
        yield Step("fetch", expert.name, "", size, f"its weights are new: {source}")


def _device(replica: str) -> str:
    return replica.rpartition("@")[2]


def _parts(setup: Setup, replica: str) -> Parts:
    expert, _, device = replica.rpartition("@")
    return setup.figures_on(expert, device).parts


def _old(replica: str) -> str:
    """What is unloaded, beside what is loaded under the same name."""
    return f"{replica} before"


def _fits(held: Mapping[str, Parts], parts: Parts, size_bytes: int) -> bool:
    return distinct([*(part for own in held.values() for part in own), *parts]) <= size_bytes


def _used(held: Mapping[str, Parts]) -> int:
    return distinct(part for own in held.values() for part in own)
