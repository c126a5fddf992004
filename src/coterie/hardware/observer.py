"""What a journal tells of a machine's speed, entry by entry.

Nothing grows with the length of a journal but what `Seen` keeps, which is bounded.
"""

from msgspec import Struct

from coterie.hardware.observations import (
    LEAST_STEPS,
    AnswerSeen,
    LoadSeen,
    PromptSeen,
    ReadSeen,
    Seen,
)
from coterie.hardware.overlaps import Count, Home, Ride
from coterie.scheduler import Dispatch, Event, Load, Snapshot, Unload
from coterie.scheduler import events as on
from coterie.scheduler.phases import Phase
from coterie.scheduler.records import RequestRecord
from coterie.scheduler.replay import Entry
from coterie.types import expert_of


class Observer:
    """Takes the entries of journals, in their order. `shares_cores`: all devices of a node compute
    on the same cores, and so do loads; else each device has an accelerator to itself, and loads are
    in the way of loads alone. `place`: only what happens on this node or device is observed.
    """

    def __init__(self, *, shares_cores: bool, place: str = "") -> None:
        self.seen = Seen()
        self.devices: dict[str, str] = {}  # each with its node
        self._shares_cores = shares_cores
        self._place = place
        self._forget()

    def take(self, entry: Entry) -> None:
        """The next entry of a journal."""
        match entry:
            case Snapshot():
                self._resume(entry)
            case Dispatch():
                self._dispatch(entry.request, entry.replica)
            case Load():
                self._load(entry.replica, entry.generation)
            case Unload():
                self._gone(entry.replica)
            case _ if isinstance(entry, Event):
                self._event(entry)
            case _:
                pass

    def end(self) -> None:
        """A journal has ended: another one tells of other machines, or of another time."""
        self._forget()

    def _forget(self) -> None:
        self._at = 0.0
        self._open: dict[str, Ride] = {}
        self._replicas: dict[str, Home] = {}
        self._loads: dict[str, _Moving] = {}
        self._machines: dict[str, Count] = {}
        self._ways: dict[str, Count] = {}
        self._read: dict[tuple[str, str], None] = {}
        self._crashed: dict[str, None] = {}

    def _event(self, event: Event) -> None:
        self._at = max(self._at, event.at)
        match event:
            case on.DeviceJoined():
                self.devices[event.device] = event.node
            case on.Fetched():
                self.seen.footprints[event.expert] = event.footprint
            case on.Began():
                self._began(event.request)
            case on.Finished():
                self._finished(event)
            case on.Loaded():
                self._loaded(event)
            case on.LoadFailed():
                self._gone(event.replica)
            case on.Staged():
                self._staged(event)
            case on.Crashed():
                self._crashed[event.replica] = None
            case on.Unloaded():
                self._unloaded(event)
            case on.NodeLeft():
                for replica in [*self._loads, *self._replicas]:
                    if self._node(_device(replica)) == event.node:
                        self._gone(replica)
            case _:
                pass

    # -- requests ----------------------------------------------------------------------------------

    def _dispatch(self, request: str, replica: str, *, is_whole: bool = True) -> None:
        if request in self._open:  # another attempt
            self._leave(self._open.pop(request))
        home = self._home(replica)
        if not home.prompts.count + home.answers.count:
            home.machine.add(1, self._at)
        ride = Ride(replica, home, self._at, is_first=home.is_fresh, is_whole=is_whole)
        home.is_fresh = False
        home.prompts.add(1, self._at)
        ride.mark(self._at)
        self._open[request] = ride

    def _began(self, request: str) -> None:
        ride = self._open.get(request)
        if ride is None or ride.began_at:
            return
        now = self._at
        if ride.is_whole and now > ride.since:
            prompts, answers, beside = ride.others(now)
            ride.prompt = PromptSeen(
                expert_of(ride.replica),
                0,
                now - ride.since,
                max(0.0, prompts - 1.0),
                answers,
                max(0.0, beside - 1.0),
                ride.is_first,
            )
        ride.began_at = ride.since = now
        ride.home.prompts.add(-1, now)
        ride.home.answers.add(1, now)
        ride.mark(now)

    def _finished(self, event: on.Finished) -> None:
        ride = self._open.pop(event.request, None)
        if ride is None:
            return
        counts, wanted = self.seen.counts, self._is_wanted(_device(ride.replica))
        if wanted and not event.ok:
            counts["failed"] += 1
        elif wanted:
            counts["answered"] += 1
            counts["whole"] += not ride.began_at
            counts["uncounted"] += bool(ride.began_at and not event.prompt_tokens)
            self._observe(ride, event)
        self._leave(ride)

    def _observe(self, ride: Ride, event: on.Finished) -> None:
        seen, now = self.seen, self._at
        if ride.prompt is not None and event.prompt_tokens > 0:
            told = ride.prompt
            prompt = PromptSeen(
                told.expert, event.prompt_tokens, told.seconds, told.prompts, told.answers,
                told.beside, told.is_first,
            )  # fmt: skip
            (seen.prompts if prompt.is_alone else seen.prompts_beside).add(prompt)
        steps, seconds = event.output_tokens - 1, now - ride.began_at
        if not ride.began_at or not ride.is_whole or steps < LEAST_STEPS or seconds <= 0.0:
            return
        prompts, answers, beside = ride.others(now)
        answer = AnswerSeen(
            expert_of(ride.replica),
            steps,
            event.prompt_tokens + (steps + 1) / 2,
            seconds,
            max(1.0, answers),
            prompts,
            max(0.0, beside - 1.0),
        )
        (seen.answers if answer.is_alone else seen.answers_beside).add(answer)

    def _leave(self, ride: Ride) -> None:
        home = ride.home
        (home.answers if ride.began_at else home.prompts).add(-1, self._at)
        if not home.prompts.count + home.answers.count:
            home.machine.add(-1, self._at)

    # -- loads -------------------------------------------------------------------------------------

    def _load(self, replica: str, generation: int, *, is_whole: bool = True) -> None:
        self._gone(replica)
        way = self._way(replica)
        way.add(1, self._at)
        self._loads[replica] = _Moving(generation, self._at, way.until(self._at), is_whole)

    def _loaded(self, event: on.Loaded) -> None:
        moving, device = self._loads.get(event.replica), _device(event.replica)
        place = self._node(device), expert_of(event.replica)
        wanted = self._is_wanted(device)
        if moving is not None and moving.generation == event.generation:
            seconds = self._at - moving.at
            if moving.is_whole and wanted and event.load_s > 0.0 and seconds > 0.0:
                beside = (self._way(event.replica).until(self._at) - moving.mark) / seconds - 1.0
                load = LoadSeen(place[1], event.load_s, max(0.0, beside), place in self._read)
                (self.seen.loads if load.is_alone else self.seen.loads_beside).add(load)
        self._gone(event.replica)
        self._home(event.replica).is_fresh = True
        self._read[place] = None

    def _gone(self, replica: str) -> None:
        """It is not loading, whatever came of it."""
        if self._loads.pop(replica, None) is not None:
            self._way(replica).add(-1, self._at)

    def _staged(self, event: on.Staged) -> None:
        if event.reason:
            return
        self._read[self._node(event.device), event.expert] = None
        if event.read_bytes > 0 and event.stage_s > 0.0 and self._is_wanted(event.device):
            self.seen.reads.add(ReadSeen(event.read_bytes, event.stage_s))

    def _unloaded(self, event: on.Unloaded) -> None:
        self._gone(event.replica)
        died = event.replica in self._crashed
        self._crashed.pop(event.replica, None)
        if event.unload_s > 0.0 and not died and self._is_wanted(_device(event.replica)):
            self.seen.unloads.add(event.unload_s)

    # -- where it all is ---------------------------------------------------------------------------

    def _resume(self, snapshot: Snapshot) -> None:
        """A segment begins: what began before it and goes on is not seen as a whole, unless it was
        in the segment before.
        """
        self._at = max(self._at, snapshot.at)
        self.devices |= {one.device: one.node for one in snapshot.devices}
        nodes = dict.fromkeys(self.devices.values())
        for expert in snapshot.experts:
            if expert.footprint.hot:
                self.seen.footprints[expert.name] = expert.footprint
            if expert.loads:
                self._read |= {(node, expert.name): None for node in nodes}
        running = {one.request: one for one in snapshot.requests if one.replica}
        for name in [name for name in self._open if name not in running]:
            self._leave(self._open.pop(name))
        for name, record in running.items():
            if name not in self._open:
                self._rejoin(name, record)
        loading = {
            one.replica: one.generation for one in snapshot.replicas if one.phase is Phase.LOADING
        }
        for replica in [name for name in self._loads if name not in loading]:
            self._gone(replica)
        for replica, generation in loading.items():
            if replica not in self._loads:
                self._load(replica, generation, is_whole=False)

    def _rejoin(self, name: str, record: RequestRecord) -> None:
        self._dispatch(name, record.replica, is_whole=False)
        if record.begun:
            self._began(name)

    def _home(self, replica: str) -> Home:
        if replica not in self._replicas:
            device = _device(replica)
            machine = self._node(device) if self._shares_cores else device
            self._replicas[replica] = Home(self._machines.setdefault(machine, Count()))
        return self._replicas[replica]

    def _way(self, replica: str) -> Count:
        """What a load takes: cores with all others, or links with other loads of its node."""
        node = self._node(_device(replica))
        ways = self._machines if self._shares_cores else self._ways
        return ways.setdefault(node, Count())

    def _node(self, device: str) -> str:
        return self.devices.get(device) or device.rpartition("/")[0]

    def _is_wanted(self, device: str) -> bool:
        return self._place in ("", device, self._node(device))


class _Moving(Struct):
    """A load under way, and what its way had carried when it began."""

    generation: int
    at: float
    mark: float
    is_whole: bool


def _device(replica: str) -> str:
    return replica.rpartition("@")[2]
