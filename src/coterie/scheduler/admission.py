"""Which expert answers a request, if any can do so within its latency budget.

A request without a budget goes to the expert it names. One with a budget is forecast for that
expert and then for its fallbacks in turn, and the first that is likely to meet it answers; else it
is refused at once, with the time that it would have taken. A wrong estimate mends itself: one in
PROBE of those that are refused for their own length is let through all the same. What is called
impossible is too long even for the quickest tenth of what was seen: the others may try again.
"""

from msgspec import Struct

from coterie.scheduler.forecast import first_s, latest, load_s, ways
from coterie.scheduler.phases import Fetching
from coterie.scheduler.records import ExpertRecord, RequestRecord, Way
from coterie.scheduler.world import World
from coterie.types import Budget

PROBE = 10
PATIENCE = 2  # failures in a row, before those who wait are told


class Choice(Struct, frozen=True):
    """The expert that is to answer (empty: none can), how, and what else was considered.

    `hurried`: it is to be given up when its budget can be met no more. `code` and `reason` say why
    none can; `wish`: the expert that was named would do if it were hot.
    """

    expert: str = ""
    way: Way | None = None
    considered: tuple[Way, ...] = ()
    code: str = ""
    reason: str = ""
    retry_after_s: float = 1.0
    eta_s: float | None = None
    wish: bool = False
    hurried: bool = False


def choose(world: World, request: RequestRecord, names: tuple[str, ...], now: float) -> Choice:
    """The first of `names` that can answer a request, within its budget where that is kept.

    Remembers of those that are refused what they could have waited for a load, and counts those
    that are too long by themselves; changes nothing else.
    """
    keeps = world.policy.promises and request.budget.is_bounded
    considered: list[Way] = []
    for name in names:
        expert = world.experts[name]
        if is_unavailable(expert, now):
            considered.append(Way(name, "unavailable", reason=expert.reason))
            continue
        if not keeps:
            return Choice(name, None, tuple(considered))
        found = ways(world, expert, request, now)
        considered += found
        for way in found:
            if way.how == "unavailable":
                continue
            if _meets(world, request, expert, way.first_s, way.last_s, now):
                expert.declined = 0
                return Choice(name, way, tuple(considered), hurried=True)
    return _refusal(world, request, world.experts[names[0]], tuple(considered), now)


def is_unavailable(expert: ExpertRecord, now: float) -> bool:
    """Has it failed so often, or so finally, that waiting for it is no use now?"""
    return expert.retry_at > now and (
        expert.failures >= PATIENCE or expert.fetching is Fetching.FAILED
    )


def unavailable(expert: ExpertRecord, now: float) -> tuple[str, str, float]:
    """How a request for a failed expert is refused: code, reason, seconds until trying again may
    help.
    """
    reason = f"expert {expert.name!r} is not available: {expert.reason}"
    return "expert_unavailable", reason, max(1.0, expert.retry_at - now)


def _refusal(
    world: World,
    request: RequestRecord,
    expert: ExpertRecord,
    considered: tuple[Way, ...],
    now: float,
) -> Choice:
    if is_unavailable(expert, now):
        code, reason, retry_after_s = unavailable(expert, now)
        return Choice("", None, considered, code, reason, retry_after_s)
    best = considered[0]
    if best.how == "unavailable":  # nobody knows when it will be: it may wait for that
        return Choice(expert.name, best, considered, hurried=True)
    first = first_s(world, expert, request.prompt_bytes)
    last = first + world.rest_s(expert, request.output_tokens)
    if not _meets(world, request, expert, first, last, request.since):
        expert.declined += 1
        if expert.declined >= PROBE:
            expert.declined = 0
            return Choice(expert.name, best, considered)
        first = first_s(world, expert, request.prompt_bytes, quickest=True)
        last = first + world.rest_s(expert, request.output_tokens)
        if not _meets(world, request, expert, first, last, request.since):
            reason = (
                f"expert {expert.name!r} alone takes {first:.2f} s or more to the first token and "
                f"{last:.2f} s to the last for such a request: {in_words(request.budget)} is too "
                "little; ask for more, or for less"
            )
            return Choice("", None, considered, "budget_impossible", reason, eta_s=best.start_s)
    cold_s = load_s(world, expert)
    wish = best.how == "load" and not _meets(
        world, request, expert, first + cold_s, last + cold_s, request.since
    )
    if best.how == "load":
        slack_s = latest(world, request, expert) - now
        expert.turned_away.observe(now, max(0.0, slack_s))
    waited = f", of which {now - request.since:.2f} s have passed" if now > request.since else ""
    reason = (
        f"expert {expert.name!r} would answer in about {best.first_s:.2f} s and be done in "
        f"{best.last_s:.2f} s: {in_words(request.budget)}{waited} cannot be met now"
    )
    return Choice(
        "",
        None,
        considered,
        "budget_exceeded",
        reason,
        max(1.0, best.start_s),
        best.start_s,
        wish,
    )


def _meets(
    world: World,
    request: RequestRecord,
    expert: ExpertRecord,
    first: float,
    last: float,
    now: float,
) -> bool:
    """Is an answer so many seconds from now within the budget?"""
    budget, passed = request.budget, now - request.since
    if budget.ttft and passed + first > budget.ttft:
        return False
    if budget.e2e and passed + last > budget.e2e:
        return False
    known = expert.decode.work or world.costs.decode.work
    return not (budget.tpot and known and world.costs.decode_s(expert.decode) > budget.tpot)


def in_words(budget: Budget) -> str:
    """A budget for people to read."""
    named = (("ttft", budget.ttft), ("tpot", budget.tpot), ("e2e", budget.e2e))
    return "a budget of " + ", ".join(f"{name} {bound:g} s" for name, bound in named if bound)
