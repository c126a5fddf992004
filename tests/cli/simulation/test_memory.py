"""The part of the page on memory over time."""

from typing import TYPE_CHECKING

from coterie.cli.simulation import drawings
from coterie.cli.simulation.charts import Chart
from coterie.cli.simulation.memory import MOST_NAMES, memory, signs
from coterie.cli.simulation.tables import busiest
from coterie.cli.simulation.variant import Variant
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make


def charts(variants: list[Variant]) -> dict[str, dict[str, Chart]]:
    end_s = max(variant.outcome.end_s for variant in variants)
    ranks = {name: place for place, name in enumerate(busiest(variants))}
    return {
        "maps": drawings.maps(variants, ranks, end_s),
        "fleets": drawings.fleets(variants, end_s),
        "series": drawings.series(variants, end_s),
    }


def test_maps_come_one_below_the_other_each_with_its_table(variant: "Make") -> None:
    variants = [variant(f"v<{place}>", Shape(requests=30)) for place in range(5)]
    html = memory(variants, charts(variants), {0: "<x>"})
    assert html.count("<summary>As a table</summary>") == 4
    assert "1 more simulations have no map here" in html
    assert "&lt;x&gt;</button>" in html
    assert "v&lt;0&gt;" in html


def test_a_single_one_needs_no_heading_and_the_legend_is_short(variant: "Make") -> None:
    one = [variant("alone", Shape(requests=30))]
    names = {place: f"e{place}" for place in range(MOST_NAMES + 3)}
    html = memory(one, charts(one), names)
    assert "alone</h3>" not in html
    assert "and 3 more" in html
    assert html.count("data-expert=") == MOST_NAMES


def test_many_devices_and_many_stays_are_said_to_be_so(variant: "Make") -> None:
    fleet = [variant("a", Shape(devices=20, experts=60))]
    assert "The 8 devices with the most loads" in memory(fleet, charts(fleet), {})
    busy = [variant("a", Shape(requests=8000, rate=0.5, experts=20))]
    assert "Means over" in memory(busy, charts(busy), {})


def test_hatches_are_there_twice() -> None:
    assert signs().count("<pattern") == 4
