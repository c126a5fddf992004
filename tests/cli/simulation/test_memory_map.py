"""The map has a lane for each device, and marks what befell them."""

from typing import TYPE_CHECKING

from msgspec import structs

from coterie.cli.simulation.charts import Chart
from coterie.cli.simulation.memory_map import concerns, memory_map
from coterie.cli.simulation.tables import busiest
from coterie.cli.simulation.variant import Variant
from coterie.simulator.metrics import metrics
from coterie.simulator.outcome import Fault
from tests.simulator.synthetic import GIB, Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make

FAULTS = (
    Fault(20.0, "disk", "node-00", 40.0),
    Fault(50.0, "crash", "expert-01@node-00/gpu1", 50.0),
    Fault(60.0, "node", "node-0"),
)
SHAPE = Shape(devices=2, faults=FAULTS)


def drawn(one: Variant, most_stays: int = 3000) -> Chart:
    ranks = {name: place for place, name in enumerate(busiest([one]))}
    return memory_map(
        "map0",
        one,
        one.metrics.devices,
        ranks,
        one.outcome.end_s,
        most_stays=most_stays,
        most_areas=200,
    )


def test_few_stays_are_drawn_one_by_one_and_more_in_means(variant: "Make") -> None:
    one = variant("a", SHAPE)
    exact, means = drawn(one), drawn(one, 3)
    assert [lane["device"] for lane in exact.data["lanes"]] == ["node-00/gpu0", "node-00/gpu1"]
    assert sum(len(lane["stays"]) for lane in exact.data["lanes"]) == len(one.outcome.residences)
    assert all("areas" in lane for lane in means.data["lanes"])
    assert "churn" in means.svg
    assert "churn" not in exact.svg


def test_a_fault_is_marked_on_the_devices_that_it_befell(variant: "Make") -> None:
    chart = drawn(variant("a", SHAPE))
    assert chart.data["faults"] == [
        [20.0, 40.0, "disk", "node-00", [0, 1]],
        [50.0, 50.0, "crash", "expert-01@node-00/gpu1", [1]],
        [60.0, None, "node", "node-0", []],
    ]
    assert chart.svg.count('<path class="fault"') == 3
    assert chart.svg.count('<rect class="fault shade"') == 2


def test_a_fault_concerns_its_node_or_its_replicas_device() -> None:
    assert [concerns(fault, "node-00/gpu1") for fault in FAULTS] == [True, True, False]
    assert [concerns(fault, "node-00/gpu0") for fault in FAULTS] == [True, False, False]


def test_more_than_a_device_has_is_drawn_above_a_line(variant: "Make") -> None:
    one = variant("a", Shape(room=3))
    assert "capacity" not in drawn(one).svg
    setup = structs.replace(
        one.setup,
        devices=tuple(structs.replace(device, hot_bytes=2 * GIB) for device in one.setup.devices),
    )
    found = metrics(setup, one.requests, one.outcome)
    chart = drawn(structs.replace(one, setup=setup, metrics=found))
    assert chart.svg.count('class="capacity"') == 1
    assert chart.data["lanes"][0]["scale"] == 3 * GIB


def test_without_devices_there_is_an_empty_map(variant: "Make") -> None:
    one = variant("a", Shape(requests=0))
    chart = memory_map("map0", one, [], {}, 0.0, most_stays=1, most_areas=1)
    assert chart.data["lanes"] == []
