"""A lane is a device: rectangles of stays, or means of parts of the time."""

import re
from itertools import pairwise

from coterie.cli.simulation.charts import PLOT
from coterie.cli.simulation.lanes import Lane, finite, in_means, lanes_of, one_by_one
from coterie.simulator.outcome import FOREVER, Residence
from coterie.simulator.residency import occupancies

RANKS = {"a": 0, "b": 1, "c": 2}
STAYS = [
    Residence("a", "n/x", 50, 0.0, 2.0, 5.0, 6.0, 3, "1 waiting", "room for 'b'"),
    Residence("b", "n/x", 25, 6.0, 7.0),
    Residence("c", "n/x", 25, 1.0, FOREVER, 3.0, 3.0, ending="the load failed"),
]


def lane(stays: list[Residence] = STAYS) -> Lane:
    (found,) = lanes_of(occupancies({"n/x": 100}, stays, 10.0), stays)
    return found


def test_lanes_lie_one_below_the_other_and_are_lower_where_there_are_many() -> None:
    devices = occupancies({f"n/{place}": 10 for place in range(9)}, [], 1.0)
    few, many = lanes_of(devices[:2], []), lanes_of(devices, [])
    assert few[0].height > many[0].height
    assert all(one.top + one.height < two.top for one, two in pairwise(many))


def test_a_lane_of_many_stays_is_higher() -> None:
    stays = [Residence(f"e{place}", "n/x", 1, 0.0, 1.0) for place in range(40)]
    assert lane(stays).height > lane().height
    assert lane(stays * 20).height == 900


def test_a_stay_is_a_rectangle_as_wide_as_it_is_long_and_as_high_as_it_is_large() -> None:
    svg, told = one_by_one(lane(), RANKS, 10.0, 10.0)
    height = lane().height
    found = re.search(r'class="x0" d="M0 ([\d.]+)h([\d.]+)v([\d.]+)', svg)
    assert found is not None
    top, width, size = map(float, found.groups())
    assert (top, width, size) == (height / 2, PLOT * 0.6, height / 2)
    assert told["stays"][0] == [
        0,
        50,
        0.0,
        2.0,
        5.0,
        6.0,
        3,
        "1 waiting",
        "room for 'b'",
        height,
        height / 2,
    ]
    assert told["stays"][1][3:6] == [7.0, None, None]


def test_loading_and_leaving_are_hatched() -> None:
    svg, _ = one_by_one(lane(), RANKS, 10.0, 10.0)
    loading = re.search(r'class="loading" d="([^"]*)"', svg)
    leaving = re.search(r'class="leaving" d="([^"]*)"', svg)
    assert loading is not None
    assert leaving is not None
    assert loading[1].count("M") == 3  # the third loads until it fails
    assert leaving[1].count("M") == 1


def test_what_stays_to_the_end_is_drawn_to_the_variants_own_end() -> None:
    svg, _ = one_by_one(lane(), RANKS, 10.0, 20.0)
    found = re.search(r'class="x1" d="M([\d.]+) [\d.]+h([\d.]+)', svg)
    assert found is not None
    assert float(found[1]) + float(found[2]) == PLOT / 2


def test_means_are_stacked_the_largest_below_and_the_rest_together() -> None:
    svg, told = in_means(lane(), RANKS, 10.0, 10.0, 1)
    assert [area[0] for area in told["areas"]] == [0, -1]
    assert told["others"] == 2
    assert svg.count('class="x0"') == svg.count('class="xo"') == 1
    step = told["step"]
    bytes_s = sum(told["areas"][0][1:]) * 100 / 1000 * step
    assert round(bytes_s) == 50 * 6
    assert sum(told["loads"]) == 3


def test_for_ever_is_nothing_in_json() -> None:
    assert [finite(FOREVER), finite(1.23456)] == [None, 1.2346]
