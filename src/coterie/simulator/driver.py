"""The virtual driver: a heap of events and a model of the machines around the scheduler that runs
live.

It models the world, never the scheduler: what to do is what `Scheduler.handle` answers, and how
long that takes is what the figures say. The same requests, set-up, policy and seed give the same
outcome to the last digit.
"""

from collections.abc import Callable, Iterable
from math import inf

from msgspec import structs

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
    policy,
)
from coterie.scheduler import events as on
from coterie.simulator.agenda import Agenda, Change, Due, End
from coterie.simulator.faults import Faults, Luck, Planned, changes
from coterie.simulator.loads import Loads
from coterie.simulator.machine import Machine
from coterie.simulator.outcome import Fault, Outcome
from coterie.simulator.rides import Rides
from coterie.simulator.serving import Serving
from coterie.simulator.setup import Setup
from coterie.simulator.stays import Stays
from coterie.types import Footprint

START = 1.0  # the clock's first reading: 0 means "not known" to the core
CRASHED = "the worker crashed"
LOST = "the node was lost"
NO_FAULTS = Faults()

Told = Callable[[int], None]


def simulate(
    setup: Setup,
    requests: Iterable[on.Arrived],
    faults: Faults = NO_FAULTS,
    told: Told | None = None,
) -> Outcome:
    """What the set-up makes of the requests, which come in order of time, `at` seconds after the
    beginning each. `told` is called now and then with how many have ended.
    """
    return Driver(Scheduler(policy(setup.policy), setup.limits), setup, faults).run(requests, told)


class Driver:
    """One run: devices, tenants and experts are declared, and what is to be preloaded is; then the
    requests come, from `begin` on by the scheduler's clock.
    """

    def __init__(self, scheduler: Scheduler, setup: Setup, faults: Faults = NO_FAULTS) -> None:
        self._scheduler = scheduler
        self._setup = setup
        self._now = START
        self._outcome = Outcome()
        self._stays = Stays()
        self._rides = Rides()
        self._agenda = Agenda()
        for name, cores in setup.cores.items():
            self._agenda.machines[name] = Machine(cores)
        self._luck = Luck()
        self._loads = Loads(setup, self._agenda, self._luck)
        self._serving = Serving(setup, self._agenda, self._rides)
        declared: tuple[Event, ...] = (*setup.devices, *setup.tenants, *setup.experts)
        for event in declared:
            self._handle(structs.replace(event, at=START))
        self._settle()
        self.begin = self._serving.begin = self._now
        self._busy_before = self._busy()
        self._luck.tempt(faults)
        for replica, generation in self._loads.alive.items():
            self._tempt(replica, generation)
        for at_s, fault, begins in changes(faults):
            self._agenda.push(self.begin + at_s, Change(fault, begins))

    def run(self, requests: Iterable[on.Arrived], told: Told | None = None) -> Outcome:
        """Sends the requests, and lets each come to its end; see `simulate`."""
        agenda, rides, scheduler = self._agenda, self._rides, self._scheduler
        coming, begin = iter(requests), self.begin
        following = next(coming, None)
        while following is not None or rides.open:
            arrives = inf if following is None else begin + following.at
            due = agenda.next_at()
            wake = scheduler.wake_at()
            if wake is not None and wake < due and wake < arrives:
                self._now = max(self._now, wake)
                self._handle(on.Tick(self._now))
            elif following is not None and arrives < due:
                assert arrives >= self._now, f"{following.request!r} comes out of order"
                self._now = arrives
                self._arrive(following)
                following = next(coming, None)
            else:
                assert due < inf, "requests wait, and nothing will ever happen"
                self._now = max(self._now, due)
                self._happen(agenda.pop())
                if told is not None and rides.ended % 256 == 0:
                    told(rides.ended)
        return self._ended()

    def _settle(self) -> None:
        """Lets all loads end that nobody's request asked for."""
        while (due := self._agenda.next_at()) < inf:
            wake = self._scheduler.wake_at()
            if wake is not None and wake < due:
                self._now = max(self._now, wake)
                self._handle(on.Tick(self._now))
            else:
                self._now = max(self._now, due)
                self._happen(self._agenda.pop())

    def _ended(self) -> Outcome:
        found, stores = self._outcome, self._loads.stores.values()
        found.answers = [answer for answer in self._rides.answers if answer is not None]
        found.residences = self._stays.count_from(self.begin)
        found.queue = self._rides.queue
        found.waited_s = self._rides.waited_s
        found.moved_bytes = sum(store.moved_bytes for store in stores)
        found.read_bytes = sum(store.read_bytes for store in stores)
        found.end_s = self._now - self.begin
        found.busy_s = {
            name: busy_s - self._busy_before[name] for name, busy_s in self._busy().items()
        }
        return found

    def _busy(self) -> dict[str, float]:
        machines = self._agenda.machines
        return {name: machines[name].busy_until(self._now) for name in self._setup.cores}

    # -- what happens ------------------------------------------------------------------------------

    def _arrive(self, request: on.Arrived) -> None:
        self._rides.begin(request)
        self._handle(structs.replace(request, at=self._now, since=0.0, attempt=0))
        self._rides.sample(request.at)

    def _happen(self, due: Due) -> None:
        match due:
            case End():
                self._done(due)
            case Change():
                self._change(due.fault, due.begins)
            case on.Crashed():
                if self._loads.alive.get(due.replica) == due.generation:
                    self._crash(due)
            case on.Loaded() | on.LoadFailed() | on.Unloaded():
                if self._loads.is_true(due):
                    self._stays.happened(due)
                    self._handle(due)
                    if isinstance(due, on.Loaded):
                        self._tempt(due.replica, due.generation)
            case _:
                self._handle(due)

    def _done(self, end: End) -> None:
        """Bytes have come, a replica is ready, or a prompt or an answer is."""
        ride = self._rides.open.get(end.job)
        if ride is not None:
            self._handle(self._serving.done(ride, end.machine, self._now))
        elif end.machine in self._setup.cores:
            self._agenda.remove(end.machine, end.job, self._now)
            self._loads.ready(end.job, self._now)
        else:
            self._loads.came(end.machine, end.job, self._now)

    def _handle(self, event: Event) -> None:
        self._outcome.events += 1
        for action in self._scheduler.handle(event):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        now = self._now
        match action:
            case Dispatch():
                self._stays.serves(action)
                self._serving.dispatch(action, now)
            case Refuse():
                self._rides.refused(action, now - self.begin)
            case Load():
                figures = self._setup.figures_on(action.expert, action.device)
                self._stays.did(now, action, sum(part.size_bytes for part in figures.parts))
                self._loads.load(action, now)
            case Unload():
                self._stays.did(now, action)
                self._loads.unload(action, now)
            case Stage():
                self._loads.stage(action, now)
            case Fetch():
                footprint = Footprint(hot=self._setup.anywhere(action.expert).parts)
                self._agenda.push(now, on.Fetched(now, action.expert, footprint))

    # -- what goes wrong ---------------------------------------------------------------------------

    def _tempt(self, replica: str, generation: int) -> None:
        """A hot replica may have to crash one day."""
        lives_s = self._luck.crashes_after()
        if lives_s is not None:
            at = self._now + lives_s
            self._agenda.push(at, on.Crashed(at, replica, generation, CRASHED))

    def _crash(self, event: on.Crashed) -> None:
        now_s = self._now - self.begin
        self._outcome.faults.append(Fault(now_s, "crash", event.replica, now_s))
        self._stays.happened(event)
        self._handle(event)
        for finished in self._serving.broken(event.replica, self._now, CRASHED):
            self._handle(finished)
        self._loads.go(event.replica, event.generation, self._now)

    def _change(self, fault: Planned, begins: bool) -> None:
        if begins:
            until_s = fault.at_s + fault.for_s
            self._outcome.faults.append(
                Fault(self._now - self.begin, fault.kind, fault.node, until_s)
            )
        if fault.kind != "node":
            factor = fault.factor if begins else 1.0
            self._loads.stores[fault.node].slow(fault.kind, factor, self._now)
        elif begins:
            self._lose(fault.node)
        else:
            for device in self._setup.devices:
                if device.node == fault.node:
                    self._handle(structs.replace(device, at=self._now))

    def _lose(self, node: str) -> None:
        devices = self._loads.lose(node, self._now)
        for device in devices:
            self._stays.lost(device, self._now, LOST)
        self._handle(on.NodeLeft(self._now, node, LOST))
        for replica in self._serving.on_devices(devices):
            for finished in self._serving.broken(replica, self._now, LOST):
                self._handle(finished)
