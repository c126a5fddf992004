"""What always holds between two events, asserted. Slow: for tests and simulations."""

from coterie.scheduler.ledger import host_of
from coterie.scheduler.phases import LEAVING, Fetching, Phase
from coterie.scheduler.world import DeviceView, World


def check(world: World) -> None:
    """Raises AssertionError where a record contradicts another, or a promise to users is broken."""
    world.ledger.check()
    _check_bytes(world)
    _check_requests(world)
    _check_replicas(world)
    _check_orders(world)


def _check_bytes(world: World) -> None:
    for name, view in world.devices.items():
        place = world.ledger[name]
        held: dict[str, int] = {}
        for replica in view.replicas.values():
            for part in replica.hot:
                held[part.digest] = max(held.get(part.digest, 0), part.size_bytes)
        assert place.used_bytes == sum(held.values()), name
        if place.free_bytes() < 0:
            evictable = [
                replica
                for replica in view.replicas.values()
                if replica.phase is Phase.HOT and not world.experts[replica.expert].pinned
            ]
            leaving = [
                r.hot for r in view.replicas.values() if r.phase not in (Phase.HOT, Phase.LOADING)
            ]
            assert not evictable or place.frees(leaving) >= -place.free_bytes(), (
                f"{name} is over its budget"
            )
        assert world.ledger[host_of(view.record.node)].free_bytes() >= 0, name
        assert view.loading + len(view.claims) <= view.record.parallel_loads, name


def _check_requests(world: World) -> None:
    waiting = 0
    for expert in world.experts.values():
        waiting += len(expert.waiting)
        for name in expert.waiting:
            request = world.requests[name]
            assert request.expert == expert.name
            assert not request.replica
        total = sum(world.requests[name].since for name in expert.waiting)
        assert abs(total - expert.waiting_since_s) <= 1e-6 * max(1.0, abs(total)), expert.name
    assert waiting == world.waiting_count <= world.limits.queue
    _check_tenants(world)
    running: dict[tuple[str, int], int] = {}
    for request in world.requests.values():
        if request.replica:
            key = (request.replica, request.generation)
            running[key] = running.get(key, 0) + 1
        else:
            assert request.request in world.experts[request.expert].waiting
    for replica in world.replicas.values():
        if replica.phase is not Phase.UNLOADING:
            assert replica.running == running.get((replica.replica, replica.generation), 0), replica


def _check_tenants(world: World) -> None:
    counts = dict.fromkeys(world.tenants, 0)
    for expert in world.experts.values():
        here: dict[str, int] = {}
        for name in expert.waiting:
            owner = world.requests[name].tenant
            here[owner] = here.get(owner, 0) + 1
            counts[owner] += 1
        assert here == expert.waiting_of, expert.name
    for tenant in world.tenants.values():
        assert tenant.waiting == counts[tenant.name], tenant.name
    assert world.sharing == sum(tenant.declared for tenant in world.tenants.values())


def _check_replicas(world: World) -> None:
    for name, view in world.devices.items():
        active = 0
        for replica in view.replicas.values():
            expert = world.experts[replica.expert]
            assert world.replicas[replica.replica] is replica
            assert replica.running <= expert.slots
            assert not (replica.phase is Phase.LOADING and replica.running)
            active += replica.running > 0
            computing = [
                request
                for request in world.requests.values()
                if (request.replica, request.generation) == (replica.replica, replica.generation)
                and not request.begun
            ]
            if replica.phase is not Phase.UNLOADING:
                assert replica.computing == len(computing), replica
        assert active == view.active, name
        leaving = {r.replica: r for r in view.replicas.values() if r.phase in LEAVING}
        assert view.leaving == leaving, name
        assert view.computing == sum(replica.computing for replica in view.replicas.values()), name
        assert view.loading == sum(r.phase is Phase.LOADING for r in view.replicas.values()), name
        if view.record.parallel_runs:
            assert view.active <= view.record.parallel_runs, name
    for expert in world.experts.values():
        homes = world.homes.get(expert.name, {}).values()
        alive = [replica for replica in homes if replica.phase in (Phase.LOADING, Phase.HOT)]
        assert len(alive) + (expert.name in world.claims) <= expert.replicas_max, expert.name
        for replica in alive:  # nobody waits beside a free slot, unless for a turn
            if replica.phase is Phase.HOT and expert.waiting and replica.running < expert.slots:
                assert world.devices[replica.device].takes_turns, expert.name


def _check_orders(world: World) -> None:
    views = world.views
    views.settle()
    for name in world.claims:
        assert world.experts[name].waiting or world.experts[name].asked_at is not None, name
    holders: dict[str, list[str]] = {}
    for replica in world.replicas.values():
        for part in replica.hot:
            holders.setdefault(part.digest, []).append(replica.device)
    assert views.holders == {digest: sorted(names) for digest, names in holders.items()}
    listed = {name: due for due, name in views.demand}
    for expert in world.experts.values():
        assert listed.get(expert.name) == expert.due, expert.name
        wanted = bool(expert.waiting) or expert.asked_at is not None
        if wanted and expert.fetching is Fetching.COLD and world.can_grow(expert):
            assert expert.due is not None, expert.name
        else:
            assert expert.due is None, expert.name
    for name, view in world.devices.items():
        evictable = {
            replica.replica
            for replica in view.replicas.values()
            if replica.phase is Phase.HOT
            and not world.experts[replica.expert].pinned
            and not world.owes(replica)
        }
        idle = {replica for _, replica in views.idle(name)}
        busy = {replica for _, replica in views.busy(name)}
        assert idle | busy == evictable, name
        assert not idle & busy, name
        for order in (views.idle(name), views.busy(name), views.line(name)):
            assert list(order) == sorted(order), name
        for replica_name in idle:
            replica = world.replicas[replica_name]
            assert not replica.running, replica_name
            assert not world.experts[replica.expert].waiting, replica_name
        _check_line(world, view)
        assert (name in {device for _, device in views.roomy}) == (view.open_loads() > 0), name


def _check_line(world: World, view: DeviceView) -> None:
    name, record = view.record.device, view.record
    prefilling = {
        request.request: request
        for request in world.requests.values()
        if request.prefill_until and world.replicas[request.replica].device == name
    }
    assert view.prefilling == prefilling, name
    if not view.takes_turns:
        return
    line = world.views.line(name)
    lined = {
        replica.replica
        for replica in view.replicas.values()
        if replica.phase is Phase.HOT
        and replica.running < world.experts[replica.expert].slots
        and world.experts[replica.expert].waiting
    }
    assert {replica for _, replica in line} == lined, name
    for turn, replica_name in line:
        waiting = world.experts[world.replicas[replica_name].expert].waiting
        assert turn == min(world.requests[request].turn for request in waiting), replica_name
    assert len(prefilling) <= 2 * record.parallel_prefills, name
    if lined:
        computes = 0 < record.parallel_prefills <= len(prefilling)
        starts = world.replicas[line[0][1]].running == 0
        full = starts and 0 < record.parallel_runs <= view.active
        assert computes or full, f"{name} idles while {lined} wait"
