"""A snapshot taken at any moment goes on exactly as the original does."""

from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.scheduler import Action, Event, Scheduler, Snapshot, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import decode, encode
from coterie.testing.world import World
from coterie.testing.worlds import worlds


@settings(max_examples=60, deadline=None)
@given(worlds(), st.floats(0.0, 30.0))
def test_a_restored_scheduler_takes_the_same_decisions(drawn: World, at: float) -> None:
    drawn.run(until=at)
    original = drawn.scheduler
    snapshot = original.snapshot(at)
    restored = Scheduler.restored(read_again(snapshot), policy(snapshot.policy))
    restored.check()
    differing: list[tuple[Event, list[Action], list[Action]]] = []

    def follow(event: Event, actions: list[Action]) -> None:
        answer = restored.handle(event)
        if answer != actions:
            differing.append((event, actions, answer))

    drawn.after_each = follow
    drawn.handle(on.Tick(at))
    drawn.run(until=120.0)
    assert not differing
    assert restored.snapshot(120.0) == original.snapshot(120.0)


def read_again(snapshot: Snapshot) -> Snapshot:
    decoded = decode(encode(snapshot))
    assert isinstance(decoded, Snapshot)
    return decoded
