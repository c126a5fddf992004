"""Answers, counted in one pass: for all together, and for each expert and tenant."""

from collections import Counter
from collections.abc import Mapping, Sequence

from coterie.scheduler import events as on
from coterie.simulator.residency import is_hot
from coterie.types import Budget
from coterie.workloads import Answer, is_in_time

REFUSALS = (
    "queue_full",
    "wait_exceeded",
    "expert_unavailable",
    "model_not_found",
    "budget_exceeded",
    "budget_impossible",
)
"""What the scheduler refuses a request with. Whatever else went wrong is a failure."""


class Tally:
    """Requests of one expert or tenant. Times are of the good answers alone."""

    __slots__ = ("answered", "bounded", "firsts", "kept", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.answered = 0
        self.bounded = 0  # had a latency budget
        self.kept = 0  # of those, how many kept it
        self.firsts: list[float] = []

    @property
    def attainment(self) -> float | None:
        return self.kept / self.bounded if self.bounded else None


class Tallies:
    """All that answers tell."""

    def __init__(self) -> None:
        self.experts: dict[str, Tally] = {}  # by the expert that was asked for
        self.tenants: dict[str, Tally] = {}
        self.totals: list[float] = []
        self.per_token: list[float] = []
        self.problems: Counter[str] = Counter()
        self.output_tokens = 0
        self.hits = 0  # requests that found their expert hot
        self.good = 0  # answers that broke no budget


def tallied(
    requests: Sequence[on.Arrived],
    answers: Sequence[Answer],
    hot: Mapping[str, Sequence[tuple[float, float]]],
) -> Tallies:
    """The answers, counted; `hot`: when each expert could answer at once. Lists of times are
    sorted.
    """
    all_of = Tallies()
    experts, tenants = all_of.experts, all_of.tenants
    totals, per_token = all_of.totals, all_of.per_token
    for request, answer in zip(requests, answers, strict=True):
        expert = experts.get(request.expert)
        if expert is None:
            expert = experts[request.expert] = Tally()
        tenant = tenants.get(request.tenant)
        if tenant is None:
            tenant = tenants[request.tenant] = Tally()
        expert.requests += 1
        tenant.requests += 1
        all_of.hits += is_hot(hot.get(request.expert, ()), request.at)
        is_good = is_kept = answer.is_good
        if request.budget.is_bounded:
            is_kept = is_good and keeps(answer, request.budget)
            for one in (expert, tenant):
                one.bounded += 1
                one.kept += is_kept
        all_of.good += is_kept
        if not is_good:
            all_of.problems[answer.error or f"HTTP {answer.status}"] += 1
            continue
        expert.answered += 1
        tenant.answered += 1
        totals.append(answer.total_s)
        all_of.output_tokens += answer.output_tokens
        if answer.first_s is not None:
            expert.firsts.append(answer.first_s)
            tenant.firsts.append(answer.first_s)
            if answer.output_tokens > 1:
                per_token.append((answer.total_s - answer.first_s) / (answer.output_tokens - 1))
    totals.sort()
    per_token.sort()
    for one in (*experts.values(), *tenants.values()):
        one.firsts.sort()
    return all_of


def keeps(answer: Answer, budget: Budget) -> bool:
    """Did a good answer keep its latency budget: first token, each further one, and the last?"""
    if not is_in_time(answer, budget):
        return False
    if not budget.tpot or answer.first_s is None or answer.output_tokens < 2:
        return True
    return (answer.total_s - answer.first_s) / (answer.output_tokens - 1) <= budget.tpot
