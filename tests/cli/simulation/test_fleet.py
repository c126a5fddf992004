"""Many devices at a glance."""

from typing import TYPE_CHECKING

from coterie.cli.simulation.fleet import MOST_ROWS, fleet
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make


def test_each_device_has_its_row_and_neighbours_share_one_where_there_are_many(
    variant: "Make",
) -> None:
    few = variant("few", Shape(devices=20, experts=40))
    many = variant("many", Shape(devices=70, experts=140))
    for one, rows in ((few, 20), (many, 24)):
        chart = fleet("fleet0", one, one.outcome.end_s)
        assert len(chart.data["names"]) == rows <= MOST_ROWS
        assert sum(map(sum, chart.data["loads"])) == len(one.outcome.residences)
    assert chart.data["names"][0] == "node-00/gpu0 and 2 more"
    assert chart.data["names"][-1] == "node-08/gpu5"


def test_where_nothing_happens_nothing_is_dark(variant: "Make") -> None:
    chart = fleet("fleet0", variant("nothing", Shape(devices=20, requests=0)), 0.0)
    assert "churn" not in chart.svg
