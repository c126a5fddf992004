import pytest

from coterie.hardware.overlaps import Count, Home, Ride


def test_a_count_sums_itself_over_time() -> None:
    count = Count()
    count.add(1, 1.0)
    count.add(2, 2.0)
    count.add(-1, 4.0)
    assert count.until(5.0) == 1.0 + 2 * 3.0 + 2.0
    assert count.count == 2


def test_a_ride_knows_who_was_there_on_average_from_its_mark_on() -> None:
    machine = Count()
    home = Home(machine)
    home.answers.add(1, 0.0)
    machine.add(1, 0.0)
    ride = Ride("a@n/d", home, 10.0, is_first=False, is_whole=True)
    ride.mark(10.0)
    home.prompts.add(1, 10.0)
    home.answers.add(-1, 15.0)
    machine.add(1, 15.0)
    assert list(ride.others(20.0)) == pytest.approx([1.0, 0.5, 1.5])
