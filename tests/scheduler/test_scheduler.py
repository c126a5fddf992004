"""The core in sentences, and in random worlds with failures."""

from hypothesis import given, settings

from coterie.config import Limits
from coterie.scheduler import Dispatch, Load, Refuse, Scheduler, Unload, policy
from coterie.scheduler import events as on
from coterie.testing.world import Model, World
from coterie.testing.worlds import worlds
from coterie.types import Footprint, Part

LIMITS = Limits(wait=30.0, starvation=3.0, queue=1000, queue_per_expert=50, backoff=0.5)


def model(name: str, size: int = 10, **seconds: float) -> Model:
    return Model(parts=(Part(f"sha256:{name}", size), Part(f"private:{name}", 2)), **seconds)


def scheduler(name: str = "cost", limits: Limits = LIMITS) -> Scheduler:
    return Scheduler(policy(name), limits)


def ready(core: Scheduler, *experts: str, hot: int = 12, **device: int) -> None:
    """One device, and experts whose weights are on disk: 10 bytes shared by name, 2 private."""
    core.handle(on.DeviceJoined(0.0, "n/d", "n", hot, **device))
    for name in experts:
        core.handle(on.Declared(0.0, name, slots=2))
        core.handle(on.Fetched(0.0, name, Footprint(hot=model(name).parts)))


def hot(core: Scheduler, expert: str, at: float, load_s: float = 1.0) -> int:
    """Loads an expert through its first request `expert-0`, and finishes that. Its generation."""
    (load,) = core.handle(on.Arrived(at - load_s, f"{expert}-0", expert))
    assert isinstance(load, Load)
    core.handle(on.Loaded(at, load.replica, load.generation, load_s))
    core.handle(on.Finished(at, f"{expert}-0", run_s=0.1))
    return load.generation


def test_a_cold_expert_is_loaded_and_then_its_request_dispatched() -> None:
    core = scheduler()
    ready(core, "a")
    deadline = 1.0 + LIMITS.load_base + LIMITS.load_per_gib * 12 / 2**30
    assert core.handle(on.Arrived(1.0, "r", "a")) == [
        Load("a@n/d", 1, "a", "n/d", deadline, "1 waiting, the oldest 0.000 s")
    ]
    assert core.handle(on.Loaded(3.0, "a@n/d", 1, 2.0)) == [Dispatch("r", "a@n/d", 1, 0.0, 2.0)]
    assert core.handle(on.Finished(4.0, "r")) == []
    core.check()


def test_requests_beyond_the_slots_wait_and_are_answered_in_order() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    assert core.handle(on.Arrived(2.0, "r1", "a")) == [Dispatch("r1", "a@n/d", 1)]
    assert core.handle(on.Arrived(2.0, "r2", "a")) == [Dispatch("r2", "a@n/d", 1)]
    assert core.handle(on.Arrived(2.0, "r3", "a")) == []
    assert core.handle(on.Arrived(2.1, "r4", "a")) == []
    assert core.handle(on.Finished(3.0, "r2")) == [Dispatch("r3", "a@n/d", 1, 1.0, 0.0)]


def test_an_idle_victim_is_unloaded_and_its_bytes_awaited_before_the_load() -> None:
    core = scheduler("lru")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    assert core.handle(on.Arrived(5.0, "r", "b")) == [Unload("a@n/d", 1, "room for 'b'")]
    (load,) = core.handle(on.Unloaded(5.2, "a@n/d", 1, 0.2))
    assert isinstance(load, Load)
    assert (load.replica, load.generation) == ("b@n/d", 2)


def test_a_busy_victim_is_never_unloaded_before_its_requests_are_done() -> None:
    core = scheduler("cost")
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
    assert core.devices()[0].used_bytes == 12
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
    assert core.devices()[0].used_bytes == 12
    assert core.handle(on.Unloaded(3.1, "a@n/d", 1)) == []
    assert core.devices()[0].used_bytes == 0
    core.handle(on.Finished(3.2, "r", ok=False))
    core.check()


def test_a_pinned_expert_is_loaded_at_once_and_never_evicted() -> None:
    core = scheduler(limits=Limits(wait=5.0, starvation=1.0))
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", pinned=True))
    (load,) = core.handle(on.Fetched(0.0, "a", Footprint(hot=model("a").parts)))
    assert isinstance(load, Load)
    core.handle(on.Loaded(1.0, "a@n/d", 1, 1.0))
    core.handle(on.Declared(1.0, "b"))
    core.handle(on.Fetched(1.0, "b", Footprint(hot=model("b").parts)))
    assert core.handle(on.Arrived(2.0, "r", "b")) == []
    (refusal,) = core.handle(on.Tick(7.0))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "wait_exceeded"
    core.check()


def test_an_idle_expert_is_unloaded_after_its_time_to_live() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 12))
    core.handle(on.Declared(0.0, "a", idle_ttl_s=10.0))
    core.handle(on.Fetched(0.0, "a", Footprint(hot=model("a").parts)))
    hot(core, "a", 1.0)
    assert core.handle(on.Tick(10.9)) == []
    assert core.wake_at() == 11.0
    assert core.handle(on.Tick(11.0)) == [Unload("a@n/d", 1, "idle for 10.0 s")]


def test_experts_over_one_file_share_its_bytes() -> None:
    core = scheduler()
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 14, parallel_loads=2))
    for name in ("a", "b"):
        core.handle(on.Declared(0.0, name))
        parts = (Part("sha256:one", 10), Part(f"private:{name}", 2))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts)))
    assert len(core.handle(on.Arrived(1.0, "r1", "a"))) == 1
    assert len(core.handle(on.Arrived(1.0, "r2", "b"))) == 1
    assert core.devices()[0].used_bytes == 14
    core.check()


def test_only_as_many_victims_as_needed_go_and_the_small_are_spared() -> None:
    core = scheduler("lru")
    core.handle(on.DeviceJoined(0.0, "n/d", "n", 30))
    for name, size in (("small", 4), ("big", 20), ("other", 20)):
        core.handle(on.Declared(0.0, name))
        core.handle(on.Fetched(0.0, name, Footprint(hot=(Part(name, size),))))
    hot(core, "small", 1.0)
    hot(core, "big", 2.0)
    assert core.handle(on.Arrived(9.0, "r", "other")) == [Unload("big@n/d", 2, "room for 'other'")]


def test_the_cost_policy_keeps_the_expert_that_is_asked_for_most() -> None:
    core = scheduler("cost")
    ready(core, "a", "b", "c", hot=24)
    hot(core, "a", 1.0)
    for i in range(1, 9):
        core.handle(on.Arrived(1.0 + i / 10, f"a-{i}", "a"))
        core.handle(on.Finished(1.05 + i / 10, f"a-{i}", run_s=0.05))
    hot(core, "b", 20.0)
    assert core.handle(on.Arrived(40.0, "r", "c")) == []  # it must earn what b's way back may cost
    wake = core.wake_at()
    assert wake is not None
    assert 40.0 < wake < 40.2
    (unload,) = core.handle(on.Tick(wake))
    assert unload == Unload("b@n/d", 2, "room for 'c'")  # `lru` would have taken a


def test_a_full_queue_refuses_with_a_retry_after() -> None:
    core = scheduler(limits=Limits(queue_per_expert=1))
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r1", "a"))
    (refusal,) = core.handle(on.Arrived(1.0, "r2", "a"))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "queue_full"
    assert refusal.retry_after_s >= 1.0


def test_an_unknown_expert_is_refused() -> None:
    (refusal,) = scheduler().handle(on.Arrived(1.0, "r", "nobody"))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "model_not_found"


def test_on_a_device_that_carries_one_the_replicas_take_turns() -> None:
    core = scheduler("lru")
    ready(core, "a", "b", hot=24, parallel_runs=1)
    hot(core, "a", 1.0)
    hot(core, "b", 3.0)
    assert core.handle(on.Arrived(5.0, "a1", "a")) == [Dispatch("a1", "a@n/d", 1)]
    assert core.handle(on.Arrived(5.0, "b1", "b")) == []
    assert core.handle(on.Arrived(5.1, "a2", "a")) == []  # its turn ends where another waits
    assert core.handle(on.Finished(6.0, "a1")) == [Dispatch("b1", "b@n/d", 2, 1.0, 0.0)]
    core.check()
    (turn,) = core.handle(on.Finished(7.0, "b1"))
    assert isinstance(turn, Dispatch)
    assert turn.request == "a2"


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


def test_a_report_without_a_replica_frees_what_was_believed_to_be_there() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    assert core.handle(on.Reported(20.0, "n", (("ghost@n/d", 7),))) == [
        Unload("ghost@n/d", 7, "no such replica is known", force=True)
    ]
    assert core.devices()[0].used_bytes == 0
    core.check()


def test_a_node_that_leaves_takes_its_bytes_and_its_replicas_along() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r", "a"))
    core.handle(on.NodeLeft(3.0, "n", "unplugged"))
    core.check()
    assert core.devices() == []
    core.handle(on.Finished(3.0, "r", ok=False))
    core.handle(on.Arrived(4.0, "r2", "a"))
    (load,) = core.handle(on.DeviceJoined(5.0, "m/d", "m", 12))
    assert isinstance(load, Load)
    core.check()


def test_an_explanation_names_the_victim_and_the_time() -> None:
    core = scheduler("cost")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(5.0, "long", "a"))
    core.handle(on.Arrived(5.0, "r", "b"))
    explanation = core.explain("r", 5.0)
    assert explanation is not None
    assert explanation.state == "waiting"
    assert any("'a'" in line and "earned" in line for line in explanation.lines), explanation
    assert core.explain("nobody", 5.0) is None


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_in_any_world_every_request_ends_once_and_nothing_overflows(world: World) -> None:
    world.run(until=200.0)  # `check` runs after each event
    wait = world.scheduler.snapshot(world.now).limits.wait
    for arrival in world.arrivals.values():
        ends = [
            ended
            for ended in (world.answered, world.lost, world.refused)
            if arrival.request in ended
        ]
        assert len(ends) == 1, (arrival, ends)
        if arrival.request in world.started:
            assert world.started[arrival.request] - arrival.at <= wait + 1e-6
