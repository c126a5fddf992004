"""What is drawn of variants, and how much of it."""

from typing import TYPE_CHECKING

from msgspec import structs

from coterie.cli.simulation import drawings
from coterie.cli.simulation.tables import busiest
from coterie.simulator.metrics import metrics
from coterie.simulator.outcome import Outcome, Queue
from coterie.types import Budget
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make


def test_latencies_are_of_good_answers_and_budgets_are_marked(variant: "Make") -> None:
    one = variant("a", Shape(budget=Budget(ttft=1.0), rate=2.0, patience_s=5.0))
    found = drawings.spreads([one])
    assert list(found) == ["ttft", "e2e"]
    assert found["ttft"].data["points"][0][-1][1] == 1.0
    assert "budget 1s" in found["ttft"].svg
    assert "budget" not in found["e2e"].svg


def test_of_many_devices_there_is_a_glance_and_a_map_of_the_busiest(variant: "Make") -> None:
    one = variant("a", Shape(devices=20, experts=80, rate=5.0, requests=600))
    assert list(drawings.fleets([one], one.outcome.end_s)) == ["fleet0"]
    shown = drawings.mapped(one)
    assert len(shown) == drawings.BUSIEST
    assert (
        min(device.loads for device in shown)
        >= sorted(device.loads for device in one.metrics.devices)[-drawings.BUSIEST]
    )
    few = variant("b", Shape(devices=3))
    assert drawings.fleets([few], few.outcome.end_s) == {}
    assert drawings.mapped(few) == few.metrics.devices


def test_the_first_variants_have_a_map_each(variant: "Make") -> None:
    variants = [variant(f"v{place}", Shape(requests=20)) for place in range(6)]
    ranks = {name: place for place, name in enumerate(busiest(variants))}
    assert list(drawings.maps(variants, ranks, 30.0)) == ["map0", "map1", "map2", "map3"]


def test_switches_and_those_who_wait_are_counted_over_time(variant: "Make") -> None:
    one = variant("a", Shape())
    found = drawings.series([one], one.outcome.end_s)
    assert sum(found["switches"].data["values"][0]) == one.metrics.switches
    assert sum(found["switches"].data["peaks"][0]) == one.metrics.loads
    assert max(found["queue"].data["peaks"][0]) == one.metrics.max_waiting


def test_a_shorter_variant_ends_before_the_others(variant: "Make") -> None:
    one = variant("a", Shape(requests=0))
    outcome = Outcome(queue=[Queue(0.0, 4, 0)], end_s=5.0)
    short = structs.replace(one, outcome=outcome, metrics=metrics(one.setup, [], outcome))
    data = drawings.series([short], 10.0)["queue"].data
    parts = len(data["values"][0])
    assert sum(data["values"][0]) / parts == 2.0
    assert data["peaks"][0][-1] == 0
