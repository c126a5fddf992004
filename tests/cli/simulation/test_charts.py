"""Charts are drawn to scale."""

import re

import pytest

from coterie.cli.simulation.charts import (
    PLOT,
    Lines,
    curve,
    cut,
    log_share,
    over_time,
    short,
    spread,
    stair,
    steps,
)
from coterie.cli.simulation.scales import Bins


def test_a_curve_goes_up_to_all_of_them_and_has_few_points() -> None:
    assert curve([]) == []
    assert curve([1.0, 2.0]) == [(1.0, 0.5), (2.0, 1.0)]
    points = curve([float(place) for place in range(1_000_000)])
    assert len(points) <= 400
    assert points == sorted(points)
    assert points[0] == (0.0, 1e-6)
    assert points[-1] == (999_999.0, 1.0)
    assert sum(share > 0.99 for _, share in points) > 50  # the tail is what is looked at


def test_durations_lie_by_their_logarithm() -> None:
    assert [log_share(seconds, 0.01, 1.0) for seconds in (0.001, 0.01, 0.1, 1.0)] == [
        0,
        0,
        pytest.approx(0.5),
        1,
    ]


def test_a_stair_has_a_step_for_each_change() -> None:
    assert stair([1, 1, 3], 10, 2, 100) == "M0 98H20V94H30"
    assert stair([], 10, 2, 100) == ""


def test_coordinates_are_short() -> None:
    assert [short(one) for one in (1.0, 0.5, 1 / 3, -0.001, 120.0)] == [
        "1",
        "0.5",
        "0.33",
        "0",
        "120",
    ]


def test_long_names_are_cut_in_their_middle() -> None:
    assert cut("short") == "short"
    assert cut("a-very-long-name-of-an-expert", 11) == "a-ver…xpert"
    assert len(cut("x" * 99)) == 20


def test_spreads_of_nothing_are_empty_charts() -> None:
    chart = spread("ttft", "said <b>", [("a", [])], [])
    assert chart.data["points"] == [[]]
    assert 'aria-label="said &lt;b&gt;"' in chart.svg
    assert 'class="line' not in chart.svg


def test_budgets_are_marked_where_they_are_in_sight() -> None:
    chart = spread("ttft", "", [("a", [0.1, 1.0, 10.0])], [2.0, 5000.0])
    assert re.findall(r"budget (\w+)", chart.svg) == ["2s"]


def test_durations_of_nothing_at_all_are_drawn_at_the_left() -> None:
    chart = spread("ttft", "", [("a", [0.0, 0.0, 1.0])], [])
    assert "nan" not in chart.svg
    assert chart.data["points"][0][0][0] == 0.0


def test_a_stepped_chart_tells_its_values_and_peaks() -> None:
    bins = Bins(10.0, 5)
    lines = [
        Lines("<a>", [1.0, 2.0, 0.0, 0.0, 0.0], [2, 2, 0, 0, 0]),
        Lines("b", [0.0] * 5, [0] * 5),
    ]
    chart = steps("queue", "said", lines, bins, 10.0, (" waiting", " at most"))
    assert chart.data == {
        "step": 2.0,
        "words": (" waiting", " at most"),
        "names": ["<a>", "b"],
        "values": [[1.0, 2.0, 0.0, 0.0, 0.0], [0.0] * 5],
        "peaks": [[2, 2, 0, 0, 0], [0] * 5],
    }
    assert "&lt;a&gt;" in chart.svg
    assert chart.svg.count('class="line v') == 4  # and their keys


def test_time_is_drawn_from_end_to_end() -> None:
    svg = over_time("x", "said", 50, 10.0, "")
    ticks = [float(x) for x in re.findall(r'<text x="([\d.]+)"', svg)]
    assert ticks[-1] - ticks[0] == PLOT
    assert over_time("x", "said", 50, 0.0, "").count("<text") == 1
