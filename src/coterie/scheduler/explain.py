"""Looking at the core: statuses, estimates of waiting, and reasons in words. Changes nothing."""

import msgspec

from coterie.scheduler.admission import in_words
from coterie.scheduler.churn import Thrash, thrash
from coterie.scheduler.eta import eta_s
from coterie.scheduler.phases import Fetching, Phase
from coterie.scheduler.placement import place
from coterie.scheduler.records import (
    ExpertRecord,
    Past,
    ReplicaRecord,
    RequestRecord,
    TenantRecord,
    Way,
)
from coterie.scheduler.status import DeviceStatus, ExpertStatus, Explanation, TenantStatus
from coterie.scheduler.world import DeviceView, World

NAMED = 8  # of the experts that chase each other
MANNERS = {
    "hot": "at once",
    "turn": "behind others",
    "loading": "once it is loaded",
    "load": "by loading it",
}


def expert_status(world: World, expert: ExpertRecord, now: float) -> ExpertStatus:
    """One expert as `status`, `/v1/models` and the console show it."""
    homes = list(world.homes.get(expert.name, {}).values())
    phase, tier = _phase(expert, homes)
    return ExpertStatus(
        name=expert.name,
        phase=phase,
        tier=tier,
        devices=tuple(replica.device for replica in homes),
        estimated_bytes=expert.footprint.hot_bytes,
        measured_bytes=sum(part.size_bytes for part in expert.measured),
        waiting=len(expert.waiting),
        running=sum(replica.running for replica in homes),
        slots=expert.slots,
        last_used_at=expert.last_used_at,
        loads=expert.loads,
        restored_tokens=expert.restored_tokens,
        evictions=expert.evictions,
        failures=expert.failures,
        pinned=expert.pinned,
        eta_s=eta_s(world, expert, now),
        load_s=world.load_s(expert),
        reason=expert.reason,
        kept=msgspec.structs.replace(expert.kept),
        foresight=msgspec.structs.replace(expert.foresight),
    )


def tenant_status(tenant: TenantRecord) -> TenantStatus:
    return TenantStatus(
        name=tenant.name,
        weight=tenant.weight,
        spent_s=tenant.spent_s,
        waiting=tenant.waiting,
        kept=msgspec.structs.replace(tenant.kept),
    )


def device_status(world: World, device: str, now: float) -> DeviceStatus:
    view = world.devices[device]
    return DeviceStatus(
        device=device,
        node=view.record.node,
        hot_bytes=view.record.hot_bytes,
        used_bytes=world.ledger[device].used_bytes,
        replicas=tuple(view.replicas),
        loading=view.loading,
        thrash=thrash(world, device, now),
    )


def explain(world: World, subject: str, now: float) -> Explanation | None:
    """Why a request or an expert is where it is; None if there is neither of that name."""
    request = world.requests.get(subject)
    if request is not None:
        return _explain_request(world, request, now)
    past = world.past.get(subject)
    if past is not None:
        return _explain_past(past)
    expert = world.experts.get(subject)
    if expert is None:
        return None
    homes = list(world.homes.get(expert.name, {}).values())
    phase, _ = _phase(expert, homes)
    lines = [_of_replica(world, replica, now) for replica in homes]
    if expert.waiting:
        lines.append(
            f"{len(expert.waiting)} requests wait, "
            f"the oldest for {now - world.oldest(expert):.2f} s"
        )
    if expert.evicted_at and not homes:
        lines.append(
            f"last evicted {now - expert.evicted_at:.1f} s ago, "
            f"to make room for {expert.evicted_for!r}"
        )
    lines += [
        in_circles(circles)
        for device in world.devices
        if (circles := thrash(world, device, now)) is not None and expert.name in circles.experts
    ]
    if expert.reason:
        lines.append(f"last failure: {expert.reason}")
    lines += _of_demand(world, expert, now)
    if not homes and expert.due is None and not expert.waiting and expert.fetching is Fetching.COLD:
        lines.append(
            f"nobody waits for it; a request would load it in about {world.load_s(expert):.2f} s"
        )
    return Explanation(expert.name, "expert", phase, tuple(lines))


def in_circles(circles: Thrash) -> str:
    """What to say of experts that chase each other."""
    names = ", ".join(repr(name) for name in circles.experts[:NAMED])
    more = f" and {len(circles.experts) - NAMED} more" if len(circles.experts) > NAMED else ""
    return (
        f"{circles.returns} loads of the last minute on {circles.device!r} brought back what had "
        f"just been evicted: {names}{more} chase each other; "
        f"{circles.more_bytes:,} bytes more would hold all of them"
    )


def _explain_request(world: World, request: RequestRecord, now: float) -> Explanation:
    expert = world.experts[request.expert]
    expected = _of_choice(request.way, request.asked, request.considered)
    if request.replica:
        line = f"runs on {request.replica!r} since it waited {request.loading_s:.2f} s for its load"
        return Explanation(request.request, "request", "running", (line, *expected))
    place_in_line = list(expert.waiting).index(request.request) + 1
    homes = world.homes.get(expert.name, {}).values()
    lines = [
        f"number {place_in_line} of {len(expert.waiting)} that wait for {expert.name!r}, "
        f"for {now - request.since:.2f} s of at most {world.limits.wait:.0f} s",
        *(_of_replica(world, replica, now) for replica in homes),
        *_of_demand(world, expert, now),
        *expected,
    ]
    if request.latest:
        lines.append(
            f"given up in {max(0.0, request.latest - now):.2f} s, when it could no longer meet "
            f"{in_words(request.budget)}"
        )
    eta = eta_s(world, expert, now)
    if eta is not None:
        lines.append(f"expected to start in about {eta:.2f} s")
    return Explanation(request.request, "request", "waiting", tuple(lines))


def _explain_past(past: Past) -> Explanation:
    """A request that has ended."""
    request = past.request
    took = f"{past.ended_at - request.since:.2f} s after it came"
    lines: list[str] = []
    match past.outcome:
        case "answered":
            first_s = request.began_at - request.since
            begun = f", its first token {first_s:.2f} s after" if request.began_at else ""
            waited = f"it waited {request.dispatched_at - request.since:.2f} s"
            lines.append(f"answered by {request.expert!r} {took}{begun}; {waited}")
        case "refused":
            lines.append(f"refused {took}: {past.reason}")
        case "lost":
            lines.append(f"lost {took}: its replica ended, or its client left")
    if request.budget.is_bounded and past.outcome == "answered":
        lines.append(f"{in_words(request.budget)}: {'met' if past.met else 'missed'}")
    lines += _of_choice(request.way, request.asked, request.considered)
    return Explanation(request.request, "request", past.outcome, tuple(lines))


def _of_choice(way: Way | None, asked: str, considered: tuple[Way, ...]) -> list[str]:
    """Every way that was considered for a request with a budget, and the one that was chosen."""
    if not considered:
        return []
    count = "one way" if len(considered) == 1 else f"{len(considered)} ways"
    lines = [f"could have been served in {count} when it came:"]
    for other in considered:
        where = f" on {other.device!r}" if other.device else ""
        why = f", {other.reason}" if other.reason else ""
        if other.how == "unavailable":
            lines.append(f"  {other.expert!r} is not available: {other.reason}")
            continue
        chosen = "  (chosen)" if other == way else ""
        lines.append(
            f"  {other.expert!r}{where}, {MANNERS[other.how]}{why}: first token in "
            f"{other.first_s:.2f} s ({other.p90_s:.2f} s nine times in ten), "
            f"done in {other.last_s:.2f} s{chosen}"
        )
    if way is None:
        lines.append("none of them within its budget")
    elif asked:
        lines.append(f"sent to {way.expert!r} in place of {asked!r}, which could not keep it")
    else:
        lines.append("the first that was likely to keep its budget")
    return lines


def _of_replica(world: World, replica: ReplicaRecord, now: float) -> str:
    expert = world.experts[replica.expert]
    since = f"for {now - replica.phase_at:.1f} s"
    match replica.phase:
        case Phase.LOADING:
            return f"loading on {replica.device!r} {since} of about {world.load_s(expert):.1f} s"
        case Phase.DRAINING:
            why = f" to make room for {replica.doomed_for!r}" if replica.doomed_for else ""
            return f"draining on {replica.device!r}{why}: {replica.running} requests still run"
        case Phase.UNLOADING:
            return (
                f"unloading on {replica.device!r} {since}: its bytes are reserved until seen free"
            )
        case Phase.HOT:
            view = world.devices[replica.device]
            turn = _of_turn(world, view, replica) if expert.waiting and view.takes_turns else ""
            slots = f"{replica.running} of {expert.slots} slots run"
            return f"hot on {replica.device!r} {since}: {slots}{turn}"


def _of_turn(world: World, view: DeviceView, replica: ReplicaRecord) -> str:
    """What a request for a replica with a free slot waits for."""
    ahead = [name for _, name in world.views.line(view.record.device)]
    if replica.replica not in ahead:
        return ""
    place_in_line = ahead.index(replica.replica)
    computed = ", ".join(repr(request.replica) for request in view.prefilling.values())
    what = f"while {computed} computes a prompt" if computed else f"behind {view.active} running"
    return f"; waits for its turn, number {place_in_line + 1} in line, {what}"


def _of_demand(world: World, expert: ExpertRecord, now: float) -> list[str]:
    """What a load of the expert waits for."""
    claim = world.claims.get(expert.name)
    if claim is not None:
        return [f"has the next load of {claim.device!r}, as soon as its bytes are free"]
    if expert.fetching is not Fetching.COLD:
        return [f"its weights are {expert.fetching.value}"]
    if expert.due is None:
        return []
    if expert.retry_at > now:
        return [f"failed {expert.failures} times: tried again in {expert.retry_at - now:.1f} s"]
    ahead = world.views.demand.bisect_left((expert.due, expert.name))
    lines = [f"{ahead} experts are to be loaded before it"] if ahead else []
    world.views.settle()
    if not world.views.roomy:
        return [*lines, "every device loads something else just now"]
    placement = place(world, expert, now)
    if placement is None:
        return [*lines, "no device has room for it: what is there is pinned, or on its way out"]
    victims = ", ".join(repr(world.replicas[name].expert) for name in placement.victims)
    if placement.at > now:
        lines.append(
            f"would take the place of {victims} on {placement.device!r}, which it has earned in "
            f"{placement.at - now:.2f} s (or as soon as they are idle)"
        )
    return lines


def _phase(expert: ExpertRecord, homes: list[ReplicaRecord]) -> tuple[str, str]:
    for phase in (Phase.HOT, Phase.LOADING, Phase.DRAINING, Phase.UNLOADING):
        if any(replica.phase is phase for replica in homes):
            return phase.value, "hot" if phase in (Phase.HOT, Phase.DRAINING) else "cold"
    if expert.fetching is Fetching.COLD:
        return ("failed" if expert.failures and expert.reason else "cold"), "cold"
    return expert.fetching.value, "remote"
