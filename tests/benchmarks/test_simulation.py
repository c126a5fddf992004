"""What is compared, and with what."""

from typing import Any

import pytest

from benchmarks.simulation import compared, shifted
from benchmarks.worker_figures import Samples, figures_of
from coterie.workloads import Arrival


def row(answered: float, p50_s: float, loads: int) -> dict[str, Any]:
    return {
        "load": "1",
        "system": "lru",
        "sent": 10,
        "in time": 9,
        "refused": 0,
        "answered/s": answered,
        "p50 s": p50_s,
        "p95 s": 2 * p50_s,
        "loads": loads,
    }


def test_medians_are_compared_and_the_live_run_that_is_furthest_off_is_told() -> None:
    live = [row(1.0, 0.5, 10), row(1.0, 0.4, 10), row(1.0, 0.8, 12)]
    model = [row(1.1, 0.4, 9), row(1.1, 0.6, 9), row(1.1, 0.3, 9)]
    said = {one["how"]: one for one in compared(live, model)}
    assert said["live"]["p50 s"] == 0.5
    assert said["simulated"]["p50 s"] == 0.4
    assert said["error"]["p50 s"] == pytest.approx(-0.2)
    assert said["error"]["answered/s"] == pytest.approx(0.1)
    assert said["error"]["loads"] == pytest.approx(-0.1)
    assert said["spread"]["p50 s"] == pytest.approx(0.6)
    assert said["error"]["sent"] is None


def test_after_a_shift_the_least_asked_for_are_asked_for_most() -> None:
    before = [Arrival(float(i), "expert-00", 8, 8) for i in range(8)]
    before += [Arrival(8.0 + i, "expert-01", 8, 8) for i in range(2)]
    after = shifted(before, 4.0)
    assert [one.expert for one in after[:4]] == ["expert-00"] * 4
    assert {one.expert for one in after[4:8]} == {"expert-26"}
    assert {one.expert for one in after[8:]} == {"expert-25"}
    assert [one.at_s for one in after] == [one.at_s for one in before]


def test_figures_are_the_medians_of_what_was_measured_before_and_after() -> None:
    one = Samples([0.2, 0.4], [0.02], {4: [0.01], 512: [0.5]}, [0.01], [0.01], [0.02])
    other = Samples([0.3], [0.04], {4: [0.03], 512: [0.7, 0.6]}, [0.01], [0.02], [0.02])
    figures = figures_of(one + other)
    assert figures.load_work == 0.3
    assert figures.unload_s == pytest.approx(0.03)
    assert figures.prompt_points == ((6.0, 0.04), (514.0, 1.2))
    assert figures.output_threads == pytest.approx(1.5)
    assert figures.output_pace * figures.output_threads == pytest.approx(100.0)
    assert figures.batch_share == pytest.approx(0.0)
    assert (one + other).pace == pytest.approx(512 / 0.6)
