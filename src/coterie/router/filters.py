"""Who cannot answer a request at all, whatever it would be worth: looked at before anything else.

What an expert may not do for a tenant, or cannot do, excludes it. A latency ceiling excludes only
while somebody else would keep it: a route prefers a late answer to none, and leaves refusals to the
scheduler.
"""

from collections.abc import Iterable, Sequence

from coterie.router.prompt import Prompt
from coterie.scheduler.status import Outlook
from coterie.types import Budget, Expert

PLACES = ("resident", "room", "loading", "evicts", "unavailable")  # from good to bad


def unable(prompt: Prompt, experts: Iterable[Expert]) -> str:
    """Why a candidate cannot answer, in words; `experts`: itself, or those of a flow. Empty: it
    can.
    """
    needed = prompt.tokens + max(1, prompt.output_tokens)
    for expert in experts:
        missing = [want for want in prompt.wants if want not in expert.capabilities]
        if missing:
            return f"{expert.name!r} has no {' or '.join(missing)}"
        if needed > expert.context:
            return (
                f"about {needed} tokens are more than the {expert.context} of {expert.name!r}'s "
                "context"
            )
    return ""


def late(outlook: Outlook, budget: Budget, *, streams: bool) -> str:
    """By how much a candidate would miss a budget, in words; empty: it keeps it, or who knows."""
    if streams and budget.ttft and outlook.first_s > budget.ttft:
        return f"its first token would come after {outlook.first_s:.1f} s of {budget.ttft:g} s"
    if budget.e2e and outlook.last_s > budget.e2e:
        return f"it would have answered after {outlook.last_s:.1f} s of {budget.e2e:g} s"
    return ""


def joined(name: str, outlooks: Sequence[Outlook], kind: str) -> Outlook:
    """The outlook of a flow of some kind by those of its experts, in order. It is resident if all
    are, and as badly placed as the worst of them; a cascade is taken to end with its first.
    """
    worst = max(outlooks, key=lambda one: PLACES.index(one.where))
    first, last = outlooks[0], outlooks[-1]
    if kind == "cascade":
        first_s, last_s = first.first_s, first.last_s
    elif kind == "parallel":
        first_s = last_s = max(one.last_s for one in outlooks)
    else:
        last_s = sum(one.last_s for one in outlooks)
        first_s = last_s - last.last_s + last.first_s
    known = all(one.known for one in outlooks)
    size = sum(one.hot_bytes for one in outlooks)
    return Outlook(name, worst.where, first_s, last_s, known, size, worst.reason)
