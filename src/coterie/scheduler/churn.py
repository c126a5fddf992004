"""Experts that chase each other out of memory, and what would stop them. Looks; changes nothing but
its own notes.
"""

from msgspec import Struct

from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.world import World

WINDOW_S = 60.0
ALARM = 6
"""So many loads within WINDOW_S, of what was evicted less than WINDOW_S before, are an alarm."""
NOTED = 512


class Return(Struct, frozen=True):
    """A load of an expert that had been evicted shortly before, for another's sake."""

    at: float
    device: str
    expert: str
    evicted_for: str


class Thrash(Struct, frozen=True):
    """Experts that chase each other on a device: their returns of late, and the bytes by which the
    device's budget would have to grow to hold all that was used meanwhile.
    """

    device: str
    experts: tuple[str, ...]
    returns: int
    more_bytes: int


def note(world: World, expert: ExpertRecord, device: str, now: float) -> None:
    """An expert's load begins: does it come back from where it was just sent?"""
    if expert.evicted_at and now - expert.evicted_at <= WINDOW_S:
        world.returns.append(Return(now, device, expert.name, expert.evicted_for))
        if len(world.returns) > NOTED:
            world.returns.popleft()


def thrash(world: World, device: str, now: float) -> Thrash | None:
    """What to say of a device whose memory goes round in circles; None: it does not."""
    returns = [seen for seen in world.returns if seen.device == device and seen.at > now - WINDOW_S]
    if len(returns) < ALARM:
        return None
    names = {seen.expert for seen in returns} | {seen.evicted_for for seen in returns}
    names |= {replica.expert for replica in world.devices[device].replicas.values()}
    used = [
        expert
        for name in sorted(names)
        if (expert := world.experts.get(name)) is not None
        and (expert.pinned or expert.last_used_at > now - WINDOW_S)
    ]
    sizes: dict[str, int] = {}
    for expert in used:
        for part in world.hot_parts(expert):
            sizes[part.digest] = max(sizes.get(part.digest, 0), part.size_bytes)
    budget = world.devices[device].record.hot_bytes
    return Thrash(
        device=device,
        experts=tuple(expert.name for expert in used),
        returns=len(returns),
        more_bytes=max(0, sum(sizes.values()) - budget),
    )
