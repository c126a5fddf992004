"""What nodes report is believed of the present life alone, and failures are borne."""

from coterie.config import Limits
from coterie.scheduler import Dispatch, Load, Refuse, Unload
from coterie.scheduler import events as on
from coterie.testing.core import LIMITS, hot, parts, ready, scheduler
from coterie.types import Footprint


def test_a_clients_leaving_does_not_abort_the_load_it_caused() -> None:
    core = scheduler()
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r", "a"))
    assert core.handle(on.Cancelled(1.5, "r")) == []
    assert core.handle(on.Loaded(3.0, "a@n/d", 1, 2.0)) == []
    assert core.handle(on.Arrived(4.0, "r2", "a")) == [Dispatch("r2", "a@n/d", 1)]


def test_a_late_answer_about_an_earlier_life_is_dropped() -> None:
    core = scheduler()
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r", "a"))
    core.handle(on.LoadFailed(2.0, "a@n/d", 1, "no"))
    core.handle(on.Tick(2.0 + LIMITS.backoff))
    assert core.handle(on.Loaded(3.0, "a@n/d", 1, 2.0)) == []
    assert core.experts(3.0)[0].phase == "loading"


def test_a_second_failure_tells_those_who_wait_and_backs_off() -> None:
    core = scheduler()
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r", "a"))
    assert core.handle(on.LoadFailed(2.0, "a@n/d", 1, "CUDA out of memory")) == []
    assert core.wake_at() == 2.5
    (again,) = core.handle(on.Tick(2.5))
    assert isinstance(again, Load)
    (refusal,) = core.handle(on.LoadFailed(3.0, "a@n/d", 2, "CUDA out of memory"))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "expert_unavailable"
    assert "CUDA out of memory" in refusal.reason
    (early,) = core.handle(on.Arrived(3.5, "r2", "a"))
    assert isinstance(early, Refuse)
    (late,) = core.handle(on.Arrived(9.0, "r3", "a"))
    assert isinstance(late, Load)


def test_a_load_beyond_its_deadline_is_killed_and_its_bytes_stay_reserved_until_free() -> None:
    core = scheduler(limits=Limits(wait=600.0))
    ready(core, "a", "b")
    (load,) = core.handle(on.Arrived(1.0, "r", "a"))
    assert isinstance(load, Load)
    (kill,) = core.handle(on.Tick(load.deadline))
    assert kill == Unload("a@n/d", 1, "its load took longer than its deadline", force=True)
    assert core.devices(100.0)[0].used_bytes == 12
    assert core.handle(on.Arrived(load.deadline, "s", "b")) == []
    (next_load,) = core.handle(on.Unloaded(load.deadline + 3.0, "a@n/d", 1))
    assert isinstance(next_load, Load)
    core.check()


def test_a_crash_keeps_the_bytes_until_they_are_confirmed_free() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r", "a"))
    assert core.handle(on.Crashed(3.0, "a@n/d", 1, "signal 9")) == []
    assert core.devices(100.0)[0].used_bytes == 12
    assert core.handle(on.Unloaded(3.1, "a@n/d", 1)) == []
    assert core.devices(100.0)[0].used_bytes == 0
    core.handle(on.Finished(3.2, "r", ok=False))
    core.check()


def test_a_report_without_a_replica_frees_what_was_believed_to_be_there() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    assert core.handle(on.Reported(20.0, "n", (("ghost@n/d", 7),))) == [
        Unload("ghost@n/d", 7, "no such replica is known", force=True)
    ]
    assert core.devices(100.0)[0].used_bytes == 0
    core.check()


def test_a_node_that_leaves_takes_its_bytes_and_its_replicas_along() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r", "a"))
    core.handle(on.NodeLeft(3.0, "n", "unplugged"))
    core.check()
    assert core.devices(100.0) == []
    core.handle(on.Finished(3.0, "r", ok=False))
    core.handle(on.Arrived(4.0, "r2", "a"))
    (load,) = core.handle(on.DeviceJoined(5.0, "m/d", "m", 12))
    assert isinstance(load, Load)
    core.check()


def test_a_preload_that_fails_is_tried_again_though_nobody_asks() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", preload=True))
    core.handle(on.Fetched(0.0, "a", Footprint(hot=parts("a"))))
    assert core.handle(on.LoadFailed(1.0, "a@n/d", 1, "out of luck")) == []
    assert core.wake_at() == 1.0 + LIMITS.backoff
    (again,) = core.handle(on.Tick(1.0 + LIMITS.backoff))
    assert isinstance(again, Load)


def test_an_expert_that_is_unpinned_again_is_unloaded_when_it_has_been_idle() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", idle_ttl_s=10.0))
    core.handle(on.Fetched(0.0, "a", Footprint(hot=parts("a"))))
    hot(core, "a", 1.0)
    core.handle(on.PinChanged(2.0, "a", True))
    assert core.handle(on.Tick(11.0)) == []
    assert core.wake_at() is None
    core.handle(on.PinChanged(30.0, "a", False))
    assert core.wake_at() == 11.0
    assert core.handle(on.Tick(30.0)) == [Unload("a@n/d", 1, "idle for 29.0 s")]


def test_an_expert_whose_last_waiting_client_left_is_unloaded_when_it_has_been_idle() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 24, parallel_runs=1))
    for name in ("a", "b"):
        core.handle(on.Declared(0.0, name, idle_ttl_s=4.0 if name == "a" else 0.0))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts(name))))
    hot(core, "a", 1.0)
    hot(core, "b", 2.0)
    core.handle(on.Arrived(3.0, "long", "b"))
    core.handle(on.Arrived(4.0, "r", "a"))  # waits for its turn
    assert core.handle(on.Tick(5.0)) == []
    core.handle(on.Cancelled(6.0, "r"))
    assert core.handle(on.Tick(6.0)) == [Unload("a@n/d", 1, "idle for 5.0 s")]
