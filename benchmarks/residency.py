"""How often experts are loaded where WINDOW requests always wait: the scheduler beside bounds.

Experts are of one size, `resident` of them fit, one request is answered at a time, and each answer
lets the next request of the trace arrive. All answers take the same time, and all loads; loads and
answers of other experts overlap. `in order` is what eviction alone comes to, where nobody overtakes
(`benchmarks.caches`); `fair window` takes from the same WINDOW the first whose expert is resident,
as long as the first of all was not overtaken MOST times.
"""

import heapq
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from benchmarks import caches
from benchmarks.policies import TRACES
from benchmarks.tables import Result
from coterie.config import Limits
from coterie.scheduler import Dispatch, Fetch, Load, Refuse, Scheduler, Stage, Unload, policy
from coterie.scheduler import events as on
from coterie.types import Footprint, Part

WINDOW, MOST = 32, 32
ROOMS = (4, 8, 16)
REQUESTS = 2_000
SIZE_BYTES = 1 << 30
DEVICE = "node/device"
FIRST = 0.1  # of an answer's time, until its first token
PROMPT_BYTES, TOKENS = 400, 100
LIMITS = structs.replace(Limits(), queue=10**6, queue_per_expert=10**6, wait=1e9)


class Pace(Struct, frozen=True):
    """What an answer takes, and a load."""

    answer_s: float
    load_s: float


class System(Struct, frozen=True):
    """The scheduler with a policy, and with limits that are otherwise than by default."""

    name: str
    policy: str
    minimum_residency_s: float = LIMITS.minimum_residency
    starvation_s: float = LIMITS.starvation


PACES = (
    Pace(0.1, 1.0),
    Pace(0.1, 0.1),
    Pace(1.6, 0.251),  # 143 tokens in and 239 out, and the load, of an 8B model on an H200
)
SYSTEMS = (
    System("lru", "lru"),
    System("cost", "cost"),
    System("cost, starvation 60 s", "cost", starvation_s=60.0),
    System("cost, minimum_residency 3 s", "cost", minimum_residency_s=3.0),
    System("cost-switching", "cost-switching"),
    System("cost-switching, starvation 60 s", "cost-switching", starvation_s=60.0),
)


def run(
    *, data: Path, traces: Sequence[str] = ("arena27", "servegen"), rooms: Sequence[int] = ROOMS
) -> list[Result]:
    """Loads and overtaking of each system on each trace; `data` holds traces/."""
    found = []
    for name in traces:
        asked = [one.expert for one in TRACES[name](data / "traces", REQUESTS)]
        title = f"{name}: {len(asked):,} requests to {len(set(asked))} experts"
        rows = [row for room in rooms for row in (*bounds(asked, room), *systems(asked, room))]
        found.append(Result("residency", title, rows, NOTES))
    return found


NOTES = (
    f"loads: of each 100 requests; overtaken: by how many later ones each was, most and on "
    f"average; {WINDOW} wait besides the one that is answered",
    "busy %: of the time in which a request is answered; 100 where loads are hidden behind answers",
    f"limits are the default ones (starvation {LIMITS.starvation:g} s) but for what a row says",
)


def bounds(asked: Sequence[str], room: int) -> list[dict[str, Any]]:
    """What can be had without a scheduler, or by a rule that knows nothing of time."""
    nobody = [0] * len(asked)
    found = (
        ("static, in order", caches.Loads(caches.static(asked, room), nobody)),
        ("LRU, in order", caches.Loads(caches.lru(asked, room), nobody)),
        ("Belady, in order", caches.Loads(caches.belady(asked, room), nobody)),
        ("fair window", caches.window(asked, room, WINDOW, MOST)),
        ("unbounded window", caches.window(asked, room, WINDOW)),
    )
    return [_row(room, name, None, loads, None) for name, loads in found]


def systems(asked: Sequence[str], room: int) -> list[dict[str, Any]]:
    """What the scheduler makes of it, at each pace."""
    rows = []
    for pace in PACES:
        for system in SYSTEMS:
            world = World(asked, room, system, pace)
            world.run()
            loads = caches.Loads(world.loads, world.overtaken)
            busy = 100.0 * len(asked) * pace.answer_s / world.now
            rows.append(_row(room, system.name, pace, loads, busy))
    return rows


def _row(
    room: int, name: str, pace: Pace | None, loads: caches.Loads, busy: float | None
) -> dict[str, Any]:
    count = len(loads.overtaken)
    return {
        "resident": room,
        "answer s": pace.answer_s if pace else None,
        "load s": pace.load_s if pace else None,
        "system": name,
        "loads": 100.0 * loads.count / count,
        "overtaken, most": max(loads.overtaken),
        "on average": sum(loads.overtaken) / count,
        "busy %": busy,
    }


class World:
    """A closed loop around a scheduler: what it asks for happens, and as many wait all the time."""

    def __init__(self, asked: Sequence[str], room: int, system: System, pace: Pace) -> None:
        limits = structs.replace(
            LIMITS, starvation=system.starvation_s, minimum_residency=system.minimum_residency_s
        )
        self.scheduler = Scheduler(policy(system.policy), limits)
        self.now = 0.0
        self.loads = 0
        self.answered = 0
        self.overtaken = [0] * len(asked)
        self._asked = asked
        self._pace = pace
        self._waiting: list[int] = []  # numbers of requests, in the order of their arrival
        self._arrived = 0
        self._number = 0
        self._heap: list[tuple[float, int, on.Event]] = []
        hot_bytes = room * SIZE_BYTES
        self._handle(on.DeviceJoined(0.0, DEVICE, "node", hot_bytes, parallel_runs=1))
        for name in sorted(set(asked)):
            self._handle(on.Declared(0.0, name))
        while self._heap:
            self.step()

    def run(self) -> None:
        """Until every request is answered."""
        for _ in range(WINDOW + 1):
            self._arrive()
        while self.answered < len(self._asked):
            self.step()

    def step(self) -> None:
        """The next thing that happens, or a tick that the scheduler asked for."""
        wake = self.scheduler.wake_at()
        if wake is not None and (not self._heap or wake < self._heap[0][0]):
            self.now = max(self.now, wake)
            self._handle(on.Tick(self.now))
            return
        at, _, event = heapq.heappop(self._heap)
        self.now = max(self.now, at)
        self._handle(structs.replace(event, at=self.now))
        if isinstance(event, on.Finished):
            self.answered += 1
            self._arrive()

    def _arrive(self) -> None:
        if self._arrived == len(self._asked):
            return
        number, self._arrived = self._arrived, self._arrived + 1
        self.now += 1e-6  # no two at once, so that each has its place
        self._waiting.append(number)
        expert = self._asked[number]
        self._handle(on.Arrived(self.now, str(number), expert, prompt_bytes=PROMPT_BYTES))

    def _handle(self, event: on.Event) -> None:
        for action in self.scheduler.handle(event):
            match action:
                case Fetch():
                    parts = (Part(f"sha256:{action.expert}", SIZE_BYTES),)
                    self._later(0.0, on.Fetched(0.0, action.expert, Footprint(hot=parts)))
                case Stage():
                    self._later(0.0, on.Staged(0.0, action.expert, action.device))
                case Load():
                    self.loads += 1
                    took_s = self._pace.load_s
                    loaded = on.Loaded(0.0, action.replica, action.generation, took_s)
                    self._later(took_s, loaded)
                case Unload():
                    self._later(0.0, on.Unloaded(0.0, action.replica, action.generation))
                case Dispatch():
                    self._answer(action.request)
                case Refuse():
                    raise AssertionError(action)

    def _answer(self, request: str) -> None:
        """Those who came earlier and still wait are overtaken."""
        place = self._waiting.index(int(request))
        del self._waiting[place]
        for number in self._waiting[:place]:
            self.overtaken[number] += 1
        first_s, run_s = FIRST * self._pace.answer_s, self._pace.answer_s
        self._later(first_s, on.Began(0.0, request))
        finished = on.Finished(
            0.0, request, first_byte_s=first_s, run_s=run_s, output_tokens=TOKENS
        )
        self._later(run_s, finished)

    def _later(self, delay_s: float, event: on.Event) -> None:
        self._number += 1
        heapq.heappush(self._heap, (self.now + delay_s, self._number, event))
