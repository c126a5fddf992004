"""What a page draws of its variants, each kind of chart by its name."""

from collections.abc import Mapping, Sequence

from coterie.cli.simulation.charts import Chart, Lines, spread, steps
from coterie.cli.simulation.fleet import fleet
from coterie.cli.simulation.memory_map import memory_map
from coterie.cli.simulation.scales import Bins
from coterie.cli.simulation.variant import Variant
from coterie.config import format_duration
from coterie.simulator.outcome import Residence
from coterie.simulator.residency import Occupancy, switches

MOST_STAYS = 3000  # drawn one by one, in all maps
MOST_AREAS = 200  # drawn where there are more, in all maps
MOST_DEVICES = 16  # of a map; of more, the BUSIEST
BUSIEST = 8
MOST_MAPS = 4
MOST_BUDGETS = 3


def spreads(variants: Sequence[Variant]) -> dict[str, Chart]:
    """`ttft` and `e2e`: how long answers took."""
    budgets = {request.budget for variant in variants for request in variant.requests}
    found = {}
    for name, said in (("ttft", "first token"), ("e2e", "whole answer")):
        lines = []
        for variant in variants:
            good = (answer for answer in variant.outcome.answers if answer.is_good)
            times = (answer.first_s if name == "ttft" else answer.total_s for answer in good)
            lines.append((variant.name, sorted(one for one in times if one is not None)))
        bounds = sorted({getattr(budget, name) for budget in budgets} - {0.0})
        shown = bounds if len(bounds) <= MOST_BUDGETS else []
        found[name] = spread(name, f"Distribution of times to the {said}", lines, shown)
    return found


def fleets(variants: Sequence[Variant], end_s: float) -> dict[str, Chart]:
    """`fleet0` and on, of variants with more devices than a map has."""
    return {
        f"fleet{place}": fleet(f"fleet{place}", variant, end_s)
        for place, variant in enumerate(variants[:MOST_MAPS])
        if len(variant.metrics.devices) > MOST_DEVICES
    }


def maps(variants: Sequence[Variant], ranks: Mapping[str, int], end_s: float) -> dict[str, Chart]:
    """`map0` and on."""
    shown = variants[:MOST_MAPS]
    return {
        f"map{place}": memory_map(
            f"map{place}",
            variant,
            mapped(variant),
            ranks,
            end_s,
            most_stays=MOST_STAYS // len(shown),
            most_areas=MOST_AREAS // len(shown),
        )
        for place, variant in enumerate(shown)
    }


def mapped(variant: Variant) -> list[Occupancy]:
    """The devices of a variant's map: all, or the busiest."""
    devices = variant.metrics.devices
    if len(devices) <= MOST_DEVICES:
        return devices
    return sorted(devices, key=lambda one: (-one.loads, one.device))[:BUSIEST]


def series(variants: Sequence[Variant], end_s: float) -> dict[str, Chart]:
    """`switches` and `queue`, over time."""
    bins = Bins(end_s)
    said = f"Switches and loads in each {format_duration(bins.step_s)}"
    switched = [_switched(variant, bins) for variant in variants]
    waiting = [_waiting(variant, bins) for variant in variants]
    words = (" switches", " loads"), (" waiting on average", " at most")
    return {
        "switches": steps("switches", said, switched, bins, end_s, words[0]),
        "queue": steps("queue", "Requests that wait", waiting, bins, end_s, words[1]),
    }


def _switched(variant: Variant, bins: Bins) -> Lines:
    by_device: dict[str, list[Residence]] = {}
    for stay in variant.outcome.residences:
        by_device.setdefault(stay.device, []).append(stay)
    found = [one.from_s for stays in by_device.values() for one in switches(stays)]
    loads = bins.counted(stay.from_s for stay in variant.outcome.residences)
    return Lines(variant.name, bins.counted(found), loads)


def _waiting(variant: Variant, bins: Bins) -> Lines:
    means, peaks = [0.0] * bins.count, [0] * bins.count
    queue, end_s = variant.outcome.queue, variant.outcome.end_s
    for place, moment in enumerate(queue):
        to_s = min(queue[place + 1].at_s, end_s) if place + 1 < len(queue) else end_s
        bins.add(means, moment.at_s, to_s, moment.waiting)
        if moment.waiting:
            for part in range(bins.of(moment.at_s), bins.of(to_s) + 1):
                peaks[part] = max(peaks[part], moment.waiting)
    return Lines(variant.name, means, peaks)
