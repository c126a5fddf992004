"""A scheduler's records out, and back in: what starts a journal segment."""

from msgspec import json

from coterie.scheduler.records import Snapshot, revive
from coterie.scheduler.world import World

_decode = json.Decoder(Snapshot, dec_hook=revive).decode


def take(world: World, at: float) -> Snapshot:
    """Everything the world knows, as copies that later events do not change."""
    snapshot = Snapshot(
        at=at,
        policy=world.policy.name,
        limits=world.limits,
        generation=world.generation,
        costs=world.costs,
        devices=[view.record for view in world.devices.values()],
        experts=list(world.experts.values()),
        replicas=list(world.replicas.values()),
        requests=list(world.requests.values()),
        claims=list(world.claims.values()),
        tenants=list(world.tenants.values()),
        virtual=world.virtual,
    )
    return _decode(json.encode(snapshot))


def restore(world: World, snapshot: Snapshot) -> None:
    """Fills an empty world. Every view is built anew from the records."""
    assert not world.experts, "a snapshot is restored into an empty world"
    assert not world.devices, "a snapshot is restored into an empty world"
    snapshot = _decode(json.encode(snapshot))
    world.costs, world.generation = snapshot.costs, snapshot.generation
    for device in snapshot.devices:
        world.add_device(device)
    world.virtual = snapshot.virtual
    world.sharing = sum(tenant.declared for tenant in snapshot.tenants)
    world.tenants = {tenant.name: tenant for tenant in snapshot.tenants}
    for expert in snapshot.experts:
        world.experts[expert.name] = expert
        world.waiting_count += len(expert.waiting)
        if expert.due is not None:
            world.views.demand.add((expert.due, expert.name))
    for request in snapshot.requests:
        world.requests[request.request] = request
        if not request.replica:
            world.views.queue(request)
    for replica in snapshot.replicas:
        world.add_replica(replica)
        world.views.line_up(replica)
    for request in snapshot.requests:
        if request.prefill_until:
            world.begin_prefill(request, request.prefill_until)
    for claim in snapshot.claims:
        world.claims[claim.expert] = claim
        world.devices[claim.device].claims.append(claim)
        world.views.touch_device(claim.device)
