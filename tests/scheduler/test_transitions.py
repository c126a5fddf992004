"""Counts of who was asked for after whom."""

import pytest

from coterie.config import Limits
from coterie.scheduler import policy
from coterie.scheduler.records import ExpertRecord, TenantRecord
from coterie.scheduler.transitions import ENOUGH, KEPT, TOGETHER_S, learn, next_after
from coterie.scheduler.world import World


def world_of(*names: str) -> World:
    world = World(policy("cost"), Limits())
    world.experts |= {name: ExpertRecord(name) for name in names}
    return world


def followed(world: World, names: str, tenant: TenantRecord, gap_s: float = 1.0) -> None:
    for i, name in enumerate(names):
        learn(world, tenant, world.experts[name], tenant.last_at + gap_s * (i + 1))


def test_who_comes_next_is_who_mostly_did() -> None:
    world = world_of("a", "b", "c")
    followed(world, "ab" * 6, TenantRecord("x"))
    followed(world, "ac", TenantRecord("x"))
    assert next_after(world, world.experts["a"]) == "b"


def test_a_few_times_are_not_enough() -> None:
    world = world_of("a", "b")
    followed(world, "ab" * int(ENOUGH - 1), TenantRecord("x"))
    assert next_after(world, world.experts["a"]) == ""


def test_the_same_again_needs_no_load() -> None:
    world = world_of("a")
    followed(world, "a" * 20, TenantRecord("x"))
    assert next_after(world, world.experts["a"]) == ""


@pytest.mark.parametrize(("gap_s", "learnt"), [(1.0, True), (TOGETHER_S + 1.0, False)])
def test_what_comes_much_later_does_not_follow(gap_s: float, learnt: bool) -> None:
    world, tenant = world_of("a", "b"), TenantRecord("x")
    for _ in range(10):
        for name in "ab":
            learn(world, tenant, world.experts[name], tenant.last_at + gap_s)
    assert bool(world.experts["a"].follows) is learnt


def test_one_tenant_does_not_follow_another() -> None:
    world = world_of("a", "b")
    first, second = TenantRecord("x"), TenantRecord("y")
    for i in range(10):
        learn(world, first, world.experts["a"], 2.0 * i)
        learn(world, second, world.experts["b"], 2.0 * i + 1.0)
    assert next_after(world, world.experts["a"]) == ""


def test_few_followers_are_kept() -> None:
    names = [f"e{i}" for i in range(3 * KEPT)]
    world, tenant = world_of("a", *names), TenantRecord("x")
    for i, name in enumerate(names):
        learn(world, tenant, world.experts["a"], 2.0 * i)
        learn(world, tenant, world.experts[name], 2.0 * i + 1.0)
    assert len(world.experts["a"].follows) <= KEPT
