"""A prediction of waiting, from what was learnt."""

import pytest

from coterie.scheduler import events as on
from coterie.testing.core import hot, ready, scheduler


def test_a_hot_expert_with_a_free_slot_starts_at_once() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    assert core.eta_s("a", 2.0) == 0.0


def test_a_full_one_starts_when_a_slot_is_free() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r1", "a"))
    core.handle(on.Arrived(2.0, "r2", "a"))
    assert core.eta_s("a", 2.0) == pytest.approx(0.1 / 2)


def test_a_loading_one_starts_when_it_is_loaded() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 3.0, load_s=2.0)
    core.handle(on.UnloadRequested(4.0, "a"))
    core.handle(on.Unloaded(4.1, "a@n/d", 1))
    core.handle(on.Arrived(5.0, "r", "a"))
    assert core.eta_s("a", 6.5) == pytest.approx(0.5)


def test_one_on_its_way_out_costs_its_leaving_and_its_load() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 3.0, load_s=2.0)
    core.handle(on.UnloadRequested(4.0, "a"))
    core.handle(on.Unloaded(4.2, "a@n/d", 1, unload_s=0.2))
    hot(core, "a", 8.0, load_s=2.0)
    core.handle(on.UnloadRequested(9.0, "a"))
    assert core.eta_s("a", 9.0) == pytest.approx(0.2 + 2.0)


def test_a_cold_one_costs_its_load_and_those_before_it() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 3.0, load_s=2.0)
    alone = core.eta_s("b", 4.0)
    core.handle(on.Arrived(5.0, "busy", "a"))
    core.handle(on.Arrived(5.0, "r", "b"))
    assert core.eta_s("b", 5.0) == alone


def test_nothing_is_said_before_the_weights_are_here() -> None:
    core = scheduler()
    core.handle(on.Declared(0.0, "a"))
    assert core.eta_s("a", 1.0) is None
    assert core.eta_s("nobody", 1.0) is None
