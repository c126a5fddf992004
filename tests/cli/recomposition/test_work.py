"""What requests compute: alone, beside others, and what a device can do of it."""

import pytest
from msgspec import structs

from coterie.cli.recomposition.work import Work, capacity
from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import events as on
from coterie.simulator import Setup
from coterie.workloads.requests import Arrival

# A tenth of a second for 100 tokens in, and one second for 101 out, of which 0.8 are in common.
FIGURES = Figures((), prompt_pace=1000.0, output_pace=100.0, first_work=0.0, batch_share=0.8)
REQUEST = Arrival(0.0, "e", 100, 101)


def setup(figures: Figures = FIGURES, slots: int = 4, cores: float = 1.0, count: int = 1) -> Setup:
    devices = tuple(on.DeviceJoined(0.0, f"n/{i}", "n", 100) for i in range(count))
    experts = (on.Declared(0.0, "e", slots), on.Declared(0.0, "f", slots))
    both = {"e": figures, "f": figures}
    return Setup.of_one_kind("cost", Limits(), devices, experts, both, cores)


def test_alone_a_request_takes_its_prompt_and_its_tokens() -> None:
    work = Work(setup())
    assert work.add(REQUEST) == pytest.approx(1.1)
    assert work.beside({"e": 0.0})["e"].work == pytest.approx(1.1)


def test_beside_others_it_is_less_work_but_never_less_than_its_own() -> None:
    work = Work(setup())
    work.add(REQUEST)
    found = [work.beside({"e": rate})["e"].work for rate in (0.0, 0.1, 1.0, 100.0)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.1 + 0.8 / 4 + 0.2)  # all four slots are used


def test_how_many_are_at_once_follows_from_how_busy_the_machine_is() -> None:
    work = Work(setup(slots=100))
    work.add(REQUEST)
    found = work.beside({"e": 1.0})["e"].work
    at_once = 1.0 + 1.1 / (1.0 - found)  # at one request a second, its work is how busy it is
    assert found == pytest.approx(0.1 + 0.8 / at_once + 0.2, rel=1e-6)
    others = Work(setup(slots=100))
    others.add(REQUEST)
    others.add(structs.replace(REQUEST, expert="f"))
    assert others.beside({"e": 1.0, "f": 0.5})["e"].work < found


def test_an_answer_takes_its_time_and_longer_where_others_compute() -> None:
    work = Work(setup())
    work.add(REQUEST)
    assert work.beside({"e": 0.0})["e"].answer_s == pytest.approx(1.1)
    found = work.beside({"e": 0.5})["e"]
    assert found.answer_s == pytest.approx(1.1 / (1.0 - 0.5 * found.work), rel=1e-6)


def test_a_replica_uses_what_its_slots_can() -> None:
    work = Work(setup(slots=1))
    work.add(REQUEST)
    assert work.beside({"e": 0.5})["e"].slots == pytest.approx(1.0)
    wide = Work(setup(structs.replace(FIGURES, threads=4.0, output_threads=2.0), cores=4.0))
    wide.add(REQUEST)
    alone_s = 0.1 / 4 + 1.0 / 2
    assert wide.beside({"e": 0.0})["e"].slots == pytest.approx(4 * 1.1 / alone_s)


def test_who_was_never_asked_takes_nothing_and_has_no_bound() -> None:
    found = Work(setup()).beside({"e": 0.1})["e"]
    assert (found.work, found.slots, found.answer_s) == (0.0, 0.0, 0.0)


def test_devices_of_one_machine_each_have_a_part_of_it() -> None:
    assert capacity(setup(cores=8.0), "n/0") == 8.0
    assert capacity(setup(cores=8.0, count=2), "n/1") == 4.0


def test_a_device_of_another_kind_is_as_much_quicker_as_it_is() -> None:
    alike = setup()
    quick = structs.replace(FIGURES, prompt_pace=2000.0, output_pace=200.0)
    mixed = structs.replace(
        alike,
        devices=(*alike.devices, on.DeviceJoined(0.0, "m/0", "m", 100)),
        figures={**alike.figures, "quick": {"e": quick, "f": quick}},
        cores={**alike.cores, "m": 1.0},
        computes={**alike.computes, "m/0": "m"},
        kinds={**alike.kinds, "m/0": "quick"},
    )
    assert (capacity(mixed, "n/0"), capacity(mixed, "m/0")) == pytest.approx((1.0, 2.0))
