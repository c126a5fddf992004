"""An explanation names who waits, for what, and until when."""

from coterie.scheduler import events as on
from coterie.testing.core import hot, ready, scheduler


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


def test_a_cold_expert_says_who_took_its_place_and_what_a_request_would_cost() -> None:
    core = scheduler("lru")
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(5.0, "r", "b"))
    core.handle(on.Unloaded(5.2, "a@n/d", 1, 0.2))
    explanation = core.explain("a", 6.0)
    assert explanation is not None
    assert explanation.state == "cold"
    assert any("make room for 'b'" in line for line in explanation.lines)
    assert any("would load it in about 1.00 s" in line for line in explanation.lines)


def test_a_running_request_says_where() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r", "a"))
    explanation = core.explain("r", 2.5)
    assert explanation is not None
    assert explanation.state == "running"
    assert "a@n/d" in explanation.lines[0]


def test_statuses_show_phase_tier_and_bytes() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    hot_one, cold_one = core.experts(2.0)
    assert (hot_one.phase, hot_one.tier, hot_one.estimated_bytes) == ("hot", "hot", 12)
    assert (cold_one.phase, cold_one.tier, cold_one.loads) == ("cold", "cold", 0)
    (device,) = core.devices(100.0)
    assert (device.used_bytes, device.hot_bytes, device.replicas) == (12, 12, ("a@n/d",))


def test_looking_changes_nothing() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "a", 1.0)
    core.handle(on.Arrived(2.0, "r", "b"))
    before = core.snapshot(2.0)
    for subject in ("a", "b", "r", "nobody"):
        core.explain(subject, 2.0)
    core.experts(2.0)
    core.devices(100.0)
    assert core.snapshot(2.0) == before


def test_whoever_waits_for_a_turn_is_told_behind_what() -> None:
    core = scheduler("lru")
    ready(core, "a", "b", hot=24, parallel_prefills=1)
    hot(core, "a", 1.0)
    hot(core, "b", 3.0)
    core.handle(on.Arrived(5.0, "r1", "a", prompt_bytes=1000))
    core.handle(on.Arrived(5.05, "r2", "b", prompt_bytes=1000))
    explanation = core.explain("r2", 5.05)
    assert explanation is not None
    assert any("number 1 in line, while 'a@n/d' computes" in x for x in explanation.lines)
