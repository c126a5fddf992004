"""A request is a prompt and then tokens."""

import pytest

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import Dispatch
from coterie.scheduler import events as on
from coterie.simulator.agenda import Agenda, End
from coterie.simulator.machine import Machine
from coterie.simulator.rides import BODY_BYTES, BYTES_PER_TOKEN, Rides
from coterie.simulator.serving import Serving
from coterie.simulator.setup import Setup

FIGURES = Figures((), prompt_pace=10.0, output_pace=5.0, first_work=0.0, reused_tokens=5)
DEVICE = on.DeviceJoined(0.0, "n/d", "n", 100)


def serving(attempts: int = 2) -> tuple[Serving, Agenda, Rides]:
    limits = Limits(attempts=attempts)
    setup = Setup.of_one_kind("cost", limits, (DEVICE,), (), {"e": FIGURES}, 1.0)
    agenda, rides = Agenda(), Rides()
    agenda.machines["n"] = Machine(1.0)
    return Serving(setup, agenda, rides), agenda, rides


def begin(
    found: Serving, rides: Rides, name: str, now: float = 0.0, *, generation: int = 1
) -> None:
    prompt_bytes = BODY_BYTES + 20 * BYTES_PER_TOKEN
    rides.begin(on.Arrived(0.0, name, "e", prompt_bytes=prompt_bytes, output_tokens=6))
    found.dispatch(Dispatch(name, "e@n/d", generation), now)


def next_of(found: Serving, agenda: Agenda, rides: Rides) -> on.Began | on.Finished:
    at, due = agenda.next_at(), agenda.pop()
    assert isinstance(due, End)
    return found.done(rides.open[due.job], due.machine, at)


def test_the_first_token_comes_with_the_prompt_and_the_others_after_it() -> None:
    found, agenda, rides = serving()
    begin(found, rides, "r")
    assert next_of(found, agenda, rides) == on.Began(2.0, "r")
    finished = next_of(found, agenda, rides)
    assert isinstance(finished, on.Finished)
    assert (finished.at, finished.first_byte_s, finished.run_s) == (3.0, 2.0, 3.0)
    assert (finished.prompt_tokens, finished.output_tokens, finished.ok) == (20, 6, True)
    assert rides.ended == 1


def test_a_slot_that_was_used_knows_the_beginning_of_a_prompt() -> None:
    found, agenda, rides = serving()
    begin(found, rides, "r")
    assert next_of(found, agenda, rides).at == 2.0
    assert next_of(found, agenda, rides).at == 3.0
    begin(found, rides, "s", 3.0)
    begin(found, rides, "t", 3.0)  # in a slot of its own, the first time
    assert next_of(found, agenda, rides).at == pytest.approx(6.0)
    assert next_of(found, agenda, rides).at == pytest.approx(6.5)
    while rides.ended < 3:
        end = next_of(found, agenda, rides)
    begin(found, rides, "u", end.at)
    begin(found, rides, "v", end.at)
    assert next_of(found, agenda, rides).at == pytest.approx(end.at + 3.0)


def test_a_replica_that_was_loaded_anew_knows_nothing() -> None:
    found, agenda, rides = serving()
    begin(found, rides, "r")
    next_of(found, agenda, rides), next_of(found, agenda, rides)
    begin(found, rides, "s", 3.0, generation=2)
    assert next_of(found, agenda, rides).at == pytest.approx(5.0)


@pytest.mark.parametrize(("attempts", "comes_again"), [(0, False), (1, True)])
def test_who_had_nothing_yet_comes_again_when_a_replica_dies(
    attempts: int, comes_again: bool
) -> None:
    found, agenda, rides = serving(attempts)
    begin(found, rides, "r")
    assert found.on_devices(["n/d"]) == ["e@n/d"]
    (finished,) = found.broken("e@n/d", 1.0, "it crashed")
    assert finished == on.Finished(1.0, "r", ok=False)
    if comes_again:
        again = agenda.pop() if agenda.next_at() < 9.0 else None
        assert isinstance(again, on.Arrived)
        assert (again.request, again.attempt) == ("r", 1)
        assert again.at > 1.0
    else:
        assert agenda.next_at() == float("inf")
        assert [answer.error for answer in rides.answers if answer] == ["it crashed"]


def test_who_had_a_beginning_is_lost_when_a_replica_dies() -> None:
    found, agenda, rides = serving()
    begin(found, rides, "r")
    next_of(found, agenda, rides)
    assert len(found.broken("e@n/d", 2.5, "it crashed")) == 1
    assert [answer.status for answer in rides.answers if answer] == [200]
    assert found.broken("e@n/d", 2.5, "it crashed") == []
