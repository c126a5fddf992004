"""Whom to load, when, and whom to evict: pure cost functions. The cheapest wins; the caller breaks
ties by name.

A policy never sees the clock: each function answers with a time or a key that holds until its own
arguments change, which is what lets the core keep everything in sorted order.
"""

from math import log
from typing import Literal, Protocol

from msgspec import Struct

from coterie.errors import Problem
from coterie.scheduler.estimates import RATE_WINDOW_S

Source = Literal["client", "flow", "learnt"]
"""Who says what will be asked for next: a client's hint, a flow, or what usually followed."""
SOON_S = 0.1  # a use that is nearer than that is as good as now
STRETCH = 2.0  # `cost` lets a request wait for so many times its own prompt's time
ECHO = 4.0
"""A second that a busy machine loses delays all who come until it is idle again: 1 / (1 - load)
times those who wait now, which is this at three quarters of what it can do (the busy period of a
queue that begins with a delay: Kleinrock, "Queueing Systems I", 1975).
"""


class Waiting(Struct, frozen=True):
    """Those who wait for one expert: how many, since when the oldest, and the sum of their arrival
    times.
    """

    count: int
    oldest: float
    total: float

    def accrued_at(self, cost_s: float) -> float:
        """When their waiting, added up, amounts to `cost_s` request-seconds."""
        return (self.total + cost_s) / self.count


class Resident(Struct, frozen=True):
    """A hot replica as a policy sees it."""

    loaded_at: float
    used_at: float
    size_bytes: int
    load_s: float
    rate_order: float
    in_use: int
    next_at: float = 0.0  # when it will be asked for next; 0: nobody knows


class Policy(Protocol):
    """The decisions that differ between policies. Times are seconds on the events' clock."""

    @property
    def name(self) -> str: ...

    def due(self, waiting: Waiting, load_s: float) -> float:
        """The order in which waiting experts are loaded: the earliest first."""
        ...

    @property
    def promises(self) -> bool:
        """Are requests that cannot meet their budgets refused, or sent to their fallbacks?"""
        ...

    @property
    def shares(self) -> bool:
        """Do tenants get their weighted shares of a machine that all of them want?"""
        ...

    @property
    def stages(self) -> bool:
        """Are weights read into host memory ahead of their load?"""
        ...

    def foresees(self, source: Source) -> bool:
        """Are experts loaded ahead, where this source says that they will be asked for?"""
        ...

    def turn(self, since: float, prefill_s: float, slack_s: float) -> float:
        """The order in which waiting requests run: the earliest first. `prefill_s`: how long its
        prompt is expected to take; `slack_s`: how long it may wait before its budget or its
        priority presses.
        """
        ...

    def passes(self, prefill_s: float, rest_s: float) -> bool:
        """May a prompt be computed beside others, the last of which will be done in `rest_s`?"""
        ...

    def keep(self, resident: Resident) -> float:
        """The order in which residents are evicted: the lowest first."""
        ...

    def worth(self, resident: Resident, now: float) -> float:
        """The same order at one moment, where it is known of some when they are used next."""
        ...

    def shelter(self, resident: Resident, minimum_s: float) -> float:
        """Until when a resident may not be evicted for another expert's sake."""
        ...

    def earned(
        self, waiting: Waiting, load_s: float, victims: list[Resident], line: float
    ) -> float:
        """When those who wait have earned the eviction of `victims`. `line`: how many wait in all,
        for each device.
        """
        ...


class Lru:
    """First come, first served; the least recently used idle replica goes."""

    name = "lru"
    promises = False
    shares = False
    stages = False

    def foresees(self, source: Source) -> bool:
        return False

    def due(self, waiting: Waiting, load_s: float) -> float:
        return waiting.oldest

    def turn(self, since: float, prefill_s: float, slack_s: float) -> float:
        return since

    def passes(self, prefill_s: float, rest_s: float) -> bool:
        return False

    def keep(self, resident: Resident) -> float:
        return resident.used_at

    def worth(self, resident: Resident, now: float) -> float:
        return self.keep(resident)

    def shelter(self, resident: Resident, minimum_s: float) -> float:
        return resident.loaded_at + minimum_s

    def earned(
        self, waiting: Waiting, load_s: float, victims: list[Resident], line: float
    ) -> float:
        """At once for idle victims; never for busy ones (the starvation bound is the core's)."""
        return float("inf") if any(victim.in_use for victim in victims) else waiting.oldest


class Cost:
    """Requests for one expert are answered together, and a switch must earn what it costs.

    Order: an expert is due when the waiting of its requests, added up, amounts to its load; so an
    expert that many wait for comes before one that a single request waits for, and nobody is passed
    over for ever. Turns: a long prompt lets those pass that arrive within STRETCH times its own
    time, and one that is being computed shares the cores with one that is done before it, so that
    short ones need not wait for long ones. Eviction: the replica whose bytes save the
    least reloading goes, i.e. rate x load time / bytes (GreedyDual-Size with frequency: Cherkasova,
    "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching", 1998). When: a
    victim that is in use costs each of its requests the way out and back, its load and ours, and
    that time is lost to all who wait, and to those who come while they do; the switch waits until
    as much waiting has accrued (the rent-or-buy rule of ski rental: Karlin et al., "Competitive
    snoopy caching", 1988). So the longer the lines, the nearer it is to serving each expert until
    nobody waits for it, which wastes the least (Levy, Sidi and Boxma, "Dominance relations in
    polling systems", 1990). An idle victim costs nobody now, and waiting makes its return no
    cheaper: it goes at once.
    """

    def __init__(self, *without: str) -> None:
        """`without`: parts of PARTS that are left out, to see what they are worth: `lru`'s stand in
        their place.
        """
        self.name = "-".join(("cost", *without))
        self.promises = "budgets" not in without
        self.shares = "shares" not in without
        self.stages = "staging" not in without
        self._simple = Lru()
        self._without = without

    def foresees(self, source: Source) -> bool:
        return SOURCES[source] not in self._without

    def due(self, waiting: Waiting, load_s: float) -> float:
        if "grouping" in self._without:
            return self._simple.due(waiting, load_s)
        return waiting.accrued_at(load_s)

    def turn(self, since: float, prefill_s: float, slack_s: float) -> float:
        if "order" in self._without:
            return self._simple.turn(since, prefill_s, slack_s)
        return since + slack_s + STRETCH * prefill_s

    def passes(self, prefill_s: float, rest_s: float) -> bool:
        """One that shares the cores takes twice its time, and is to be done first all the same."""
        return "order" not in self._without and 2 * prefill_s <= rest_s

    def keep(self, resident: Resident) -> float:
        if "eviction" in self._without:
            return self._simple.keep(resident)
        return resident.rate_order + _saved(resident)

    def worth(self, resident: Resident, now: float) -> float:
        """Where the next use is known, one over the time until then stands for the rate (Belady, "A
        study of replacement algorithms", 1966); one that is overdue has lost its rhythm.
        """
        if "eviction" in self._without or resident.next_at <= now:
            return self.keep(resident)
        rate = 1.0 / max(resident.next_at - now, SOON_S)
        return log(rate * RATE_WINDOW_S) + now / RATE_WINDOW_S + _saved(resident)

    def shelter(self, resident: Resident, minimum_s: float) -> float:
        """One that is in use serves at least as long as its load took."""
        if "switching" in self._without:
            return self._simple.shelter(resident, minimum_s)
        window_s = max(minimum_s, resident.load_s) if resident.in_use else minimum_s
        return resident.loaded_at + window_s

    def earned(
        self, waiting: Waiting, load_s: float, victims: list[Resident], line: float
    ) -> float:
        if "switching" in self._without:
            return self._simple.earned(waiting, load_s, victims, line)
        users_s = sum(victim.in_use * (load_s + victim.load_s) for victim in victims)
        if not users_s:
            return waiting.accrued_at(0.0)
        lost_s = load_s + sum(victim.load_s for victim in victims)
        return waiting.accrued_at(users_s + ECHO * line * lost_s)


def _saved(resident: Resident) -> float:
    """Log of the seconds of reloading that each byte saves, if it is asked for."""
    return log(max(resident.load_s, 1e-6)) - log(max(resident.size_bytes, 1))


SOURCES: dict[Source, str] = {"client": "hints", "flow": "flows", "learnt": "learning"}
PARTS = (
    *("budgets", "eviction", "grouping", "order", *SOURCES.values()),
    *("shares", "staging", "switching"),
)
"""What `cost` is made of; `cost-budgets-order` is the policy without those two."""

POLICIES: dict[str, type[Lru] | type[Cost]] = {"cost": Cost, "lru": Lru}


def policy(name: str) -> Policy:
    """The policy of that name. Raises KeyError; `policy_problem` says it kindly."""
    if policy_problem(name) is not None:
        raise KeyError(name)
    base, *without = name.split("-")
    return Cost(*without) if without else POLICIES[base]()


def policy_problem(name: str) -> Problem | None:
    """What to say of an unknown policy's name in the document."""
    base, *without = name.split("-")
    if base not in POLICIES:
        known = ", ".join(sorted(POLICIES))
        return Problem("scheduler.policy", f"no policy {base!r}; known: {known}")
    unknown = [part for part in without if part not in PARTS]
    if without and (base != "cost" or unknown or len(set(without)) < len(without)):
        message = f"{name!r} is no policy: after 'cost-' come parts of it to leave out, each once"
        return Problem("scheduler.policy", f"{message}: {', '.join(PARTS)}")
    return None
