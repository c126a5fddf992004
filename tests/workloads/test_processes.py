from collections.abc import Callable
from itertools import islice, pairwise, takewhile
from random import Random
from statistics import fmean, pstdev

import pytest

from coterie.workloads.processes import (
    Constant,
    Diurnal,
    Gamma,
    OnOff,
    Poisson,
    Process,
    Stepped,
    Weibull,
    weibull_cv,
)


def times(process: Process, until_s: float, seed: int = 1) -> list[float]:
    return list(takewhile(lambda at_s: at_s < until_s, process.times(Random(seed))))


def cv(process: Process, count: int = 40_000) -> float:
    gaps = [two - one for one, two in pairwise(islice(process.times(Random(7)), count))]
    return pstdev(gaps) / fmean(gaps)


EVERY: list[Process] = [
    Constant(10),
    Poisson(10),
    Gamma(10, 2.0),
    Gamma(10, 0.5),
    Weibull(10, 2.0),
    OnOff(30, 4.0, 8.0),
    OnOff(18, 2.0, 2.0, 2.0),
    Diurnal(10, 0.8, period_s=100.0, peak_s=30.0),
    Stepped(((0, 5), (60, 15)), period_s=120.0),
    Stepped(((0, 10),)),
]


@pytest.mark.parametrize("process", EVERY, ids=repr)
def test_as_many_come_as_are_expected_in_order_and_the_same_by_seed(process: Process) -> None:
    found = times(process, 2400)
    assert len(found) == pytest.approx(process.expected(2400), rel=0.06)
    assert process.expected(2400) == pytest.approx(24_000, rel=1e-9)
    assert found == sorted(found)
    assert found[0] >= 0
    assert times(process, 50) == found[: len(times(process, 50))]


@pytest.mark.parametrize("process", [Gamma(1, 6.0), Weibull(1, 6.0), Gamma(1, 0.3)], ids=repr)
def test_a_process_begins_in_its_stationary_state(process: Process) -> None:
    """Begun with an arrival, cv 6 would give 17.5 requests more than the rate says."""
    counts = [len(times(process, 40, seed)) for seed in range(1500)]
    assert fmean(counts) == pytest.approx(40, rel=0.08)


@pytest.mark.parametrize("wanted", [0.5, 1.0, 2.0])
def test_gaps_have_the_variation_that_is_asked_for(wanted: float) -> None:
    assert cv(Gamma(5, wanted)) == pytest.approx(wanted, rel=0.04)
    assert cv(Weibull(5, wanted)) == pytest.approx(wanted, rel=0.06)
    assert cv(Poisson(5)) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("wanted", [0.02, 0.3, 1.0, 5.0, 40.0])
def test_the_shape_of_a_weibull_gives_its_variation(wanted: float) -> None:
    assert weibull_cv(Weibull(1, wanted).shape) == pytest.approx(wanted, rel=1e-6)
    assert Weibull(1, 1.0).shape == pytest.approx(1.0)


def test_requests_come_in_bursts_and_then_none() -> None:
    gaps = [two - one for one, two in pairwise(times(OnOff.of_rate(5, 10, 30), 4000))]
    assert OnOff.of_rate(5, 10, 30).on_rate == 20
    assert sum(gap > 5 for gap in gaps) == pytest.approx(100, rel=0.25)
    assert max(gap for gap in gaps if gap < 1) < 1


def test_a_day_has_a_peak_and_a_trough() -> None:
    found = times(Diurnal(20, 0.9, period_s=100, peak_s=50), 1000)
    peak = sum(40 <= at_s % 100 < 60 for at_s in found)
    trough = sum(at_s % 100 < 10 or at_s % 100 >= 90 for at_s in found)
    assert peak / trough > 8


def test_steps_hold_their_rates() -> None:
    found = times(Stepped(((0, 2), (100, 0), (200, 20))), 300)
    assert sum(at_s < 100 for at_s in found) == pytest.approx(200, rel=0.2)
    assert not any(100 <= at_s < 200 for at_s in found)
    assert sum(at_s >= 200 for at_s in found) == pytest.approx(2000, rel=0.06)


def test_a_last_step_of_nothing_ends_it() -> None:
    steps = Stepped(((0, 5), (10, 0)))
    assert max(steps.times(Random(0))) < 10
    assert steps.expected(1000) == 50


def test_constant_times_keep_their_distance() -> None:
    assert list(islice(Constant(4).times(Random(0)), 3)) == [0.0, 0.25, 0.5]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Poisson(0), "`rate` is 0"),
        (lambda: Constant(float("inf")), "`rate` is inf"),
        (lambda: Gamma(1, 0), "`cv` is 0"),
        (lambda: Weibull(1, float("nan")), "`cv` is nan"),
        (lambda: OnOff(1, 0, 1), "`on_s` is 0"),
        (lambda: OnOff(1, 1, 1, -1), "`off_rate` is -1"),
        (lambda: Diurnal(1, 1.5), "`swing` is 1.5"),
        (lambda: Stepped(()), "expected to rise from 0"),
        (lambda: Stepped(((5, 1),)), "expected to rise from 0"),
        (lambda: Stepped(((0, 1), (0, 2))), "expected to rise from 0"),
        (lambda: Stepped(((0, 0),)), "send nothing"),
        (lambda: Stepped(((0, 1), (50, 2)), period_s=20), "ends before its last step"),
    ],
)
def test_what_is_no_process_is_refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
