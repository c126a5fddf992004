"""Nothing is loaded before its bytes are free, and nobody is evicted in vain."""

import pytest
from msgspec import structs

from coterie.config import Limits
from coterie.scheduler import Dispatch, Load, Unload
from coterie.scheduler import events as on
from coterie.testing.core import LIMITS, hot, parts, ready, scheduler
from coterie.types import Footprint, Part


def test_an_idle_victim_is_unloaded_and_its_bytes_awaited_before_the_load() -> None:
    core = scheduler("lru")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    assert core.handle(on.Arrived(5.0, "r", "b")) == [Unload("a@n/d", 1, "room for 'b'")]
    (load,) = core.handle(on.Unloaded(5.2, "a@n/d", 1, 0.2))
    assert isinstance(load, Load)
    assert (load.replica, load.generation) == ("b@n/d", 2)


def test_a_busy_victim_is_never_unloaded_before_its_requests_are_done() -> None:
    core = scheduler("cost-staging")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(5.0, "long", "a"))
    assert core.handle(on.Arrived(5.0, "r", "b")) == []
    wake = core.wake_at()
    assert wake is not None
    assert wake <= 5.0 + LIMITS.starvation
    assert core.handle(on.Tick(wake)) == []  # it drains
    assert core.handle(on.Arrived(wake, "late", "a")) == []  # and takes nobody more
    assert core.handle(on.Finished(wake + 9.0, "long")) == [Unload("a@n/d", 1, "room for 'b'")]
    core.check()


@pytest.mark.parametrize(
    ("line", "devices", "shared", "after_s"),
    [
        (0, 1, False, 2 * 0.2 + 4 * 1 * 0.2),  # the one who waits for b is in line as well
        (3, 1, False, 5 * 0.2 + 4 * 4 * 0.2),
        (3, 2, False, 5 * 0.2 + 4 * 4 / 2 * 0.2),
        (3, 1, True, 5 * 0.2),  # what y takes from x is charged to y
    ],
)
def test_a_switch_from_the_busy_pays_for_all_who_wait(
    line: int, devices: int, shared: bool, after_s: float
) -> None:
    core = scheduler("cost-staging", structs.replace(LIMITS, starvation=30.0, wait=60.0))
    ready(core, "a", "b")
    if devices == 2:
        core.handle(on.DeviceJoined(0.0, "n/small", "n", 5))
    for tenant in ("x", "y") if shared else ():
        core.handle(on.TenantDeclared(0.0, tenant))
    hot(core, "a", 1.0, load_s=0.1)
    for number in range(2 + line):  # two run, the rest wait
        core.handle(on.Arrived(5.0, f"a{number}", "a", tenant="x"))
    core.handle(on.Arrived(5.0, "r", "b", tenant="y"))
    assert core.wake_at() == pytest.approx(5.0 + after_s)


def test_a_draining_victim_is_hot_again_when_nobody_needs_its_place() -> None:
    core = scheduler("cost")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(5.0, "long", "a"))
    core.handle(on.Arrived(5.0, "r", "b"))
    core.handle(on.Tick(5.0 + LIMITS.starvation))
    core.handle(on.Arrived(8.5, "late", "a"))
    assert core.handle(on.Cancelled(9.0, "r")) == [Dispatch("late", "a@n/d", 1, 0.5, 0.0)]
    core.check()


def test_a_measurement_above_the_budget_evicts_the_idle() -> None:
    core = scheduler("lru")
    ready(core, "a", "b", hot=24)
    hot(core, "a", 1.0)
    hot(core, "b", 3.0)
    (unload,) = core.handle(
        on.Measured(4.0, "b@n/d", 2, (Part("sha256:b", 10), Part("private:b", 5)))
    )
    assert isinstance(unload, Unload)
    assert unload.replica == "a@n/d"
    core.check()


def test_a_preload_takes_free_room_only_and_is_given_up_where_there_is_none() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    for name in ("a", "b"):
        core.handle(on.Declared(0.0, name, preload=True))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts(name))))
    assert core.handle(on.Loaded(1.0, "a@n/d", 1, 1.0)) == []
    assert [status.phase for status in core.experts(1.0)] == ["hot", "cold"]
    assert core.wake_at() is None
    core.check()


def test_a_preload_is_not_given_up_while_another_device_still_loads() -> None:
    core = scheduler()
    for name, hot_bytes in (("small", 12), ("large", 30)):
        core.handle(on.DeviceJoined(0.0, f"n/{name}", "n", hot_bytes))
    for name, size in (("x", 16), ("a", 8), ("b", 10)):
        core.handle(on.Declared(0.0, name, preload=True))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts(name, size))))
    core.handle(on.Loaded(1.0, "a@n/small", 2, 1.0))  # no room for b here, and x still loads
    (load,) = core.handle(on.Loaded(2.0, "x@n/large", 1, 2.0))
    assert isinstance(load, Load)
    assert load.replica == "b@n/large"
    core.check()


def test_after_a_pause_a_load_is_tried_at_once_where_there_is_room() -> None:
    core = scheduler("cost")
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Crashed(2.0, "a@n/d", 1, "signal 9"))
    core.handle(on.Unloaded(2.1, "a@n/d", 1))
    assert core.handle(on.Arrived(2.2, "r", "a")) == []
    assert core.wake_at() == 2.0 + LIMITS.backoff  # not when it will have earned its load
    (load,) = core.handle(on.Tick(2.0 + LIMITS.backoff))
    assert isinstance(load, Load)


def test_who_may_be_evicted_once_its_own_are_served_is_evicted_then() -> None:
    core = scheduler("cost", Limits(starvation=0.5))
    ready(core, "a", "b")
    core.handle(on.Arrived(1.0, "a1", "a"))
    core.handle(on.Arrived(1.0, "a2", "a"))
    core.handle(on.Arrived(1.0, "a3", "a"))  # a residency is owed to all three
    core.handle(on.Loaded(2.0, "a@n/d", 1, 1.0))
    core.handle(on.Arrived(2.0, "b1", "b"))
    core.handle(on.Arrived(2.1, "a4", "a"))
    assert core.handle(on.Tick(2.6)) == []
    core.handle(on.Finished(3.0, "a1"))  # now the third runs
    core.handle(on.Finished(4.0, "a2"))
    (unload,) = core.handle(on.Finished(4.5, "a3"))
    assert isinstance(unload, Unload)
    core.check()
