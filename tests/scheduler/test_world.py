"""Records move along the table of phases only, and take their bytes with them."""

import pytest

from coterie.config import Limits
from coterie.scheduler import policies
from coterie.scheduler.phases import NEXT, Fetching, Phase
from coterie.scheduler.records import DeviceRecord, ExpertRecord, ReplicaRecord, RequestRecord
from coterie.scheduler.world import TRUSTED_AFTER, World
from coterie.types import Footprint, Part

PARTS = (Part("w", 10),)


def world() -> World:
    made = World(policies.Cost(), Limits())
    made.add_device(DeviceRecord("n/d", "n", 20, host_bytes=8))
    made.experts["a"] = ExpertRecord(
        "a", fetching=Fetching.COLD, footprint=Footprint(hot=PARTS, warm=(Part("h", 3),))
    )
    return made


def replica(phase: Phase = Phase.LOADING) -> ReplicaRecord:
    return ReplicaRecord("a@n/d", "a", "n/d", 1, phase, 0.0, PARTS, (Part("h", 3),))


@pytest.mark.parametrize("start", list(Phase))
@pytest.mark.parametrize("end", list(Phase))
def test_only_the_transitions_of_the_table_exist(start: Phase, end: Phase) -> None:
    made = world()
    made.add_replica(record := replica(start))
    if end in NEXT[start]:
        made.enter(record, end, 1.0)
        assert (record.phase, record.phase_at) == (end, 1.0)
    else:
        with pytest.raises(AssertionError):
            made.enter(record, end, 1.0)


def test_a_replica_holds_hot_and_host_bytes_until_it_is_removed() -> None:
    made = world()
    made.add_replica(record := replica())
    assert made.ledger["n/d"].used_bytes == 10
    assert made.ledger["n:host"].used_bytes == 3
    made.enter(record, Phase.UNLOADING, 1.0)
    assert made.ledger["n/d"].used_bytes == 10
    made.remove_replica(record)
    assert made.ledger["n/d"].used_bytes == 0
    assert made.ledger["n:host"].used_bytes == 0


def test_an_estimate_holds_until_enough_was_served_to_trust_the_measurement() -> None:
    made = world()
    expert = made.experts["a"]
    expert.measured = (Part("w", 7),)
    assert made.size_bytes(expert) == 10
    expert.served = TRUSTED_AFTER
    assert made.size_bytes(expert) == 7


def test_another_attempt_goes_before_those_who_never_had_one() -> None:
    made = world()
    made.enqueue(RequestRecord("first", "a", 1.0, 1.0))
    made.enqueue(RequestRecord("again", "a", 0.5, 2.0, attempt=1))
    assert list(made.experts["a"].waiting) == ["again", "first"]
    assert made.experts["a"].waiting_since_s == 1.5
    made.dequeue(made.requests["again"])
    made.dequeue(made.requests["first"])
    assert made.experts["a"].waiting_since_s == 0.0
    assert made.waiting_count == 0
