"""What became of requests: budgets kept and missed, predictions and how they turned out, and the
last of them to be explained.
"""

from coterie.scheduler.forecast import first_s
from coterie.scheduler.records import Attainment, Outcome, Past, RequestRecord
from coterie.scheduler.world import World

REMEMBERED = 1000
"""Requests that have ended and can still be explained."""


def began(world: World, request: RequestRecord, now: float) -> None:
    """A first token has come: how do the predictions of it compare?"""
    expert = world.experts[request.expert]
    request.began_at = now
    if not world.knows_prompts(expert):
        return  # nothing was known that could be put right
    if request.prompt_bytes:
        expected_s = first_s(world, expert, request.prompt_bytes, as_it_is=True)
        world.costs.observe_likely("run", expected_s, now - request.dispatched_at)
    way = request.way
    if way is None:
        return
    world.costs.observe_likely(way.how, way.wait_s, request.dispatched_at - request.way_at)
    world.costs.observe_p90(way.how, way.first_s, now - request.way_at)
    for kept in _accounts(world, request):
        kept.predicted += 1
        kept.within_p90 += now - request.way_at <= way.p90_s


def ended(
    world: World,
    request: RequestRecord,
    outcome: Outcome,
    now: float,
    reason: str = "",
    per_token_s: float = 0.0,
) -> None:
    """A request is answered, refused, or lost; `per_token_s`: seconds of each further token."""
    met = outcome == "answered" and _met(request, now, per_token_s)
    if request.budget.is_bounded:
        for kept in _accounts(world, request):
            kept.met += met
            kept.missed += outcome == "answered" and not met
            kept.refused += outcome == "refused"
            kept.failed += outcome == "lost"
            kept.degraded += outcome == "answered" and bool(request.asked)
    world.past[request.request] = Past(request, outcome, met, reason, now)
    if len(world.past) > REMEMBERED:
        world.past.popitem(last=False)


def again(world: World, request: RequestRecord) -> None:
    """A request that was lost comes again: it has not ended."""
    world.past.pop(request.request, None)
    if request.budget.is_bounded:
        for kept in _accounts(world, request):
            kept.failed = max(0, kept.failed - 1)


def _accounts(world: World, request: RequestRecord) -> tuple[Attainment, Attainment]:
    """Of the expert that was asked for, and of the tenant."""
    named = world.experts[request.asked or request.expert]
    return named.kept, world.tenant(request.tenant).kept


def _met(request: RequestRecord, now: float, per_token_s: float) -> bool:
    budget = request.budget
    if budget.ttft and request.began_at and request.began_at - request.since > budget.ttft:
        return False
    if budget.tpot and per_token_s > budget.tpot:
        return False
    return not budget.e2e or now - request.since <= budget.e2e
