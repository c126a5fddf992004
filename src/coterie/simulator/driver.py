"""The virtual driver: a heap of events and a model of the machines around the scheduler that runs
live.

It models the world, never the scheduler: what to do is what `Scheduler.handle` answers, and how
long that takes is what the figures say. The same arrivals, figures and policy give the same answers
to the last digit.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import inf

from msgspec import Struct, structs

from coterie.scheduler import (
    Action,
    Dispatch,
    Event,
    Fetch,
    Load,
    Refuse,
    Scheduler,
    Stage,
    Unload,
)
from coterie.scheduler import events as on
from coterie.simulator.figures import Figures
from coterie.simulator.machine import Machine
from coterie.types import NO_BUDGET, Budget, Footprint
from coterie.workloads import Answer, Arrival

BEGIN = 1.0  # the clock's first reading: 0 means "not known" to the core
BYTES_PER_TOKEN = 6  # of English, as a request's body has them
BODY_BYTES = 150  # of a request, besides its prompt
STATUSES = {"queue_full": 429, "budget_impossible": 400, "model_not_found": 404}


class Simulated(Struct, frozen=True):
    """What became of each arrival, in their order, and how many loads that took."""

    answers: list[Answer]
    loads: int


class Driver:
    """One run: devices and experts are declared, then the arrivals come."""

    def __init__(
        self,
        scheduler: Scheduler,
        devices: Sequence[on.DeviceJoined],
        cores: Mapping[str, float],
        experts: Mapping[str, Figures],
    ) -> None:
        """`cores`: of each node. Devices of a node share its cores."""
        self._scheduler = scheduler
        self._devices = {device.device: device for device in devices}
        self._machines = {node: Machine(count) for node, count in cores.items()}
        self._experts = experts
        self._now = BEGIN
        self._heap: list[tuple[float, int, Event]] = []
        self._count = 0
        self._loads: dict[str, Load] = {}  # by job
        self._fresh: set[str] = set()  # replicas that have answered nobody yet
        self._running: dict[str, Dispatch] = {}
        self._first: dict[str, float] = {}  # when a request's first token came
        self._started: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._refused: dict[str, Refuse] = {}
        self._requests: dict[str, on.Arrived] = {}
        self._loaded = 0
        for device in devices:
            self._handle(structs.replace(device, at=BEGIN))
        for name, figures in experts.items():
            self._handle(on.Declared(BEGIN, name, slots=figures.slots))

    def run(self, requests: Sequence[on.Arrived]) -> Simulated:
        """Sends the requests, `at` seconds after the beginning each, and lets everything come to
        its end. They are as long as they say: `output_tokens` is what is generated.
        """
        for request in requests:
            assert request.request not in self._requests, f"{request.request!r} comes twice"
            self._requests[request.request] = request
            self._push(structs.replace(request, at=BEGIN + request.at, since=0.0, attempt=0))
        while len(requests) > len(self._ended) + len(self._refused):
            self._step()
        return Simulated([self._answer(request) for request in requests], self._loaded)

    # -- time --------------------------------------------------------------------------------------

    def _step(self) -> None:
        """The next thing that happens, wherever it does."""
        ends = [
            (self._now + own[0], node, own[1])
            for node, machine in self._machines.items()
            if (own := machine.next_end()) is not None
        ]
        end = min(ends, default=None)
        first = self._heap[0][0] if self._heap else inf
        wake = self._scheduler.wake_at()
        nearest = min(end[0] if end else inf, first, inf if wake is None else wake)
        assert nearest < inf, "requests wait, and nothing will ever happen"
        at = max(self._now, nearest)
        for machine in self._machines.values():
            machine.advance(at - self._now)
        self._now = at
        if end is not None and end[0] <= at:
            self._machines[end[1]].remove(end[2])
            self._job_done(end[1], end[2])
        elif first <= at:
            self._handle(structs.replace(heappop(self._heap)[2], at=at))
        else:
            self._handle(on.Tick(at))

    def _push(self, event: Event) -> None:
        self._count += 1
        heappush(self._heap, (event.at, self._count, event))

    def _handle(self, event: Event) -> None:
        for action in self._scheduler.handle(event):
            self._perform(action)

    # -- what the scheduler wants ------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        now = self._now
        match action:
            case Fetch():
                footprint = Footprint(hot=self._experts[action.expert].parts)
                self._push(on.Fetched(now, action.expert, footprint))
            case Stage():
                self._push(on.Staged(now, action.expert, action.device))
            case Load():
                self._load(action)
            case Unload():
                for job, load in list(self._loads.items()):
                    if load.replica == action.replica:
                        self._machine(load.device).remove(job)
                        del self._loads[job]
                figures = self._figures(action.replica)
                at = now + figures.unload_s
                self._push(on.Unloaded(at, action.replica, action.generation, figures.unload_s))
            case Dispatch():
                self._dispatch(action)
            case Refuse():
                self._refused[action.request] = action
                self._started[action.request] = now

    def _load(self, action: Load) -> None:
        self._loaded += 1
        self._fresh.add(action.replica)
        job = f"load {action.replica} {action.generation}"
        self._loads[job] = action
        self._started[job] = self._now
        figures = self._experts[action.expert]
        self._machine(action.device).add(job, action.replica, figures.load_work, 1.0)

    def _dispatch(self, action: Dispatch) -> None:
        request, figures = self._requests[action.request], self._figures(action.replica)
        self._running[action.request] = action
        self._started[action.request] = self._now
        is_first = action.replica in self._fresh
        self._fresh.discard(action.replica)
        work = figures.prompt_work(prompt_tokens(request), is_first=is_first)
        machine = self._machine(action.replica.rpartition("@")[2])
        machine.add(action.request, action.replica, work, figures.threads)

    def _job_done(self, node: str, job: str) -> None:
        """A load, a prompt, or all tokens of an answer."""
        if job in self._loads:
            self._load_done(self._loads.pop(job), self._started.pop(job))
            return
        action, request = self._running[job], self._requests[job]
        if job not in self._first:
            self._first[job] = self._now
            work = self._figures(action.replica).output_work(request.output_tokens)
            self._machines[node].add(job, action.replica, work, 1.0)
            self._handle(on.Began(self._now, job))
            return
        del self._running[job]
        self._ended[job] = self._now
        started = self._started[job]
        self._handle(
            on.Finished(
                self._now,
                job,
                first_byte_s=self._first[job] - started,
                run_s=self._now - started,
                prompt_tokens=round(prompt_tokens(request)),
                output_tokens=request.output_tokens,
            )
        )

    def _load_done(self, action: Load, began: float) -> None:
        figures = self._experts[action.expert]
        at = self._now + figures.load_wait_s
        self._push(on.Loaded(at, action.replica, action.generation, at - began, figures.parts))

    # -- looking -----------------------------------------------------------------------------------

    def _machine(self, device: str) -> Machine:
        return self._machines[self._devices[device].node]

    def _figures(self, replica: str) -> Figures:
        return self._experts[replica.rpartition("@")[0]]

    def _answer(self, request: on.Arrived) -> Answer:
        name, sent = request.request, BEGIN + request.at
        refused = self._refused.get(name)
        if refused is not None:
            return Answer(
                expert=request.expert,
                sent_s=request.at,
                status=STATUSES.get(refused.code, 503),
                total_s=self._started[name] - sent,
                error=refused.code,
            )
        return Answer(
            expert=request.expert,
            sent_s=request.at,
            status=200,
            total_s=self._ended[name] - sent,
            first_s=self._first[name] - sent,
            prompt_tokens=round(prompt_tokens(request)),
            output_tokens=request.output_tokens,
        )


def prompt_tokens(request: on.Arrived) -> float:
    """What a request's prompt is taken to have."""
    return max(0, request.prompt_bytes - BODY_BYTES) / BYTES_PER_TOKEN


def requests(arrivals: Sequence[Arrival], budget: Budget = NO_BUDGET) -> list[on.Arrived]:
    """A workload's arrivals as requests, each with the budget."""
    return [
        on.Arrived(
            arrival.at_s,
            f"r{number:07}",
            arrival.expert,
            prompt_bytes=BODY_BYTES + BYTES_PER_TOKEN * arrival.prompt_tokens,
            output_tokens=arrival.output_tokens,
            budget=budget,
        )
        for number, arrival in enumerate(arrivals)
    ]
