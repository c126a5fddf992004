"""Luck is the same for the same seed."""

import pytest

from coterie.simulator.faults import Faults, Luck, Planned, changes


def luck(faults: Faults) -> Luck:
    found = Luck()
    found.tempt(faults)
    return found


def test_nothing_befalls_by_default() -> None:
    assert not any(Luck().load_fails() for _ in range(100))
    assert Luck().crashes_after() is None


def test_rates_are_kept_and_seeds_repeat() -> None:
    faults = Faults(crashes_per_hour=60.0, load_fails=0.25, seed=5)
    one, other = luck(faults), luck(faults)
    lives = [one.crashes_after() or 0.0 for _ in range(2000)]
    assert lives == [other.crashes_after() for _ in range(2000)]
    assert sum(lives) / len(lives) == pytest.approx(60.0, rel=0.1)
    assert sum(one.load_fails() for _ in range(2000)) == pytest.approx(500, rel=0.1)


def test_plans_are_told_in_order_and_ends_before_beginnings() -> None:
    first = Planned("node", "a", 5.0, 10.0)
    second = Planned("disk", "b", 15.0, 1.0, 0.5)
    assert list(changes(Faults((second, first)))) == [
        (5.0, first, True),
        (15.0, first, False),
        (15.0, second, True),
        (16.0, second, False),
    ]
