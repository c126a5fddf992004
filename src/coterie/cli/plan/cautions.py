"""What to be warned of before the first request comes, why, and what to do about it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import combinations

from coterie.cli.plan.apart import Found, of_pairs
from coterie.cli.plan.bare import Typical, Undisturbed
from coterie.cli.plan.caution import MOST_NAMES, Caution
from coterie.cli.plan.hosted import Fit, Held, candidates, distinct
from coterie.cli.plan.points_of_failure import points_of_failure
from coterie.cli.plan.timings import timings
from coterie.cli.simulation.modelled import Modelled
from coterie.config import fit_problems, format_duration, format_size
from coterie.config.finding import listed
from coterie.config.permission import experts_of

FULL = 0.95


def cautions(
    found: Modelled, fit: Fit, apart: Found, usual: Mapping[str, Typical]
) -> list[Caution]:
    """All of them, the serious ones first. `usual`: what is known of an expert's requests."""
    misfits = fit_problems(found.composition, found.footprints)
    crowded = list(_crowded_out(found, fit))
    every = [
        *(Caution("misfit", "serious", one.path, one.message, "") for one in misfits),
        *crowded,
        *_absent(found, fit, {one.subject for one in crowded}),
        *points_of_failure(found),
        *_memories(found, fit),
        *_beside(apart),
        *_flows(found),
        *timings(found, usual),
    ]
    return ranked(every)


def ranked(found: Sequence[Caution]) -> list[Caution]:
    """Serious ones first, else in their order."""
    return sorted(found, key=lambda one: one.level != "serious")


def _absent(found: Modelled, fit: Fit, told: Set[str]) -> Iterator[Caution]:
    """What is to be hot from the start, and is not: the scheduler places one after the other.
    `told`: of whom that is said already.
    """
    there = told | {one.expert for one in fit.taken if one.replicas}
    for one in found.composition.experts:
        if (one.pin or one.preload) and one.name not in there:
            yield Caution(
                "absent",
                "serious" if one.pin else "notable",
                one.name,
                f"{one.name!r} is {'pinned' if one.pin else 'to be preloaded'} and not hot at the "
                "start: those that are placed before it leave no room for it",
                "give a device more `hot`, or say on which `devices` each of them runs",
            )


def _crowded_out(found: Modelled, fit: Fit) -> Iterator[Caution]:
    """Pins are never evicted: what does not fit beside them is never loaded."""
    setup = found.setup
    pinned = {one.expert for one in setup.experts if one.pinned}
    if not pinned:
        return
    if len(pinned) == len(setup.experts) > 1:
        yield Caution(
            "pins",
            "notable",
            found.composition.name,
            f"all {len(pinned)} experts are pinned: none of them ever makes room for another",
            "pin those that must answer at once, and let the others share what is left",
        )
    held = {
        one.place: [name for name in one.experts if name in pinned]
        for one in fit.memories
        if one.tier == "hot"
    }
    sizes = {device.device: device.hot_bytes for device in setup.devices}
    for one in setup.experts:
        parts = setup.anywhere(one.expert).parts
        devices = [
            device
            for device in (one.devices or sizes)
            if device in sizes and distinct(parts) <= sizes[device]
        ]
        lacking = []
        for device in devices:
            beside = [part for name in held[device] for part in setup.anywhere(name).parts]
            lacking.append(distinct((*beside, *parts)) - sizes[device])
        if lacking and min(lacking) > 0:
            device = devices[lacking.index(min(lacking))]
            yield Caution(
                "crowded_out",
                "serious",
                one.expert,
                f"{one.expert!r} never fits beside what is pinned on "
                f"{listed(devices, MOST_NAMES)}: its requests wait in vain, and are refused after "
                f"`limits.wait`, {format_duration(setup.limits.wait)}",
                f"give {device!r} {format_size(min(lacking))} more, or unpin one of "
                f"{listed(held[device], MOST_NAMES)}",
            )


def _memories(found: Modelled, fit: Fit) -> Iterator[Caution]:
    """Memories that are full, or too small."""
    undisturbed = Undisturbed(found.setup)
    for one in fit.memories:
        share = one.share or 0.0
        if one.tier == "hot" and share > FULL:
            left = format_size(max(0, one.offered_bytes - one.used_bytes))
            yield Caution(
                "full",
                "notable",
                one.place,
                f"{one.place!r} is filled to {share:.1%} at the start, {left} are free: replicas "
                "that take more than was estimated have nowhere to grow",
                "leave a twentieth free: preload fewer experts, or give it more `hot`",
            )
        elif one.tier == "host" and share > 1.0:
            yield _host(found, undisturbed, one)
        elif one.tier == "disk" and share > 1.0:
            yield Caution(
                "disk",
                "serious",
                one.place,
                f"weights that are fetched to {one.place!r} take {format_size(one.used_bytes)}, "
                f"and its `disk` is {format_size(one.offered_bytes)}: some will not be fetched",
                f"raise `disk` by {format_size(one.used_bytes - one.offered_bytes)}",
            )


def _host(found: Modelled, undisturbed: Undisturbed, held: Held) -> Caution:
    setup, node = found.setup, held.place
    used_bytes, offered_bytes = held.used_bytes, held.offered_bytes
    devices = [device.device for device in setup.devices if device.node == node]
    names = candidates(setup.experts, devices)
    largest = max(names, key=lambda name: (found.cards[name].weight_bytes, name))
    takes = undisturbed.takes(largest, device=devices[0])
    assert takes is not None
    slower = (
        f": a load of {largest!r} from there takes {format_duration(takes.cold_load_s)} instead "
        f"of {format_duration(takes.load_s)}"
        if takes.cold_load_s > takes.load_s
        else ""
    )
    return Caution(
        "host",
        "notable",
        node,
        f"weights take {format_size(used_bytes)}, and the host memory of {node!r} holds "
        f"{format_size(offered_bytes)} of them: the rest is read from disk{slower}",
        f"{format_size(used_bytes - offered_bytes)} more of host memory would hold them all",
    )


def _beside(apart: Found) -> Iterator[Caution]:
    for one in apart.alone:
        yield Caution(
            "alone",
            "notable",
            one.expert,
            f"{one.expert!r} leaves {format_size(one.free_bytes)} free where there is most, and no "
            f"other expert fits beside it: each of its loads evicts all others there",
            f"{format_size(one.least_bytes - one.free_bytes)} more would hold the smallest beside "
            "it; or less `context` or `parallel`",
        )


def _flows(found: Modelled) -> Iterator[Caution]:
    """Flows, each request of which evicts its own experts."""
    composition = found.composition
    by_name = {flow.name: flow for flow in composition.flows}
    names = {alias: one.name for one in composition.experts for alias in one.aliases}
    for flow in composition.flows:
        experts = sorted({names.get(one, one) for one in experts_of(flow.name, by_name)})
        turns = [one for one in of_pairs(found.setup, combinations(experts, 2)) if one.takes_turns]
        if turns:
            pair = turns[0]
            lacking = format_size(pair.needed_bytes - pair.most_bytes)
            yield Caution(
                "flow",
                "notable",
                flow.name,
                f"flow {flow.name!r} asks {listed(pair.experts)}, which are never hot at the same "
                f"time: they need {format_size(pair.needed_bytes)} of "
                f"{format_size(pair.most_bytes)}, so each of its requests waits for loads",
                f"{lacking} more hot memory holds both",
            )
