"""Steps are taken one by one and counted anew, in bytes; orders without a gap are all tried out."""

from collections.abc import Iterable
from functools import cache
from random import Random

import pytest
from msgspec.structs import replace

from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.state import ExpertState, Options, State
from coterie.planner.recomposition.steps import Step, steps_of
from coterie.types import Part, replica_id
from tests.planner.recomposition.worlds import World, device, expert, world

SEEDS = range(600)


@cache
def crowded(seed: int, budget_bytes: int | None = None) -> tuple[World, Placement]:
    """Devices that are nearly full, and a placement of the same experts that fits as well."""
    draw = Random(seed)
    host_bytes = draw.choice((0, 0, 25))
    devices = tuple(
        device(f"{'ab'[i % 2]}/gpu{i}", draw.randint(8, 13), rate=2.0, host_bytes=host_bytes)
        for i in range(draw.randint(2, 4))
    )
    experts = tuple(_expert(draw, f"e{i}") for i in range(draw.randint(2, 6)))
    asked = {one.name: draw.choice((0.0, 0.01, 0.1, 0.2)) for one in experts}
    empty = world(experts, devices, asked=asked)
    current, target = (_filled(empty, draw, share) for share in (1.0, 0.9))
    replicas = tuple(map(empty.question.layout.name, sorted(current)))
    return world(experts, devices, replicas, asked, Options(budget_bytes=budget_bytes)), target


def _expert(draw: Random, name: str) -> ExpertState:
    own = draw.randint(1, 6)
    parts: list[int | Part] = [own, Part(f"base{draw.randrange(2)}", 3)]
    warm = (own,) if draw.random() < 0.5 else ()
    some = parts[: draw.choice((1, 1, 2))]
    return expert(name, *some, warm=warm, start_s=1.0, replicas_max=draw.choice((1, 1, 2)))


def _filled(given: World, draw: Random, share: float) -> Placement:
    layout, found = given.question.layout, set[int]()
    for pair in draw.sample(range(len(layout.pairs)), len(layout.pairs)):
        expert = layout.pairs[pair].expert
        count = sum(layout.pairs[one].expert == expert for one in found)
        if count < layout.experts[expert].replicas_max and draw.random() < share:
            found |= {pair} if layout.fits(found | {pair}) else set()
    return frozenset(found)


class Memory:
    """What replicas take, counted from their parts."""

    def __init__(self, state: State) -> None:
        self.experts = {one.name: one for one in state.experts}
        self.devices = {one.device: one for one in state.devices}

    def hot(self, replicas: Iterable[str], name: str) -> int:
        sizes: dict[str, int] = {}
        for replica in replicas:
            expert_name, _, device_name = replica.rpartition("@")
            if device_name == name:
                parts = self.experts[expert_name].footprint.hot
                sizes |= {part.digest: part.size_bytes for part in parts}
        return sum(sizes.values())

    def warm(self, replicas: Iterable[str], node: str) -> int:
        sizes: dict[str, int] = {}
        for replica in replicas:
            expert_name, _, device_name = replica.rpartition("@")
            if self.devices[device_name].node == node:
                parts = self.experts[expert_name].footprint.warm
                sizes |= {part.digest: part.size_bytes for part in parts}
        return sum(sizes.values())

    def fits(self, replicas: Iterable[str]) -> bool:
        here = list(replicas)
        return all(
            self.hot(here, one.device) <= one.hot_bytes
            and (not one.host_bytes or self.warm(here, one.node) <= one.host_bytes)
            for one in self.devices.values()
        )


def of_expert(replicas: Iterable[str], name: str) -> int:
    return sum(replica.rpartition("@")[0] == name for replica in replicas)


def names(given: World, target: Placement) -> frozenset[str]:
    return frozenset(map(given.question.layout.name, target))


def rates(given: World) -> dict[str, float]:
    return {one.expert: one.rate for one in given.forecast.experts}


def followed(given: World, steps: tuple[Step, ...]) -> list[frozenset[str]]:
    """What is there before the first step, and after each."""
    found = [frozenset(given.state.replicas)]
    for step in steps:
        replica = replica_id(step.expert, step.device)
        assert (replica in found[-1]) == (step.action == "unload"), step
        found.append(found[-1] ^ {replica})
    return found


def told(steps: tuple[Step, ...]) -> list[str]:
    return [
        f"{step.action} {step.expert} {step.device}"
        + " staged" * step.staged
        + " interrupts" * step.interrupts
        for step in steps
    ]


def test_after_each_step_everything_fits_and_the_last_ends_at_the_target() -> None:
    longest = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        memory = Memory(given.state)
        steps = steps_of(given.question, target)
        there = followed(given, steps)
        assert there[-1] == names(given, target), seed
        assert all(map(memory.fits, there)), seed
        longest = max(longest, len(steps))
    assert longest > 8


def test_bytes_and_seconds_are_those_that_are_copied_and_freed() -> None:
    shared = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        memory = Memory(given.state)
        steps = steps_of(given.question, target)
        there = followed(given, steps)
        for step, before, after in zip(steps, there, there[1:], strict=False):
            more = memory.hot(after, step.device) - memory.hot(before, step.device)
            if step.action == "load":
                assert (step.size_bytes, step.load_s) == (more, 1.0 + more / 2.0)
                shared += more < memory.experts[step.expert].footprint.hot_bytes
            else:
                assert (step.size_bytes, step.load_s) == (-more, 0.0)
    assert shared > 50


def test_an_expert_in_service_stays_in_service_or_the_step_says_so() -> None:
    interrupted = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        steps = steps_of(given.question, target)
        there, end = followed(given, steps), names(given, target)
        for step, after in zip(steps, there[1:], strict=True):
            gone = (
                step.action == "unload"
                and rates(given)[step.expert] > 0
                and of_expert(end, step.expert) > 0
                and not of_expert(after, step.expert)
            )
            assert step.interrupts == gone, (seed, step)
            interrupted += gone
    assert interrupted > 5


def test_on_the_way_an_expert_has_one_replica_too_many_at_most() -> None:
    more = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        for here in followed(given, steps_of(given.question, target)):
            for one in given.state.experts:
                count = of_expert(here, one.name)
                assert count <= one.replicas_max + 1, seed
                more += count > one.replicas_max
    assert more > 100


def has_order(given: World, target: frozenset[str]) -> bool:
    """Whether any order of the loads and unloads that are needed has no gap in service."""
    memory, asked, start = Memory(given.state), rates(given), frozenset(given.state.replicas)
    seen, open_ = {start}, [start]
    while open_:
        here = open_.pop()
        if here == target:
            return True
        nexts = [here | {replica} for replica in target - here]
        for replica in here - target:
            name = replica.rpartition("@")[0]
            is_last = of_expert(here, name) == 1 and of_expert(target, name) and asked[name]
            nexts += [] if is_last else [here - {replica}]
        for after in nexts:
            if after not in seen and memory.fits(after):
                seen.add(after)
                open_.append(after)
    return False


def test_there_is_a_gap_or_a_copy_meanwhile_only_where_no_order_avoids_it() -> None:
    gaps = copies = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        steps = steps_of(given.question, target)
        is_gap, is_copy = (any(of) for of in zip(*_marks(steps), strict=True))
        if is_gap or is_copy:
            assert not has_order(given, names(given, target)), seed
        gaps, copies = gaps + is_gap, copies + is_copy
    assert gaps > 3
    assert copies > 3


def _marks(steps: tuple[Step, ...]) -> list[tuple[bool, bool]]:
    return [(False, False), *((step.interrupts, step.staged) for step in steps)]


def test_a_copy_meanwhile_comes_and_goes_and_its_bytes_are_within_the_budget() -> None:
    copies = refused = 0
    for seed in SEEDS:
        given, target = crowded(seed)
        moved_bytes, _ = given.question.layout.moved(target)
        free = steps_of(given.question, target)
        staged = [step for step in free if step.staged]
        if not staged:
            continue
        copies += 1
        assert {(s.expert, s.device) for s in staged if s.action == "load"} == {
            (s.expert, s.device) for s in staged if s.action == "unload"
        }
        extra = sum(step.size_bytes for step in staged if step.action == "load")
        enough, _ = crowded(seed, moved_bytes + extra)
        assert steps_of(enough.question, target) == free
        short, _ = crowded(seed, moved_bytes)
        steps = steps_of(short.question, target)
        assert sum(s.size_bytes for s in steps if s.staged and s.action == "load") == 0
        refused += any(step.interrupts for step in steps)
    assert copies > 3
    assert refused > 3


def swapped(third_bytes: int, budget_bytes: int | None = None) -> tuple[World, Placement]:
    """Two experts that have to change places."""
    given = world(
        (expert("code", 6), expert("prose", 7)),
        (device("a/gpu0", 10), device("a/gpu1", 10), device("b/gpu0", third_bytes)),
        ("code@a/gpu0", "prose@a/gpu1"),
        {"code": 0.1, "prose": 0.2},
        Options(budget_bytes=budget_bytes),
    )
    layout = given.question.layout
    target = {"code@a/gpu1", "prose@a/gpu0"}
    return given, frozenset(p for p in range(len(layout.pairs)) if layout.name(p) in target)


def test_who_change_places_need_a_third() -> None:
    given, target = swapped(6)
    assert told(steps_of(given.question, target)) == [
        "load code b/gpu0 staged",
        "unload code a/gpu0",
        "load prose a/gpu0",
        "unload prose a/gpu1",
        "load code a/gpu1",
        "unload code b/gpu0 staged",
    ]


@pytest.mark.parametrize(("third_bytes", "budget_bytes"), [(5, None), (6, 18), (7, 13)])
def test_without_a_third_who_is_asked_for_least_waits(
    third_bytes: int, budget_bytes: int | None
) -> None:
    given, target = swapped(third_bytes, budget_bytes)
    assert told(steps_of(given.question, target)) == [
        "unload code a/gpu0 interrupts",
        "load prose a/gpu0",
        "unload prose a/gpu1",
        "load code a/gpu1",
    ]


def test_who_is_not_asked_for_makes_room_for_a_copy_meanwhile() -> None:
    given, _ = swapped(6)
    state = given.state
    old = replace(
        state,
        experts=(*state.experts, expert("old", 4)),
        replicas=(*state.replicas, "old@b/gpu0"),
    )
    question = replace(given, state=old).question
    ends = {"code@a/gpu1", "prose@a/gpu0"}
    pairs = range(len(question.layout.pairs))
    target = frozenset(pair for pair in pairs if question.layout.name(pair) in ends)
    assert told(steps_of(question, target))[:3] == [
        "unload old b/gpu0",
        "load code b/gpu0 staged",
        "unload code a/gpu0",
    ]


def test_where_too_much_is_held_what_is_to_go_goes_first() -> None:
    given = world(
        (expert("code", 6), expert("old", 7)),
        (device("a/gpu0", 10),),
        ("code@a/gpu0", "old@a/gpu0"),
        {"code": 0.1, "old": 0.2},
    )
    question = given.question
    target = frozenset(p for p in question.layout.current if "code" in question.layout.name(p))
    assert told(steps_of(question, target)) == ["unload old a/gpu0"]


def test_who_wait_most_come_first_and_what_needs_no_room_goes_last() -> None:
    given = world(
        (expert("busy", 2), expert("code", 2), expert("idle", 2), expert("old", 2)),
        (device("a/gpu0", 20),),
        ("old@a/gpu0",),
        {"busy": 0.5, "code": 0.1},
    )
    question = given.question
    target = frozenset(pair for pair in range(4) if "old" not in question.layout.name(pair))
    assert told(steps_of(question, target)) == [
        "load busy a/gpu0",
        "load code a/gpu0",
        "load idle a/gpu0",
        "unload old a/gpu0",
    ]
    assert steps_of(question, question.layout.current) == ()
