"""Replicas come and go as events and actions say."""

from coterie.scheduler import Dispatch, Load, Unload
from coterie.scheduler import events as on
from coterie.simulator.outcome import FOREVER, Residence
from coterie.simulator.stays import Stays
from coterie.types import Part

LOAD = Load("e@n/d", 1, "e", "n/d", 99.0, "asked for")


def test_a_life_from_load_to_unload() -> None:
    stays = Stays()
    stays.did(10.0, LOAD, 100)
    stays.happened(on.Loaded(12.0, "e@n/d", 1, 2.0, (Part("x", 120),)))
    stays.did(13.0, Dispatch("r", "e@n/d", 1))
    stays.did(20.0, Unload("e@n/d", 1, "room for f"))
    stays.happened(on.Unloaded(21.0, "e@n/d", 1))
    assert stays.count_from(10.0) == [
        Residence("e", "n/d", 120, 0.0, 2.0, 10.0, 11.0, 1, "asked for", "room for f")
    ]


def test_a_load_that_fails_is_a_stay_without_service() -> None:
    stays = Stays()
    stays.did(0.0, LOAD, 100)
    stays.happened(on.LoadFailed(5.0, "e@n/d", 1, "no luck"))
    (stay,) = stays.found
    assert (stay.hot_s, stay.leaves_s, stay.gone_s, stay.ending) == (FOREVER, 5.0, 5.0, "no luck")


def test_a_crash_ends_service_before_the_memory_is_free() -> None:
    stays = Stays()
    stays.did(0.0, LOAD, 100)
    stays.happened(on.Loaded(1.0, "e@n/d", 1, 1.0))
    stays.happened(on.Crashed(5.0, "e@n/d", 1, "signal 9"))
    stays.happened(on.Unloaded(6.0, "e@n/d", 1))
    (stay,) = stays.found
    assert (stay.leaves_s, stay.gone_s, stay.ending) == (5.0, 6.0, "signal 9")
    assert stay.size_bytes == 100


def test_with_its_device_all_that_was_on_it_is_gone() -> None:
    stays = Stays()
    stays.did(0.0, LOAD, 100)
    stays.did(0.0, Load("f@m/d", 2, "f", "m/d", 99.0), 100)
    stays.lost("n/d", 3.0, "the node was lost")
    assert [stay.gone_s for stay in stays.found] == [3.0, FOREVER]


def test_an_older_generation_is_another_stay() -> None:
    stays = Stays()
    stays.did(0.0, LOAD, 100)
    stays.happened(on.Unloaded(1.0, "e@n/d", 7))
    assert stays.found[0].gone_s == FOREVER
