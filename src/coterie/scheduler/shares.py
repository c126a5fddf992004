"""Weighted shares of the machine among tenants: what each request costs is charged to whose it is.

A virtual counter for each tenant (Sheng et al., "Fairness in Serving Large Language Models", OSDI
2024), in seconds of the machine in place of tokens, read off at each arrival as the request's tag,
as start-time fair queueing does (Goyal, Vin and Cheng, SIGCOMM 1996): the virtual time at which its
share of the machine begins. That is now, or where its tenant's requests before it end, each as long
as it costs over the tenant's weight. Virtual time is the earliest tag of those who wait, so that a
tenant which was away has nothing saved up, and one which used what nobody wanted owes nothing.

Tags are compared by rounds (`World.round_of`): within a round, budgets and lengths of prompts
decide. So two tenants that both have work are never further apart than a round and a request of
each. The seconds that a load takes are charged as well, to the tenant whose request is the first to
want it; and those of the load that brings a victim back, to the tenant for whom it was evicted.
"""

from coterie.scheduler.phases import Phase
from coterie.scheduler.records import (
    ExpertRecord,
    ReplicaRecord,
    RequestRecord,
    TenantRecord,
)
from coterie.scheduler.world import World

KEPT_LOADS = 3.0
"""A tenant within its share that used an expert so many of its loads ago is about to use it again.
"""


def tag(world: World, request: RequestRecord) -> None:
    """Gives a request that has come the beginning of its share."""
    request.tag = max(world.virtual, world.tenant(request.tenant).tag)


def take(world: World, request: RequestRecord, expert: ExpertRecord) -> None:
    """Charges what a request is expected to cost, and the load that it causes, if it does."""
    tenant = world.tenant(request.tenant)
    request.charged_s = request.prefill_s + world.rest_s(expert, request.output_tokens)
    charge(world, tenant, request.charged_s)
    if expert.waiting or expert.paid:
        return
    for replica in world.homes.get(expert.name, {}).values():
        if replica.phase is Phase.LOADING or replica.phase is Phase.HOT:
            return
    charge(world, tenant, world.load_s(expert))
    expert.paid = True


def charge(world: World, tenant: TenantRecord, seconds: float) -> None:
    """Adds what was spent on a tenant's account; less than nothing gives back."""
    tenant.spent_s += seconds
    begins = max(world.virtual, tenant.tag) if seconds > 0 else tenant.tag
    tenant.tag = begins + seconds / tenant.weight


def settle(
    world: World, request: RequestRecord, expert: ExpertRecord, output_tokens: int | None
) -> None:
    """Puts right what a request was charged by the tokens it took; None: it took nothing."""
    if output_tokens is None:
        cost_s = 0.0
    elif output_tokens:
        cost_s = request.prefill_s + output_tokens * world.costs.decode_s(expert.decode)
    else:
        return  # not told
    charge(world, world.tenant(request.tenant), cost_s - request.charged_s)


def begin(world: World, request: RequestRecord) -> None:
    """A request is started: virtual time moves on to the first of those who still wait, or to this
    one where nobody does.
    """
    first = world.views.first_tag()
    world.virtual = max(world.virtual, request.tag if first is None else first)


def room_for(world: World, tenant: TenantRecord, places: int) -> int:
    """How many of some places in a line a tenant may hold."""
    if not world.is_shared:
        return places
    weights = sum(other.weight for other in world.tenants.values() if other.declared)
    return max(1, int(places * tenant.weight / weights))


def charge_load(world: World, expert: ExpertRecord) -> None:
    """A load begins: where nobody has paid for it yet, the first of those who wait for it does."""
    first = world.views.first(expert)
    if first is not None and not expert.paid:
        charge(world, world.tenant(world.requests[first[1]].tenant), world.load_s(expert))
    expert.paid = False


def charge_eviction(world: World, victim: ReplicaRecord, expert: ExpertRecord) -> None:
    """A replica goes for an expert's sake: where another tenant used it, the first of those who
    wait for the expert pays for its return.
    """
    first = world.views.first(expert)
    if first is None:
        return
    tenant = world.tenant(world.requests[first[1]].tenant)
    evicted = world.experts[victim.expert]
    if victim.user != tenant.name and not evicted.paid:
        charge(world, tenant, world.load_s(evicted))
        evicted.paid = True


def is_full(world: World, tenant: TenantRecord, expert: ExpertRecord) -> bool:
    """May no more of a tenant's requests wait, because others want to wait as well?"""
    limits = world.limits
    here = expert.waiting_of.get(tenant.name, 0)
    return tenant.waiting >= room_for(world, tenant, limits.queue) or here >= room_for(
        world, tenant, limits.queue_per_expert
    )


def comes_before(world: World, expert: ExpertRecord, replica: ReplicaRecord) -> bool:
    """Do those who wait for an expert come in an earlier round than all who wait for a replica?"""
    ours = world.views.first(expert)
    theirs = world.views.first(world.experts[replica.expert])
    return ours is not None and theirs is not None and ours[0][0] < theirs[0][0]


def kept_until(world: World, expert: ExpertRecord, replica: ReplicaRecord) -> float:
    """Until when a replica is kept for another tenant, who used it last and had less than those who
    wait for the expert; 0: it is not.
    """
    ours = world.views.first(expert)
    if ours is None or not replica.user:
        return 0.0
    request = world.requests[ours[1]]
    user = world.tenants[replica.user]
    if user.name == request.tenant:
        return 0.0
    if world.round_of(max(world.virtual, user.tag)) >= ours[0][0]:
        return 0.0
    return replica.used_at + KEPT_LOADS * world.load_s(world.experts[replica.expert])


def justified_at(
    world: World, expert: ExpertRecord, victims: list[ReplicaRecord], at: float
) -> float:
    """From when on an expert may take the victims' place, where it would be `at` if nobody shared.

    At once, if its tenant comes before all who wait for them; but not while they are kept for
    others.
    """
    if all(comes_before(world, expert, victim) for victim in victims):
        waiting = world.waiting_of(expert)
        at = min(at, waiting.oldest) if waiting is not None else at
    return max(at, *(kept_until(world, expert, victim) for victim in victims))
