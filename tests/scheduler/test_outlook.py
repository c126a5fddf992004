"""What a request would meet at an expert, before it is asked."""

import pytest

from coterie.scheduler import Load, Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.estimates import FIRST_S
from coterie.testing.core import hot, ready, scheduler, taught


def where(core: Scheduler, expert: str, at: float) -> str:
    return core.outlook(expert, at).where


def test_it_is_where_the_expert_is() -> None:
    core = scheduler()
    assert where(core, "a", 0.0) == "unavailable"
    core.handle(on.Declared(0.0, "a"))
    assert core.outlook("a", 0.0).reason == "its weights are fetching"
    core = scheduler()
    ready(core, "a", "b")
    assert where(core, "a", 1.0) == "room"
    hot(core, "a", 2.0)
    assert (where(core, "a", 3.0), where(core, "b", 3.0)) == ("resident", "evicts")
    core.handle(on.Arrived(20.0, "r", "b"))
    assert where(core, "b", 20.0) == "loading"
    core.handle(on.Unloaded(20.1, "a@n/d", 1, unload_s=0.1))
    assert where(core, "b", 20.2) == "loading"


def test_it_says_how_long_and_whether_that_is_known() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24)
    before = core.outlook("a", 0.0)
    assert (before.known, before.hot_bytes) == (False, 12)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.5, tokens=11, run_s=1.5)
    after = core.outlook("a", 20.0, prompt_bytes=1000, output_tokens=6)
    assert after.known
    assert after.where == "resident"
    assert after.last_s - after.first_s == pytest.approx(0.5)
    other = core.outlook("b", 20.0)
    assert other.known  # by what the other load took
    assert other.first_s > after.first_s + FIRST_S


def test_an_expert_that_fails_is_unavailable() -> None:
    core = scheduler()
    ready(core, "a")
    loads = core.handle(on.Arrived(1.0, "r", "a"))
    for at in (2.0, 3.0):
        (load,) = (action for action in loads if isinstance(action, Load))
        core.handle(on.LoadFailed(at, load.replica, load.generation, "no memory"))
        assert core.outlook("a", at + 0.1).where == ("room" if at == 2.0 else "unavailable")
        loads = core.handle(on.Tick(at + 0.6))
    assert "no memory" in core.outlook("a", 3.7).reason


def test_looking_changes_nothing() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 2.0)
    before = core.snapshot(3.0)
    for name in ("a", "b", "c"):
        core.outlook(name, 3.0, prompt_bytes=10**6)
    assert core.snapshot(3.0) == before
    assert core.wake_at() is None
