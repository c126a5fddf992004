"""The ways in which a request may be served, and how long each is expected to take. Looks;
changes nothing.

Every time is made of what was learnt: a prompt's pace, a load's duration, who stands in line
before. How such sums turned out is learnt as well, so that a systematic error mends itself. What
was never measured counts as nothing: a guess alone refuses nobody.
"""

from itertools import islice

from msgspec import structs

from coterie.scheduler.estimates import FIRST_S
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.placement import justified_at, place
from coterie.scheduler.policies import Waiting
from coterie.scheduler.records import ExpertRecord, How, ReplicaRecord, RequestRecord, Turn, Way
from coterie.scheduler.world import DeviceView, World

AHEAD = 256  # requests of a line that are counted one by one
LOADS = 64  # devices whose loads are looked at


def ways(world: World, expert: ExpertRecord, request: RequestRecord, now: float) -> list[Way]:
    """Every way in which `expert` may answer a request now, the quickest first."""
    if expert.fetching is not Fetching.COLD:
        return [Way(expert.name, "unavailable", reason=f"its weights are {expert.fetching.value}")]
    found: list[Way] = []
    leaves = 0.0
    for replica in world.homes.get(expert.name, {}).values():
        view = world.devices[replica.device]
        if replica.phase is Phase.HOT:
            wait_s = _wait_s(world, view, replica, request, now)
            found.append(_way(world, expert, request, "turn" if wait_s else "hot", view, wait_s))
        elif replica.phase is Phase.LOADING:
            loads_s = max(0.0, replica.phase_at + load_s(world, expert) - now)
            wait_s = max(loads_s, _wait_s(world, view, replica, request, now))
            wait_s = max(wait_s, loads_s + _line_s(world, expert, request))
            found.append(_way(world, expert, request, "loading", view, wait_s))
        else:
            drains_s = _service_s(world, expert) if replica.running else 0.0
            leaves = max(leaves, drains_s + expert.unload.value)
    if world.can_grow(expert, asked=True) or expert.name in world.claims or not found:
        found.append(_load(world, expert, request, leaves, now))
    return sorted(found, key=lambda way: (way.first_s, way.device))


def first_s(
    world: World,
    expert: ExpertRecord,
    prompt_bytes: int,
    *,
    as_it_is: bool = False,
    quickest: bool = False,
) -> float:
    """Seconds from a request's start to its first token; `as_it_is`: before it is put right;
    `quickest`: where nothing else is in the way.
    """
    prefill_s = world.prefill_s(expert, prompt_bytes) if world.knows_prompts(expert) else 0.0
    expected_s = prefill_s + FIRST_S
    if as_it_is:
        return expected_s
    costs = world.costs
    return costs.quickest_s("run", expected_s) if quickest else costs.likely_s("run", expected_s)


def load_s(world: World, expert: ExpertRecord) -> float:
    """How long a load takes, as far as any was seen."""
    known = expert.load.count or world.costs.seconds_per_byte.count
    return world.load_s(expert) if known else 0.0


def latest(world: World, request: RequestRecord, expert: ExpertRecord) -> float:
    """The last moment at which a request may start and is still likely to meet its budget."""
    budget = request.budget
    first = first_s(world, expert, request.prompt_bytes)
    slacks = []
    if budget.ttft:
        slacks.append(budget.ttft - first)
    if budget.e2e:
        slacks.append(budget.e2e - first - world.rest_s(expert, request.output_tokens))
    return request.since + max(0.0, min(slacks)) if slacks else 0.0


def _way(
    world: World,
    expert: ExpertRecord,
    request: RequestRecord,
    how: How,
    view: DeviceView | None,
    wait_s: float,
    reason: str = "",
) -> Way:
    start_s = world.costs.likely_s(how, wait_s)
    first = start_s + first_s(world, expert, request.prompt_bytes)
    return Way(
        expert=expert.name,
        how=how,
        device=view.record.device if view else "",
        wait_s=wait_s,
        start_s=start_s,
        first_s=first,
        p90_s=world.costs.p90_s(how, first),
        last_s=first + world.rest_s(expert, request.output_tokens),
        reason=reason,
    )


def _wait_s(
    world: World, view: DeviceView, replica: ReplicaRecord, request: RequestRecord, now: float
) -> float:
    """Seconds until a replica may compute one prompt more: for a slot, and for the turns of those
    before it.
    """
    expert = world.experts[replica.expert]
    wait_s = 0.0
    own = len(expert.waiting)
    if own or replica.running >= expert.slots:
        rounds = max(0, own + replica.running - expert.slots + 1)
        wait_s = rounds / expert.slots * _service_s(world, expert)
    at_once = view.record.parallel_prefills
    if at_once:
        turn = world.turn(request, world.prefill_s(expert, request.prompt_bytes))
        computing = [r.dispatched_at + r.prefill_s - now for r in view.prefilling.values()]
        if len(computing) >= at_once or world.views.line(view.record.device):
            before = sum(max(0.0, left) for left in computing) + _ahead_s(world, view, turn)
            wait_s = max(wait_s, before / at_once)
    runs = view.record.parallel_runs
    if runs and replica.running == 0 and view.active >= runs:
        wait_s = max(wait_s, _service_s(world, expert) / 2)
    return wait_s


def _line_s(world: World, expert: ExpertRecord, request: RequestRecord) -> float:
    """Seconds from a load's end until those are served who wait for the same expert before."""
    turn = world.turn(request, world.prefill_s(expert, request.prompt_bytes))
    before = list(islice(world.views.ahead(expert.name, turn), AHEAD))
    prompts_s = sum(world.requests[name].prefill_s for _, name in before)
    if not world.knows_prompts(expert):
        prompts_s = 0.0
    return max(prompts_s, len(before) // expert.slots * _service_s(world, expert))


def _ahead_s(world: World, view: DeviceView, turn: Turn) -> float:
    """Seconds of prompts that come before a turn on a device."""
    total, left = 0.0, AHEAD
    for replica in view.replicas.values():
        if replica.phase is not Phase.HOT:
            continue
        for key in islice(world.views.ahead(replica.expert, turn), left):
            total += world.requests[key[1]].prefill_s
            left -= 1
    return total


def _load(
    world: World, expert: ExpertRecord, request: RequestRecord, leaves_s: float, now: float
) -> Way:
    """After a load that has not begun."""
    own_s = load_s(world, expert)
    claim = world.claims.get(expert.name)
    if claim is not None:
        view = world.devices[claim.device]
        leaving = [r for r in view.replicas.values() if r.doomed_for == expert.name]
        leaves_s = max([leaves_s, *(_leaves_s(world, r) for r in leaving)])
        wait_s = leaves_s + own_s + _line_s(world, expert, request)
        return _way(world, expert, request, "load", view, wait_s)
    world.views.settle()
    since = request.since
    waiting = world.waiting_of(expert) or world.waiting(expert, 1, since, since)
    due = world.round_of(request.tag), world.policy.due(waiting, world.load_s(expert))
    before = world.views.demand.bisect_left((due, expert.name))
    placement = place(world, expert, now, waiting=waiting) if world.views.roomy else None
    held_s = max(0.0, expert.retry_at - now)
    line_s = _line_s(world, expert, request)
    if placement is None:
        wait_s = max(held_s, _loads_s(world, now)) + leaves_s + own_s * (1 + before) + line_s
        return _way(world, expert, request, "load", None, wait_s, "no device has room for it now")
    victims = [world.replicas[name] for name in placement.victims]
    earned_s = max(0.0, placement.at - now)
    drains_s = max((_leaves_s(world, victim) for victim in victims), default=0.0)
    if placement.drains:
        idle_s = _idle_s(world, expert, victims, waiting, now)
        if idle_s < earned_s + drains_s:
            earned_s, drains_s = idle_s, 0.0
    leaves_s = max(leaves_s, drains_s)
    view = world.devices[placement.device]
    at_once = max(1, view.record.parallel_loads)
    wait_s = max(held_s, earned_s) + leaves_s + own_s * (1 + before // at_once) + line_s
    names = ", ".join(repr(victim.expert) for victim in victims)
    reason = f"in the place of {names}" if names else ""
    return _way(world, expert, request, "load", view, wait_s, reason)


def _idle_s(
    world: World,
    expert: ExpertRecord,
    victims: list[ReplicaRecord],
    waiting: Waiting,
    now: float,
) -> float:
    """Seconds until busy replicas are gone if they are left to fall idle: that may be sooner than
    it is worth draining them.
    """
    residents = [structs.replace(world.resident(victim), in_use=0) for victim in victims]
    found_s = max(0.0, justified_at(world, expert, residents, waiting) - now)
    for victim in victims:
        evicted = world.experts[victim.expert]
        rounds = -(-(victim.running + len(evicted.waiting)) // evicted.slots)
        found_s = max(found_s, rounds * _service_s(world, evicted) + evicted.unload.value)
    return found_s


def _service_s(world: World, expert: ExpertRecord) -> float:
    """How long a request runs, as far as any was seen."""
    known = expert.service.count or world.costs.service.count
    return world.service_s(expert) if known else 0.0


def _leaves_s(world: World, replica: ReplicaRecord) -> float:
    """Seconds until a replica that has to go is gone."""
    expert = world.experts[replica.expert]
    drains_s = _service_s(world, expert) if replica.running else 0.0
    return drains_s + expert.unload.value


def _loads_s(world: World, now: float) -> float:
    """Seconds until the first load that is under way is done."""
    ends = [
        replica.phase_at + load_s(world, world.experts[replica.expert]) - now
        for view in islice(world.devices.values(), LOADS)
        if view.loading
        for replica in view.replicas.values()
        if replica.phase is Phase.LOADING
    ]
    return max(0.0, min(ends, default=0.0))
