"""Requests as replicas serve them: a prompt, then tokens, on the cores of a device's machine."""

from msgspec import structs

from coterie.config.composition import RETRY_PAUSE_S
from coterie.hardware import Figures
from coterie.scheduler import Dispatch
from coterie.scheduler import events as on
from coterie.simulator.agenda import Agenda
from coterie.simulator.rides import Ride, Rides, prompt_tokens
from coterie.simulator.setup import Setup


class Serving:
    """`begin` is the clock when the first request may come."""

    def __init__(self, setup: Setup, agenda: Agenda, rides: Rides) -> None:
        self._setup = setup
        self._agenda = agenda
        self._rides = rides
        self.begin = 0.0
        self._running: dict[str, dict[str, None]] = {}  # replica -> its requests
        self._homes: dict[str, tuple[str, Figures]] = {}  # replica -> machine, and what it costs
        self._used: dict[str, tuple[int, int]] = {}
        """By replica: its generation, and how many of its slots have computed a prompt."""

    def dispatch(self, action: Dispatch, now: float) -> None:
        """A prompt begins to be computed: in a slot that has computed one, if one is free."""
        ride = self._rides.starts(action, now - self.begin)
        replica, generation = action.replica, action.generation
        machine, figures = self._homes.get(replica) or self._home(replica)
        running = self._running[replica]
        known, used = self._used.get(replica, (generation, 0))
        is_first = known != generation or len(running) >= used
        if is_first:
            self._used[replica] = generation, len(running) + 1
        running[action.request] = None
        work = figures.prompt_work(prompt_tokens(ride.request), is_first=is_first)
        widest = figures.threads
        self._agenda.add(machine, action.request, replica, work, now, widest=widest, is_urgent=True)

    def done(self, ride: Ride, machine: str, now: float) -> on.Began | on.Finished:
        """A prompt is computed, or all tokens of an answer are there."""
        request, now_s = ride.request, now - self.begin
        name = request.request
        assert ride.dispatch is not None
        replica = ride.dispatch.replica
        self._agenda.remove(machine, name, now)
        if not ride.first_s:
            ride.first_s = now_s
            _, figures = self._homes[replica]
            work = figures.output_work(request.output_tokens)
            widest, common = figures.output_threads, figures.batch_share
            self._agenda.add(machine, name, replica, work, now, widest=widest, common=common)
            return on.Began(now, name)
        del self._running[replica][name]
        self._rides.stops(ride, now_s)
        self._rides.answered(ride, now_s)
        return on.Finished(
            now,
            name,
            first_byte_s=ride.first_s - ride.started_s,
            run_s=now_s - ride.started_s,
            prompt_tokens=round(prompt_tokens(request)),
            output_tokens=request.output_tokens,
        )

    def on_devices(self, devices: list[str]) -> list[str]:
        """Replicas there with requests."""
        return [name for name in self._running if name.rpartition("@")[2] in devices]

    def broken(self, replica: str, now: float, reason: str) -> list[on.Finished]:
        """The requests of a replica that died, ended. Those of whose answer nothing was sent come
        again, as often as limits say.
        """
        machine, _ = self._homes.get(replica) or self._home(replica)
        ended, running = [], self._running[replica]
        self._running[replica] = {}
        for name in running:
            ride = self._rides.open[name]
            self._agenda.remove(machine, name, now)
            self._rides.stops(ride, now - self.begin)
            ended.append(on.Finished(now, name, ok=False))
            if ride.first_s or ride.attempt >= self._setup.limits.attempts:
                self._rides.failed(ride, now - self.begin, reason)
                continue
            at = now + RETRY_PAUSE_S * 2**ride.attempt
            ride.attempt += 1
            since = self.begin + ride.sent_s
            again = structs.replace(ride.request, at=at, since=since, attempt=ride.attempt)
            self._agenda.push(at, again)
        return ended

    def _home(self, replica: str) -> tuple[str, Figures]:
        """Where a replica computes, and what that costs: looked up once."""
        expert, _, device = replica.rpartition("@")
        found = self._setup.computes[device], self._setup.figures_on(expert, device)
        self._homes[replica] = found
        self._running[replica] = {}
        return found
