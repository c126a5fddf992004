"""A point of a sweep: the set-up that it stands for, simulated, and what came of it."""

from collections.abc import Sequence

from msgspec import Struct, structs

from coterie.cli.simulation.modelled import Modelled, model
from coterie.cli.whatif.changed import changed, profiles_of
from coterie.cli.whatif.price import FREE, Cost, Price, cost
from coterie.cli.whatif.sweeps import Point
from coterie.config import fit_problems
from coterie.errors import PlanImpossible
from coterie.scheduler import events as on
from coterie.simulator import Setup, simulate
from coterie.simulator.metrics import flat, metrics

Figures = dict[str, float | None]


class Base(Struct, frozen=True):
    """What points are changes of; `profiles` are those of `--profile`."""

    modelled: Modelled
    profiles: tuple[str, ...] = ()
    price: Price = FREE


class Task(Struct, frozen=True):
    """One simulation: `load` times as many requests in the same time."""

    setup: Setup
    load: float


class Trial(Struct, frozen=True):
    """What a point comes to. `figures` are those of `coterie.simulator.metrics.flat`; there are
    none where it was impossible: `wrong` says why. `notes` are of this point alone.
    """

    point: Point
    cost: Cost
    figures: Figures
    wrong: str = ""
    notes: tuple[str, ...] = ()


class Prepared(Struct, frozen=True):
    """A trial that is still to be run; `task` None: it is impossible."""

    trial: Trial
    task: Task | None


def prepared(point: Point, base: Base) -> Prepared:
    """The set-up of a point, and what it costs. Raises ProfileInvalid."""
    known, there = base.modelled, base.modelled.composition
    try:
        here = changed(there, point)
    except PlanImpossible as error:
        return Prepared(Trial(point, cost(there, base.price), {}, str(error)), None)
    profiles = profiles_of(base.profiles, there.nodes, here.nodes)
    if "profile" in point:
        profiles = [str(point["profile"])]
    found = model(here, profiles, known.library)
    misfits = [problem.message for problem in fit_problems(here, found.footprints)]
    notes = [note for note in found.notes if note not in known.notes]
    trial = Trial(
        point,
        cost(here, base.price),
        {},
        "; ".join(misfits),
        tuple(notes) if not misfits else (),
    )
    return Prepared(trial, None if misfits else Task(found.setup, float(point.get("load", 1.0))))


def simulated(requests: Sequence[on.Arrived], task: Task) -> Figures:
    """The figures of one simulation of the requests."""
    sent = at_load(requests, task.load)
    return flat(metrics(task.setup, sent, simulate(task.setup, sent)))


def at_load(requests: Sequence[on.Arrived], load: float) -> Sequence[on.Arrived]:
    """The same requests, so many times as dense."""
    if load == 1.0:
        return requests
    return [structs.replace(request, at=request.at / load) for request in requests]
