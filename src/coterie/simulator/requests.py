"""A workload as the scheduler is told of it."""

from collections.abc import Iterable, Iterator
from typing import get_args

from coterie.config import Composition, Tenant
from coterie.config.permission import Permissions
from coterie.scheduler import events as on
from coterie.simulator.rides import BODY_BYTES, BYTES_PER_TOKEN
from coterie.types import NO_BUDGET, Budget, Priority, Terms
from coterie.workloads import Arrival

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
UNSAID: Priority = "standard"  # what an arrival has whose client said nothing
_ANYBODY = Tenant("anybody")


def requests(
    arrivals: Iterable[Arrival], budget: Budget = NO_BUDGET, composition: Composition | None = None
) -> Iterator[on.Arrived]:
    """Arrivals as requests, one by one. They are as long as they say: `output_tokens` is what is
    generated.

    `budget` is what their clients ask for. With a composition they have, beside it, what the
    gateway gives to streams that say no more: budgets, priorities and fallbacks of its experts and
    tenants, and aliases are their experts.
    """
    terms = _Terminology(composition, budget)
    for number, arrival in enumerate(arrivals):
        expert, said = terms.of(arrival)
        yield on.Arrived(
            arrival.at_s,
            f"r{number:07}",
            expert,
            prompt_bytes=BODY_BYTES + BYTES_PER_TOKEN * arrival.prompt_tokens,
            output_tokens=arrival.output_tokens,
            tenant=said.tenant,
            priority=said.priority,
            budget=said.budget,
            fallbacks=said.fallbacks,
        )


class _Terminology:
    """What `coterie.gateway.terms` says of requests, without a gateway; each kind is found once."""

    def __init__(self, composition: Composition | None, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[tuple[str, str, Priority], tuple[str, Terms]] = {}
        self._permissions = Permissions(composition) if composition else None
        experts = composition.experts if composition else ()
        self._experts = {name: one for one in experts for name in (one.name, *one.aliases)}
        self._tenants = {one.name: one for one in composition.tenants} if composition else {}

    def of(self, arrival: Arrival) -> tuple[str, Terms]:
        """The expert's own name, and the terms."""
        key = (arrival.expert, arrival.tenant, arrival.priority)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._said(*key)
        return found

    def _said(self, name: str, tenant: str, priority: Priority) -> tuple[str, Terms]:
        expert, owner = self._experts.get(name), self._tenants.get(tenant, _ANYBODY)
        if expert is None or self._permissions is None:
            return name, Terms(tenant, priority, self._budget)
        budget = self._budget.over(expert.budget).over(owner.budget)
        wanted = expert.priority if priority == UNSAID else priority
        return expert.name, Terms(
            tenant=tenant,
            priority=max(wanted, owner.priority, key=PRIORITIES.index),
            budget=budget if budget.is_bounded else NO_BUDGET,
            fallbacks=self._permissions.of(tenant, expert.fallbacks),
        )
