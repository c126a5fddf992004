"""Replicas come and go as they are told to, in the time that it takes."""

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import Event, Load, Stage, Unload
from coterie.scheduler import events as on
from coterie.simulator.agenda import Agenda, End
from coterie.simulator.faults import Faults, Luck
from coterie.simulator.loads import Loads
from coterie.simulator.machine import Machine
from coterie.simulator.setup import Place, Setup
from coterie.types import Part

LOAD = Load("e@n/d", 1, "e", "n/d", 99.0)
DEVICE = on.DeviceJoined(0.0, "n/d", "n", 100)
FIGURES = Figures(
    (Part("sha256:e", 100),), 1.0, 1.0, load_bytes=100, load_work=2.0, load_wait_s=0.5, unload_s=0.2
)


def loads(luck: Luck | None = None, **place: float | bool) -> tuple[Loads, Agenda]:
    setup = Setup(
        "cost",
        Limits(),
        (DEVICE,),
        (on.Declared(0.0, "e"),),
        {"k": {"e": FIGURES}},
        {"m": 1.0},
        {"n/d": "m"},
        {"n/d": "k"},
        (Place("n", **place),),  # type: ignore[arg-type]
    )
    agenda = Agenda()
    agenda.machines["m"] = Machine(1.0)
    return Loads(setup, agenda, luck or Luck()), agenda


def happen(found: Loads, agenda: Agenda) -> list[tuple[float, Event]]:
    """All that comes of what was begun, with its time."""
    events = list[tuple[float, Event]]()
    while (at := agenda.next_at()) < float("inf"):
        due = agenda.pop()
        if not isinstance(due, End):
            events.append((round(at, 6), due))  # type: ignore[arg-type]
        elif due.machine == "m":
            agenda.remove("m", due.job, at)
            found.ready(due.job, at)
        else:
            found.came(due.machine, due.job, at)
    return events


def test_a_load_moves_bytes_then_takes_cores_then_waits() -> None:
    found, agenda = loads(link=50.0)
    found.load(LOAD, 1.0)
    ((at, event),) = happen(found, agenda)
    assert at == 1.0 + 2.0 + 2.0 + 0.5
    assert event == on.Loaded(at, "e@n/d", 1, 4.5, FIGURES.parts)
    assert found.alive == {"e@n/d": 1}


def test_what_is_unloaded_while_it_loads_is_never_loaded() -> None:
    found, agenda = loads(link=50.0)
    found.load(LOAD, 0.0)
    found.unload(Unload("e@n/d", 1), 1.0)
    ((at, event),) = happen(found, agenda)
    assert (at, event) == (1.2, on.Unloaded(1.2, "e@n/d", 1, 0.2))
    assert isinstance(event, on.Unloaded)
    assert found.is_true(event)
    assert not found.is_true(event)  # once


def test_a_load_may_fail() -> None:
    luck = Luck()
    luck.tempt(Faults(load_fails=1.0))
    found, agenda = loads(luck)
    found.load(LOAD, 0.0)
    ((at, event),) = happen(found, agenda)
    assert event == on.LoadFailed(at, "e@n/d", 1, "the load failed")


def test_what_was_staged_tells_how_much_was_read() -> None:
    found, agenda = loads(disk=25.0, is_warm=False)
    found.stage(Stage("e", "n/d"), 1.0)
    assert happen(found, agenda) == [(5.0, on.Staged(5.0, "e", "n/d", 100, 4.0))]
    found.stage(Stage("e", "n/d"), 6.0)
    assert happen(found, agenda) == [(6.0, on.Staged(6.0, "e", "n/d", 0, 0.0))]


def test_a_load_waits_for_what_is_being_staged() -> None:
    found, agenda = loads(disk=25.0, is_warm=False)
    found.stage(Stage("e", "n/d"), 1.0)
    found.load(LOAD, 2.0)
    staged, (at, event) = happen(found, agenda)
    assert staged == (5.0, on.Staged(5.0, "e", "n/d", 100, 4.0))
    assert event == on.Loaded(at, "e@n/d", 1, 3.0 + 2.0 + 0.5, FIGURES.parts)


def test_with_its_node_everything_is_lost() -> None:
    found, agenda = loads(link=50.0)
    found.load(LOAD, 0.0)
    assert found.lose("n", 1.0) == ["n/d"]
    assert happen(found, agenda) == []
    assert found.alive == {}
    assert not found.is_true(on.Loaded(9.0, "e@n/d", 1, 9.0))
