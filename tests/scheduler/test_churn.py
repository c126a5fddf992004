"""Experts that chase each other are named, and so is what would stop them."""

from coterie.scheduler import Scheduler, Unload
from coterie.scheduler import events as on
from coterie.scheduler.churn import ALARM, WINDOW_S
from coterie.testing.core import hot, ready, scheduler


def swap(core: Scheduler, times: int, at: float) -> float:
    """Two experts of 12 bytes take turns in 12 bytes of memory."""
    for number in range(times):
        here, gone = ("a", "b") if number % 2 else ("b", "a")
        actions = core.handle(on.Arrived(at, f"{here}-{at}", here))
        (unload,) = (action for action in actions if isinstance(action, Unload))
        assert unload.replica == f"{gone}@n/d"
        (load,) = core.handle(on.Unloaded(at + 0.1, unload.replica, unload.generation))
        core.handle(on.Loaded(at + 1.0, f"{here}@n/d", load.generation, 0.9))  # type: ignore[union-attr]
        core.handle(on.Finished(at + 1.5, f"{here}-{at}", run_s=0.5))
        at += 2.0
    return at


def test_two_that_take_turns_in_the_room_of_one_are_an_alarm() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    at = swap(core, ALARM, 10.0)
    (device,) = core.devices(at)
    assert device.thrash is None  # the first load of `b` was no return
    at = swap(core, 1, at) if ALARM % 2 == 0 else at
    (device,) = core.devices(at)
    assert device.thrash is not None
    assert device.thrash.experts == ("a", "b")
    assert device.thrash.returns == ALARM
    assert device.thrash.more_bytes == 12
    for name in ("a", "b"):
        explanation = core.explain(name, at)
        assert explanation is not None
        assert any("chase each other; 12 bytes more" in line for line in explanation.lines)


def test_it_ends_when_they_stop() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    at = swap(core, 12, 10.0)
    assert core.devices(at)[0].thrash is not None
    assert core.devices(at + WINDOW_S)[0].thrash is None
