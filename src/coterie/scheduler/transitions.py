"""What usually follows what: which expert a tenant asks for after which.

Counts that fade, a few for each expert. A prediction needs to have been right more often than not,
and often enough to be no accident.
"""

from coterie.scheduler.records import ExpertRecord, TenantRecord
from coterie.scheduler.world import World

FADE = 0.95  # of all counts of an expert, with each new one: the last twenty or so decide
KEPT = 8  # followers of an expert
TOGETHER_S = 300.0  # what comes later has nothing to do with it
SURE = 0.6  # of those that followed, how many went there
ENOUGH = 4.0


def learn(world: World, tenant: TenantRecord, expert: ExpertRecord, now: float) -> None:
    """A tenant asks for an expert."""
    before = world.experts.get(tenant.last)
    if before is not None and now - tenant.last_at <= TOGETHER_S:
        follows = before.follows
        for name in follows:
            follows[name] *= FADE
        follows[expert.name] = follows.get(expert.name, 0.0) + 1.0
        if len(follows) > KEPT:
            del follows[min([(count, name) for name, count in follows.items()])[1]]
    tenant.last, tenant.last_at = expert.name, now


def next_after(world: World, expert: ExpertRecord) -> str:
    """The expert that is likely to be asked for after this one; empty: none, or the same again."""
    follows = expert.follows
    total = sum(follows.values())
    if total < ENOUGH or max(follows.values()) < SURE * total:
        return ""
    name = max(follows, key=lambda one: (follows[one], one))
    return name if name in world.experts and name != expert.name else ""
