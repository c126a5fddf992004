"""Requests come, are placed, and end once, whatever was told of them and when."""

from coterie.config import Limits
from coterie.scheduler import Dispatch, Refuse
from coterie.scheduler import events as on
from coterie.testing.core import hot, ready, scheduler


def test_an_unknown_expert_is_refused() -> None:
    (refusal,) = scheduler().handle(on.Arrived(1.0, "r", "nobody"))
    assert isinstance(refusal, Refuse)
    assert refusal.code == "model_not_found"


def test_a_retry_waits_no_longer_than_its_first_attempt_may() -> None:
    core = scheduler(limits=Limits(wait=5.0))
    ready(core, "a")
    core.handle(on.Arrived(4.0, "r", "a", since=1.0, attempt=1))
    (refusal,) = core.handle(on.Tick(6.0))
    assert isinstance(refusal, Refuse)
    assert (refusal.request, refusal.code) == ("r", "wait_exceeded")
    core.check()


def test_the_end_of_a_request_that_still_waits_takes_it_out_of_its_line() -> None:
    core = scheduler()
    ready(core, "a")
    core.handle(on.Arrived(1.0, "r", "a"))
    core.handle(on.Finished(2.0, "r", ok=False))
    assert core.handle(on.Loaded(3.0, "a@n/d", 1, 2.0)) == []
    core.check()


def test_what_is_told_of_a_request_that_has_ended_changes_nothing() -> None:
    core = scheduler()
    ready(core, "a")
    hot(core, "a", 1.0)
    (dispatch,) = core.handle(on.Arrived(2.0, "r", "a"))
    assert isinstance(dispatch, Dispatch)
    core.handle(on.Finished(3.0, "r"))
    before = core.snapshot(3.0)
    for event in (on.Began(3.0, "r"), on.Finished(3.0, "r"), on.Cancelled(3.0, "r")):
        assert core.handle(event) == []
    assert core.snapshot(3.0) == before
