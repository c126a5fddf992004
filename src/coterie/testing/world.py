"""A virtual world for the scheduler: a heap of events, nodes that do as they are told, and failures
by seed.

It models the world only. Every decision is the scheduler's.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from random import Random

from msgspec import Struct

from coterie.scheduler import Action, Dispatch, Event, Fetch, Load, Refuse, Scheduler, Stage, Unload
from coterie.scheduler import events as on
from coterie.types import Footprint, Part


class Model(Struct, frozen=True):
    """How an expert behaves: its parts, how long it loads, unloads and runs, in seconds; the share
    of its run that a prompt takes.
    """

    parts: tuple[Part, ...]
    load_s: float = 1.0
    unload_s: float = 0.1
    run_s: float = 0.5
    prompt_share: float = 0.5
    fetch_s: float = 0.0


class Faults(Struct, frozen=True):
    """Chances, each between 0 and 1."""

    load_fails: float = 0.0
    load_hangs: float = 0.0
    crash: float = 0.0
    leave: float = 0.0  # a client goes away
    fetch_fails: float = 0.0
    grows: float = 0.0  # a replica takes more than its estimate


class World:
    """Drives one scheduler on virtual time. `log` is every event and action, in order."""

    def __init__(
        self,
        scheduler: Scheduler,
        models: dict[str, Model],
        faults: Faults | None = None,
        seed: int = 0,
        spread: float = 0.1,
        streamed: float = 0.0,
        after_each: Callable[[Event, list[Action]], None] | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.models = models
        self.now = 0.0
        self.log: list[Event | Action] = []
        self.answered: dict[str, float] = {}  # request -> when it ended well
        self.started: dict[str, float] = {}  # request -> when it was (last) dispatched
        self.refused: dict[str, Refuse] = {}
        self.lost: dict[str, float] = {}  # request -> when its replica died, or its client left
        self.arrivals: dict[str, on.Arrived] = {}
        self._faults = faults or Faults()
        self._random = Random(seed)
        self._spread = spread
        self._streamed = streamed  # the share of requests whose first byte is reported
        self.after_each = after_each or (lambda event, actions: scheduler.check())
        self._heap: list[tuple[float, int, Event]] = []
        self._count = 0
        self._alive: dict[str, int] = {}  # replica -> generation that a node really runs
        self._running: dict[str, Dispatch] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Events that come from outside: arrivals, devices, declarations."""
        for event in events:
            self._push(event)

    def run(self, until: float = float("inf")) -> None:
        """Handles what happens, in order of time, until nothing is left or `until` is reached."""
        while True:
            wake = self.scheduler.wake_at()
            first = self._heap[0][0] if self._heap else None
            if first is None and wake is None:
                return
            if wake is not None and (first is None or wake < first):
                at = max(wake, self.now)
                event: Event = on.Tick(at)
            else:
                assert first is not None
                at, event = first, self._heap[0][2]
                if at <= until:
                    heappop(self._heap)
            if at > until:
                return
            self.now = at
            if self._happens(event):
                self.handle(event)

    def handle(self, event: Event) -> list[Action]:
        """Gives one event to the scheduler and acts on what it answers."""
        if isinstance(event, on.Arrived):
            self.arrivals[event.request] = event
        actions = self.scheduler.handle(event)
        self.log.append(event)
        self.log += actions
        self.after_each(event, actions)
        for action in actions:
            self._perform(action)
        return actions

    def run_s(self, action: Dispatch) -> float:
        """How long a request runs."""
        run_s = self.models[action.replica.partition("@")[0]].run_s
        return run_s * self._random.uniform(1 - 5 * self._spread, 1 + 5 * self._spread)

    # -- the world ---------------------------------------------------------------------------------

    def _push(self, event: Event) -> None:
        self._count += 1
        heappush(self._heap, (event.at, self._count, event))

    def _chance(self, of: float) -> bool:
        return of > 0.0 and self._random.random() < of

    def _happens(self, event: Event) -> bool:
        """False for an event that something earlier has made impossible."""
        match event:
            case on.Began():
                return event.request in self._running
            case on.Finished():
                if self._running.pop(event.request, None) is None:
                    return False
                (self.answered if event.ok else self.lost)[event.request] = self.now
            case on.Loaded() | on.Crashed():
                if self._alive.get(event.replica) != event.generation:
                    return False
                if isinstance(event, on.Crashed):
                    self._kill(event.replica, event.generation)
            case on.Unloaded() | on.LoadFailed():
                if self._alive.get(event.replica) == event.generation:
                    del self._alive[event.replica]
            case on.Cancelled():
                ended = (self._running, self.refused, self.answered, self.lost)
                if any(event.request in requests for requests in ended):
                    return False
                self.lost[event.request] = self.now
            case _:
                pass
        return True

    def _kill(self, replica: str, generation: int) -> None:
        for request, dispatch in list(self._running.items()):
            if dispatch.replica == replica and dispatch.generation == generation:
                self._push(on.Finished(self.now, request, ok=False))
        self._push(on.Unloaded(self.now + 0.05, replica, generation))

    def _perform(self, action: Action) -> None:
        now = self.now
        match action:
            case Fetch():
                model = self.models[action.expert]
                if self._chance(self._faults.fetch_fails):
                    self._push(on.FetchFailed(now + model.fetch_s, action.expert, "no such file"))
                else:
                    footprint = Footprint(hot=model.parts)
                    self._push(on.Fetched(now + model.fetch_s, action.expert, footprint))
            case Stage():
                self._push(on.Staged(now + 0.3, action.expert, action.device, 10, 0.3))
            case Load():
                self._load(action)
            case Unload():
                if self._alive.get(action.replica) in (None, action.generation):
                    self._kill_running(action)
                    unload_s = self.models[action.replica.partition("@")[0]].unload_s
                    self._push(
                        on.Unloaded(now + unload_s, action.replica, action.generation, unload_s)
                    )
            case Dispatch():
                self._dispatch(action)
            case Refuse():
                self.refused[action.request] = action

    def _kill_running(self, action: Unload) -> None:
        for request, dispatch in self._running.items():
            same = (dispatch.replica, dispatch.generation) == (action.replica, action.generation)
            assert not same, f"{action} while {request!r} runs"

    def _load(self, action: Load) -> None:
        assert action.replica not in self._alive, f"{action.replica!r} is there already"
        self._alive[action.replica] = action.generation
        model = self.models[action.expert]
        at = self.now + model.load_s * self._random.uniform(1 - self._spread, 1 + self._spread)
        if self._chance(self._faults.load_hangs):
            return
        if self._chance(self._faults.load_fails):
            self._push(on.LoadFailed(at, action.replica, action.generation, "out of luck"))
            return
        hot = model.parts
        if self._chance(self._faults.grows):
            hot = tuple(Part(part.digest, int(part.size_bytes * 1.2)) for part in hot)
        self._push(on.Loaded(at, action.replica, action.generation, at - self.now, hot))
        if self._chance(self._faults.crash):
            crash_at = at + self._random.expovariate(1.0)
            self._push(on.Crashed(crash_at, action.replica, action.generation, "signal 9"))

    def _dispatch(self, action: Dispatch) -> None:
        assert self._alive.get(action.replica) == action.generation, f"{action} to nobody"
        assert action.request not in self._running, f"{action.request!r} runs twice"
        self._running[action.request] = action
        self.started[action.request] = self.now
        run_s = self.run_s(action)
        first_byte_s = run_s
        if self._chance(self._streamed):
            first_byte_s = self.models[action.replica.partition("@")[0]].prompt_share * run_s
            self._push(on.Began(self.now + first_byte_s, action.request))
        left = self._chance(self._faults.leave)
        self._push(
            on.Finished(
                self.now + run_s,
                action.request,
                ok=not left,
                first_byte_s=first_byte_s,
                run_s=run_s,
                output_tokens=self.arrivals[action.request].output_tokens or 8,
            )
        )
