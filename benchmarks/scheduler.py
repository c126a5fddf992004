"""How many decisions a second the pure core takes, and how their cost grows with experts and nodes.

The scheduler is driven as the controller drives it (`handle`, then `wake_at`), by a world in which
everything goes well: what it asks for happens, a little later. A backlog of waiting requests is
kept up all the time.
"""

import heapq
import math
import random
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from benchmarks.tables import Result
from coterie.config import Limits
from coterie.scheduler import Dispatch, Fetch, Load, Refuse, Scheduler, Stage, Unload, policy
from coterie.scheduler.events import (
    Arrived,
    Began,
    Declared,
    DeviceJoined,
    Event,
    Fetched,
    Finished,
    Loaded,
    Staged,
    TenantDeclared,
    Tick,
    Unloaded,
)
from coterie.types import NO_BUDGET, Budget, Footprint, Part, device_id
from coterie.workloads import percentile

EXPERTS = (10, 100, 1_000, 10_000)
NODES = (1, 10, 100, 1_000)
WAITING = 10_000
GIB = 1 << 30
LOAD_S, UNLOAD_S, FIRST_S, SERVICE_S = 0.1, 0.02, 0.05, 0.8
SLOTS, PARALLEL_LOADS = 4, 4
WIDE = Budget(ttft=1e6, e2e=1e6)  # nobody is refused, so that the backlog stays
PROMPT_BYTES = 400
ENOUGH_UNLOADS, PATIENCE = 20, 300_000


class Size(Struct, frozen=True):
    """How large a world is: `room` replicas fit on each node."""

    experts: int
    nodes: int
    room: int
    waiting: int = WAITING
    budget: Budget = NO_BUDGET
    tenants: int = 0


def run(*, events: int = 30_000, policies: Sequence[str] = ("cost", "lru")) -> list[Result]:
    """Growth in experts, then in nodes, for each policy."""
    results = []
    for name in policies:
        by_experts = [Size(n, 1, max(2, n // 10)) for n in EXPERTS]
        by_nodes = [Size(10_000, n, 1_000 // n) for n in NODES]
        for title, sizes, axis in (
            ("experts, one node with room for a tenth", by_experts, "experts"),
            ("nodes, 10,000 experts, room for 1,000 in all", by_nodes, "nodes"),
        ):
            runs = [(size, timed(size, name, events)) for size in sizes]
            rows = table_rows(runs)
            rows.append(growth_row(runs, axis))
            results.append(Result("scheduler", f"policy {name}: growth in {title}", rows, NOTES))
    results.append(decisions(events))
    return results


def decisions(events: int) -> Result:
    """How long a decision takes where each request has a budget, prompts take turns, and tenants
    share.
    """
    sizes = [Size(1_000, 100, 2, budget=WIDE), Size(1_000, 100, 2, budget=WIDE, tenants=10)]
    rows = []
    for size in sizes:
        world = timed(size, "cost", events)
        (row,) = table_rows([(size, world)])
        every = [s for kind in world.spent.values() for s in kind]
        row = {"tenants": size.tenants or 1} | row
        rows.append(row | {"p99.9 us": percentile(every, 99.9) * 1e6, "most us": max(every) * 1e6})
    title = "policy cost: decisions about requests with latency budgets, room for two a node"
    return Result("scheduler", title, rows, NOTES)


NOTES = (
    f"{WAITING:,} requests wait all the time; microseconds are the mean of `handle` and `wake_at`",
    "growth: the factor for ten times the size, by a power law fitted over all sizes",
)


class World:
    """Answers each action with the events that a perfect node would report."""

    def __init__(self, size: Size, policy_name: str, seed: int = 0) -> None:
        limits = structs.replace(
            Limits(), wait=1e9, queue=10 * size.waiting, queue_per_expert=10 * size.waiting
        )
        self.scheduler = Scheduler(policy=policy(policy_name), limits=limits)
        self.spent: dict[str, list[float]] = {}
        self.total_s = 0.0
        self.handled = 0
        self.waiting = 0
        self._size = size
        self._now = 0.0
        self._number = 0
        self._draw = random.Random(seed)
        self._heap: list[tuple[float, int, Event]] = []
        self._experts = [f"expert-{n:05}" for n in range(size.experts)]
        self._served: deque[str] = deque(maxlen=64)  # of late: likely to be hot
        for n in range(size.nodes):
            device = device_id(f"node-{n:04}", "gpu")
            turns = 2 if size.budget.is_bounded else 0
            self.handle(
                DeviceJoined(
                    0.0,
                    device,
                    f"node-{n:04}",
                    size.room * GIB,
                    parallel_loads=PARALLEL_LOADS,
                    parallel_prefills=turns,
                )
            )
        for n in range(size.tenants):
            self.handle(TenantDeclared(0.0, f"tenant-{n}", 1.0 + n))
        for expert in self._experts:
            self.handle(Declared(0.0, expert, slots=SLOTS))
        while self._heap:
            self._next()
        while len(self.spent.get("unload done", ())) < ENOUGH_UNLOADS and self.handled < PATIENCE:
            self.step()  # until the room is full and experts take turns in it
        self.spent.clear()
        self.total_s, self.handled = 0.0, 0

    def step(self) -> None:
        """As many arrivals as keep up the backlog, and the next thing that happens."""
        while self.waiting < self._size.waiting:
            self.arrive()
        self._next()

    def _next(self) -> None:
        """An answer of a node, or a tick that the scheduler asked for."""
        wake = self.scheduler.wake_at()
        if wake is not None and (not self._heap or wake <= self._heap[0][0]):
            self._now = max(self._now, wake)
            self.handle(Tick(self._now))
            return
        at, _, event = heapq.heappop(self._heap)
        self._now = max(self._now, at)
        self.handle(structs.replace(event, at=self._now))

    def arrive(self) -> None:
        """A request: one in four for an expert served of late, the others by popularity."""
        if self._served and self._draw.random() < 0.25:
            expert = self._draw.choice(self._served)
        else:  # about as Zipf's law has it
            place = int(math.exp(self._draw.random() * math.log(len(self._experts) + 1))) - 1
            expert = self._experts[place]
        self._number += 1
        self._now += 1e-6
        self.waiting += 1
        request = f"{expert}#{self._number}"
        tenant = f"tenant-{self._number % self._size.tenants}" if self._size.tenants else ""
        self.handle(
            Arrived(
                self._now,
                request,
                expert,
                since=self._now,
                prompt_bytes=self._prompt_bytes(),
                tenant=tenant,
                budget=self._size.budget,
            )
        )

    def _prompt_bytes(self) -> int:
        return self._draw.randint(1, PROMPT_BYTES) if self._size.budget.is_bounded else 0

    def handle(self, event: Event) -> None:
        """Times the scheduler's answer, and lets what it asks for happen."""
        begun = time.perf_counter()
        actions = self.scheduler.handle(event)
        self.scheduler.wake_at()
        spent = time.perf_counter() - begun
        self.total_s += spent
        self.handled += 1
        self.spent.setdefault(kind_of(event, actions), []).append(spent)
        for action in actions:
            match action:
                case Fetch():
                    footprint = Footprint(hot=(Part(f"sha256:{action.expert}", GIB),))
                    self._later(0.0, Fetched(self._now, action.expert, footprint))
                case Stage():
                    self._later(0.01, Staged(self._now, action.expert, action.device))
                case Load():
                    loaded = Loaded(self._now, action.replica, action.generation, LOAD_S)
                    self._later(LOAD_S, loaded)
                case Unload():
                    unloaded = Unloaded(self._now, action.replica, action.generation, UNLOAD_S)
                    self._later(UNLOAD_S, unloaded)
                case Dispatch():
                    self.waiting -= 1
                    self._served.append(action.request.partition("#")[0])
                    if self._size.budget.is_bounded:
                        self._later(FIRST_S, Began(self._now, action.request))
                    finished = Finished(
                        self._now, action.request, first_byte_s=FIRST_S, run_s=SERVICE_S
                    )
                    self._later(SERVICE_S * (0.5 + self._draw.random()), finished)
                case Refuse():
                    self.waiting -= 1

    def _later(self, delay_s: float, event: Event) -> None:
        self._number += 1
        at = self._now + delay_s
        heapq.heappush(self._heap, (at, self._number, structs.replace(event, at=at)))


def kind_of(event: Event, actions: Sequence[object]) -> str:
    """The kind of operation that a row of the table tells of."""
    if isinstance(event, Arrived):
        if any(isinstance(a, Dispatch) and a.request == event.request for a in actions):
            return "arrival, hot"
        return "arrival, cold"
    return {
        Began: "first byte",
        Finished: "finish",
        Loaded: "load done",
        Unloaded: "unload done",
        Tick: "tick",
    }.get(type(event), "other")


def timed(size: Size, policy_name: str, events: int) -> World:
    """A world in which so many events have been timed, or a few more."""
    world = World(size, policy_name)
    while world.handled < events:
        world.step()
    return world


def table_rows(runs: Sequence[tuple[Size, World]]) -> list[dict[str, Any]]:
    """A row for each size: events a second, and microseconds of each kind of operation."""
    rows = []
    for size, world in runs:
        rows.append(
            {
                "experts": size.experts,
                "nodes": size.nodes,
                "events/s": world.handled / world.total_s,
                "p99 us": percentile([s for kind in world.spent.values() for s in kind], 99) * 1e6,
                **{f"{kind} us": spent for kind, spent in means_us(world).items()},
            }
        )
    return rows


def means_us(world: World) -> dict[str, float]:
    """Microseconds of each kind of operation, on average."""
    kinds = (
        "arrival, hot",
        "arrival, cold",
        "first byte",
        "finish",
        "load done",
        "unload done",
        "tick",
    )
    return {
        kind: sum(world.spent[kind]) / len(world.spent[kind]) * 1e6
        for kind in kinds
        if world.spent.get(kind)
    }


def growth_row(runs: Sequence[tuple[Size, World]], axis: str) -> dict[str, Any]:
    """The factor by which each kind of operation gets dearer with ten times the size."""
    found: dict[str, list[tuple[float, float]]] = {}
    for size, world in runs:
        for kind, mean_us in means_us(world).items():
            found.setdefault(kind, []).append((float(getattr(size, axis)), mean_us))
    return {
        axis: "growth",
        **{
            f"{kind} us": f"x {growth(points):.2f}"
            for kind, points in found.items()
            if len(points) > 1
        },
    }


def growth(points: Sequence[tuple[float, float]]) -> float:
    """The factor a decade of a power law through (size, cost), fitted; NaN of one point."""
    if len(points) < 2:
        return math.nan
    xs = [math.log10(size) for size, _ in points]
    ys = [math.log10(cost) for _, cost in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    above = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    below = sum((x - mean_x) ** 2 for x in xs)
    return float(10 ** (above / below))
