"""Who is likely to come is loaded ahead, if there is room for it."""

from coterie.scheduler import Action, Load, Scheduler
from coterie.scheduler import events as on
from coterie.scheduler.transitions import TOGETHER_S
from coterie.testing.core import hot, ready, scheduler


def asked(core: Scheduler, expert: str, at: float, tenant: str = "x") -> list[Action]:
    """A request from its arrival to its end; what its first byte led to."""
    name = f"{expert}-{at}"
    core.handle(on.Arrived(at, name, expert, tenant=tenant))
    led = list(core.handle(on.Began(at + 0.1, name)))
    core.handle(on.Finished(at + 0.2, name, first_byte_s=0.1, run_s=0.2))
    core.check()
    return led


def rounds(core: Scheduler, count: int, at: float, gap_s: float = 1.0) -> float:
    """`a`, then `b`, again and again."""
    for _ in range(count):
        for expert in ("a", "b"):
            asked(core, expert, at)
            at += gap_s
    return at


def gone(core: Scheduler, expert: str, at: float) -> None:
    (replica,) = (
        replica
        for device in core.devices(at)
        for replica in device.replicas
        if replica.startswith(f"{expert}@")
    )
    generation = core.snapshot(at).replicas
    (record,) = (one for one in generation if one.replica == replica)
    core.handle(on.UnloadRequested(at, expert))
    core.handle(on.Unloaded(at + 0.1, replica, record.generation, unload_s=0.1))


def made(policy: str = "cost") -> Scheduler:
    core = scheduler(policy)
    ready(core, "a", "b", "c", hot=36)
    hot(core, "a", 1.0)
    hot(core, "b", 2.0)
    return core


def test_who_always_follows_is_loaded_when_the_first_byte_comes() -> None:
    core = made()
    at = rounds(core, 6, 10.0)
    gone(core, "b", at)
    (load,) = asked(core, "a", at + 1.0)
    assert isinstance(load, Load)
    assert load.expert == "b"


def test_a_few_times_are_an_accident() -> None:
    core = made()
    at = rounds(core, 3, 10.0)
    gone(core, "b", at)
    assert asked(core, "a", at + 1.0) == []


def test_what_comes_much_later_does_not_follow() -> None:
    core = made()
    at = rounds(core, 6, 10.0, gap_s=TOGETHER_S + 1.0)
    gone(core, "b", at)
    assert asked(core, "a", at + 1.0) == []


def test_that_can_be_left_out() -> None:
    core = made("cost-learning")
    at = rounds(core, 6, 10.0)
    gone(core, "b", at)
    assert asked(core, "a", at + 1.0) == []


def test_chance_is_nothing_to_go_by() -> None:
    core = made()
    at = 10.0
    for _ in range(20):
        for expert in ("a", "b", "a", "c" if int(at) % 2 else "a"):
            if expert != "c":
                asked(core, expert, at)
            at += 1.0
    gone(core, "b", at)
    assert asked(core, "a", at + 1.0) == []
