"""Replicas as nodes make them: weights move, then a worker is made ready, then it is there."""

from msgspec import Struct

from coterie.hardware import Figures
from coterie.scheduler import Load, Stage, Unload
from coterie.scheduler import events as on
from coterie.simulator.agenda import Agenda
from coterie.simulator.faults import Luck
from coterie.simulator.setup import FREE, Place, Setup
from coterie.simulator.store import Store


class _Moving(Struct):
    """A load, or a stage, that has begun."""

    action: Load | Stage
    began: float
    figures: Figures
    read_bytes: int = 0


class Loads:
    """What comes of loads and unloads is put on the agenda, as events."""

    def __init__(self, setup: Setup, agenda: Agenda, luck: Luck) -> None:
        self._setup = setup
        self._agenda = agenda
        self._luck = luck
        self._nodes = {device.device: device.node for device in setup.devices}
        self._moving: dict[str, _Moving] = {}  # by job
        self._staged = 0
        self.alive: dict[str, int] = {}
        """Replicas that a node really runs, with their generations."""
        places = {node: Place(node) for node in self._nodes.values()}
        places |= {place.node: place for place in setup.places}
        self.stores = {node: Store(place, agenda) for node, place in places.items()}
        self._ways = {way: store for store in self.stores.values() for way in store.ways}
        for device, node in self._nodes.items():
            self.stores[node].warm(setup.figures[setup.kinds[device]])

    def load(self, action: Load, now: float) -> None:
        figures = self._setup.figures_on(action.expert, action.device)
        self.alive[action.replica] = action.generation
        job = f"load {action.replica} {action.generation}"
        self._moving[job] = _Moving(action, now, figures)
        device = action.device
        lane = self._setup.lanes.get(device, FREE)
        if not self._store(device).load(job, figures, now, device, lane):
            self._moved(job, now)

    def stage(self, action: Stage, now: float) -> None:
        figures = self._setup.figures_on(action.expert, action.device)
        self._staged += 1
        job = f"stage {action.expert} {self._staged}"
        waits, read_bytes = self._store(action.device).stage(job, figures, now)
        self._moving[job] = _Moving(action, now, figures, read_bytes)
        if not waits:
            self._moved(job, now)

    def unload(self, action: Unload, now: float) -> None:
        job = f"load {action.replica} {action.generation}"
        moving = self._moving.pop(job, None)
        if moving is not None:
            self._drop(job, moving.action.device, now)
        self.go(action.replica, action.generation, now)

    def go(self, replica: str, generation: int, now: float) -> None:
        """A replica ends, and its memory will be found free."""
        expert, _, device = replica.rpartition("@")
        unload_s = self._setup.figures_on(expert, device).unload_s
        gone = on.Unloaded(now + unload_s, replica, generation, unload_s)
        self._agenda.push(gone.at, gone)

    def came(self, machine: str, name: str, now: float) -> None:
        """Bytes have come to the end of a way."""
        for job in self._ways[machine].ended(machine, name, now):
            self._moved(job, now)

    def ready(self, job: str, now: float) -> None:
        """A worker's cores have done what a load asks of them."""
        moving = self._moving.pop(job)
        action, figures = moving.action, moving.figures
        assert isinstance(action, Load)
        at = now + figures.load_wait_s
        event: on.Loaded | on.LoadFailed
        if self._luck.load_fails():
            event = on.LoadFailed(at, action.replica, action.generation, "the load failed")
        else:
            took_s = at - moving.began
            event = on.Loaded(at, action.replica, action.generation, took_s, figures.parts)
        self._agenda.push(at, event)

    def is_true(self, event: on.Loaded | on.LoadFailed | on.Unloaded) -> bool:
        """Not if something earlier has made it impossible."""
        if self.alive.get(event.replica) != event.generation:
            return False
        if not isinstance(event, on.Loaded):
            del self.alive[event.replica]
        return True

    def lose(self, node: str, now: float) -> list[str]:
        """A node is gone, and what it was doing; which devices it had."""
        self.stores[node].forget()
        devices = [device for device, its in self._nodes.items() if its == node]
        for job, moving in list(self._moving.items()):
            if moving.action.device in devices:
                del self._moving[job]
                self._drop(job, moving.action.device, now)
        for replica in list(self.alive):
            if replica.rpartition("@")[2] in devices:
                del self.alive[replica]
        return devices

    def _moved(self, job: str, now: float) -> None:
        """Its bytes are there."""
        moving = self._moving[job]
        action = moving.action
        if isinstance(action, Stage):
            del self._moving[job]
            took_s = now - moving.began
            read = moving.read_bytes
            self._agenda.push(now, on.Staged(now, action.expert, action.device, read, took_s))
        elif moving.figures.load_work > 0.0:
            machine = self._setup.computes[action.device]
            self._agenda.add(machine, job, action.replica, moving.figures.load_work, now)
        else:
            self.ready(job, now)

    def _drop(self, job: str, device: str, now: float) -> None:
        self._store(device).drop(job, now)
        self._agenda.remove(self._setup.computes[device], job, now)

    def _store(self, device: str) -> Store:
        return self.stores[self._nodes[device]]
