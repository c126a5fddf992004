"""Budgets kept, sent elsewhere, or refused at once."""

import msgspec

from coterie.config import Limits
from coterie.scheduler import Dispatch, Load, Refuse, Unload
from coterie.scheduler import events as on
from coterie.scheduler.admission import PROBE
from coterie.testing.core import LIMITS, ask, hot, ready, refused, scheduler, taught
from coterie.types import Budget


def test_a_budget_that_can_be_kept_is() -> None:
    core = scheduler()
    ready(core, "a")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.5)
    (action,) = core.handle(ask(20.0, "r", "a", Budget(ttft=1.0), prompt_bytes=1000))
    assert isinstance(action, Dispatch)


def test_one_that_the_line_is_too_long_for_is_refused_at_once_with_the_time() -> None:
    core = scheduler()
    ready(core, "a", parallel_prefills=1)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    core.handle(on.Arrived(20.0, "r1", "a", prompt_bytes=3000))
    refuse = refused(core.handle(ask(20.0, "r2", "a", Budget(ttft=2.0), prompt_bytes=1000)))
    assert refuse.code == "budget_exceeded"
    assert "ttft 2 s" in refuse.reason
    assert refuse.eta_s is not None
    assert 1.0 < refuse.eta_s < 6.0
    assert refuse.retry_after_s == refuse.eta_s
    (status,) = core.experts(20.0)
    assert status.waiting == 0
    assert status.kept.refused == 1


def test_lru_promises_nothing() -> None:
    core = scheduler("lru")
    ready(core, "a", parallel_prefills=1)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    core.handle(on.Arrived(20.0, "r1", "a", prompt_bytes=3000))
    assert core.handle(ask(20.0, "r2", "a", Budget(ttft=0.1), prompt_bytes=1000)) == []


def test_one_that_no_machine_of_ours_can_keep_says_so() -> None:
    core = scheduler()
    ready(core, "a")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    refuse = refused(core.handle(ask(20.0, "r", "a", Budget(ttft=0.5), prompt_bytes=2000)))
    assert refuse.code == "budget_impossible"
    assert "ttft 0.5 s" in refuse.reason


def test_what_the_quickest_of_them_could_keep_is_not_impossible() -> None:
    core = scheduler()
    ready(core, "a")
    for number in range(40):  # mostly a second, one in five a fifth of that
        first_s = 0.2 if number % 5 == 0 else 1.0
        taught(core, "a", 10.0 + 2 * number, prompt_bytes=1000, first_s=first_s)
    slow = refused(core.handle(ask(200.0, "r", "a", Budget(ttft=0.6), prompt_bytes=1000)))
    assert slow.code == "budget_exceeded"
    never = refused(core.handle(ask(200.0, "s", "a", Budget(ttft=0.05), prompt_bytes=1000)))
    assert never.code == "budget_impossible"


def test_one_in_ten_of_those_is_let_through_to_see() -> None:
    core = scheduler()
    ready(core, "a")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    budget = Budget(ttft=0.5)
    for number in range(PROBE - 1):
        refused(core.handle(ask(20.0, f"r{number}", "a", budget, prompt_bytes=2000)))
    (action,) = core.handle(ask(20.0, "probe", "a", budget, prompt_bytes=2000))
    assert isinstance(action, Dispatch)
    refused(core.handle(ask(20.0, "next", "a", budget, prompt_bytes=2000)))


def test_a_fallback_answers_what_its_expert_cannot_in_time() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24, parallel_prefills=1)
    hot(core, "b", 5.0)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.1)
    core.handle(on.UnloadRequested(11.0, "a"))
    core.handle(on.Unloaded(11.1, "a@n/d", 2, unload_s=0.1))
    event = ask(20.0, "r", "a", Budget(ttft=0.5), prompt_bytes=100, fallbacks=("b",))
    (action,) = core.handle(event)
    assert isinstance(action, Dispatch)
    assert action.replica == "b@n/d"
    core.handle(on.Finished(20.2, "r", run_s=0.2))
    kept = {status.name: status.kept for status in core.experts(21.0)}
    assert (kept["a"].met, kept["a"].degraded) == (1, 1)
    assert kept["b"].met == 0


def test_a_fallback_answers_for_an_expert_that_failed() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24)
    hot(core, "b", 5.0)
    core.handle(on.FetchFailed(6.0, "a", "no such file", retryable=False))
    (action,) = core.handle(ask(7.0, "r", "a", Budget(), fallbacks=("b",)))
    assert isinstance(action, Dispatch)
    refuse = refused(core.handle(ask(7.0, "s", "a", Budget())))
    assert refuse.code == "expert_unavailable"


def test_one_that_waits_is_given_up_when_its_budget_can_be_kept_no_more() -> None:
    core = scheduler()
    ready(core, "a")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    for name in ("r1", "r2"):  # both slots are taken, and never free again
        core.handle(on.Arrived(20.0, name, "a", prompt_bytes=1000))
    assert core.handle(ask(20.0, "r3", "a", Budget(ttft=4.0), prompt_bytes=1000)) == []
    at = core.wake_at()
    assert at is not None
    assert 22.5 < at < 23.5  # about a second, which its prompt takes, before the four are over
    refuse = refused(core.handle(on.Tick(at)))
    assert (refuse.request, refuse.code) == ("r3", "budget_exceeded")
    core.check()


def test_one_that_waits_is_moved_to_a_fallback_that_can_still_keep_its_budget() -> None:
    core = scheduler()
    ready(core, "a", "b", hot=24)
    hot(core, "b", 5.0)
    taught(core, "a", 10.0, prompt_bytes=100, first_s=0.1)
    for name in ("r1", "r2"):
        core.handle(on.Arrived(20.0, name, "a", prompt_bytes=100))
    fields = {"prompt_bytes": 10, "fallbacks": ("b",)}
    assert core.handle(ask(20.0, "r3", "a", Budget(ttft=4.0), **fields)) == []
    core.handle(on.Arrived(20.1, "r4", "b", prompt_bytes=1))
    core.handle(on.Finished(20.2, "r4", run_s=0.001))
    at = core.wake_at()
    assert at is not None
    actions = core.handle(on.Tick(at))
    core.check()
    assert [a.replica for a in actions if isinstance(a, Dispatch)] == ["b@n/d"], actions


def test_one_that_lost_its_place_to_others_is_refused_in_time() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "b", 3.0)
    core.handle(on.UnloadRequested(4.0, "b"))
    core.handle(on.Unloaded(4.2, "b@n/d", 1, unload_s=0.2))
    (load,) = core.handle(ask(10.0, "r", "a", Budget(ttft=2.0)))
    assert isinstance(load, Load)
    wake = core.wake_at()  # the load is not done when it should
    assert wake is not None
    assert 11.0 < wake < 12.0
    refuse = refused(core.handle(on.Tick(wake)))
    assert refuse.code == "budget_exceeded"
    core.check()


def test_a_cold_expert_that_budgets_exclude_is_loaded_for_the_next() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "b", 3.0, load_s=2.0)
    actions = core.handle(ask(10.0, "r", "a", Budget(ttft=1.0)))
    refuse = next(action for action in actions if isinstance(action, Refuse))
    assert refuse.code == "budget_exceeded"
    (unload,) = (action for action in actions if isinstance(action, Unload))
    assert unload.replica == "b@n/d"
    (load,) = core.handle(on.Unloaded(10.1, "b@n/d", 1))
    assert isinstance(load, Load)
    core.check()


def test_but_not_in_the_place_of_one_that_is_in_use() -> None:
    core = scheduler()
    ready(core, "a", "b")
    hot(core, "b", 3.0, load_s=2.0)
    core.handle(on.Arrived(9.0, "busy", "b"))
    refused(core.handle(ask(10.0, "r", "a", Budget(ttft=1.0))))
    assert core.handle(on.Finished(11.0, "busy", run_s=2.0)) == []


def test_interactive_requests_go_before_batch_ones_which_age() -> None:
    limits = msgspec.structs.replace(LIMITS, starvation=10.0)
    core = scheduler(limits=limits)
    ready(core, "a", parallel_prefills=1)
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=1.0)
    core.handle(on.Arrived(20.0, "first", "a", prompt_bytes=1000))
    core.handle(on.Arrived(20.0, "batch", "a", prompt_bytes=1000, priority="batch"))
    core.handle(on.Arrived(20.2, "standard", "a", prompt_bytes=1000))
    core.handle(on.Arrived(20.4, "interactive", "a", prompt_bytes=1000, priority="interactive"))
    order = []
    running, at = "first", 20.0
    while True:
        at += 1.0
        started = [a for a in core.handle(on.Began(at, running)) if isinstance(a, Dispatch)]
        started += [
            a for a in core.handle(on.Finished(at, running, run_s=1.0)) if isinstance(a, Dispatch)
        ]
        if not started:
            break
        running = started[0].request
        order.append(running)
    assert order == ["interactive", "standard", "batch"]


def test_limits_are_kept_before_budgets() -> None:
    core = scheduler(limits=Limits(wait=1.0, starvation=0.5))
    ready(core, "a")
    core.handle(ask(10.0, "r", "a", Budget(ttft=50.0)))
    wake = core.wake_at()
    assert wake == 11.0
    assert refused(core.handle(on.Tick(wake))).code == "wait_exceeded"


def test_weights_that_are_still_coming_are_waited_for_unless_a_fallback_is_there() -> None:
    core = scheduler()
    ready(core, "b")
    hot(core, "b", 5.0)
    core.handle(on.Declared(6.0, "a"))
    assert core.handle(ask(7.0, "r", "a", Budget(ttft=3.0))) == []
    (action,) = core.handle(ask(7.0, "s", "a", Budget(ttft=3.0), fallbacks=("b",)))
    assert isinstance(action, Dispatch)
    assert action.replica == "b@n/d"


def test_a_replica_that_will_soon_be_idle_can_make_room_in_time() -> None:
    core = scheduler("cost-staging")
    ready(core, "a", "b")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.1)
    core.handle(on.UnloadRequested(11.0, "a"))
    core.handle(on.Unloaded(11.1, "a@n/d", 1, unload_s=0.1))
    hot(core, "b", 15.0)
    for number in range(2):
        core.handle(on.Arrived(20.0, f"b{number}", "b"))
    # Draining the two is earned after 4 s of waiting; in 0.1 s they will be done by themselves.
    assert core.handle(ask(20.0, "r", "a", Budget(ttft=3.0), prompt_bytes=100)) == []
    assert core.experts(20.0)[0].waiting == 1


def test_an_expert_is_not_kept_out_for_good_by_one_that_is_always_busy() -> None:
    core = scheduler()
    ready(core, "a", "b")
    taught(core, "a", 10.0, prompt_bytes=1000, first_s=0.1)
    core.handle(on.UnloadRequested(11.0, "a"))
    core.handle(on.Unloaded(11.1, "a@n/d", 1, unload_s=0.1))
    hot(core, "b", 15.0)
    running: list[tuple[float, str]] = []
    for step in range(300):
        at = 20.0 + step / 10
        led = [*core.handle(on.Tick(at)), *core.handle(on.Arrived(at, f"b{step}", "b"))]
        if step % 10 == 0:
            # Its budget ends before the bound on waiting, or what it waited itself, could help.
            event = ask(at, f"a{step}", "a", Budget(ttft=2.5), prompt_bytes=100)
            led += core.handle(event)
        while running and running[0][0] <= at:
            led += core.handle(on.Finished(at, running.pop(0)[1], run_s=0.2))
        running += [(at + 0.19, action.request) for action in led if isinstance(action, Dispatch)]
        if any(isinstance(action, Unload) for action in led):
            break
    else:
        raise AssertionError("`a` was never loaded")
    core.check()
