"""How long a request would wait: a prediction from what was learnt, never a promise."""

from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.world import World


def eta_s(world: World, expert: ExpertRecord, now: float) -> float | None:
    """Seconds until a request that came now could start; None where that cannot be said (its
    weights are not here).
    """
    if expert.fetching is not Fetching.COLD:
        return None
    load_s = world.load_s(expert)
    best: float | None = None
    for replica in world.homes.get(expert.name, {}).values():
        if replica.phase is Phase.HOT:
            rounds = len(expert.waiting) + replica.running - expert.slots + 1
            here = max(0, rounds) / expert.slots * world.service_s(expert)
        elif replica.phase is Phase.LOADING:
            here = max(0.0, replica.phase_at + load_s - now)
        else:
            drains_s = world.service_s(expert) if replica.running else 0.0
            here = drains_s + expert.unload.value + load_s
        best = here if best is None else min(best, here)
    if best is not None:
        return best
    ahead = (
        world.views.demand.bisect_left((expert.due, expert.name)) if expert.due is not None else 0
    )
    at_once = sum(view.record.parallel_loads for view in list(world.devices.values())[:64]) or 1
    held_back = max(0.0, expert.retry_at - now)
    return held_back + load_s * (1 + ahead / at_once)
