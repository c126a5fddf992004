"""What replicas' stays on devices come to: bytes over time, switches, and experts that come back as
soon as they have gone.
"""

from ast import literal_eval
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from coterie.simulator.outcome import FOREVER, Residence

ROOM = "room for "
"""How the scheduler begins to say why one left, where that was for another's sake."""
RETURN_S = 60.0
"""An expert that is loaded again so soon after its eviction has returned."""


class Occupancy(Struct, frozen=True):
    """What lay on a device from the beginning to the end. Bytes that replicas share count for each
    of them. Shares are of `hot_bytes`, None where that is not known.
    """

    device: str
    hot_bytes: int
    mean_bytes: float
    peak_bytes: int
    mean_share: float | None
    peak_share: float | None
    loads: int
    switches: int
    evictions: int


class Return(Struct, frozen=True):
    """How often one of two experts was evicted for the other and loaded again within RETURN_S."""

    experts: tuple[str, str]
    times: int


def evicted_for(stay: Residence) -> str:
    """The expert that one left for; empty: it did not leave, or not for another's sake."""
    if not stay.ending.startswith(ROOM):
        return ""
    said = stay.ending[len(ROOM) :]
    return str(literal_eval(said)) if "\\" in said else said[1:-1]


def is_hot(spans: Sequence[tuple[float, float]], at_s: float) -> bool:
    """Whether a moment lies within one of the `hot_spans`."""
    place = bisect_right(spans, (at_s, FOREVER))
    return place > 0 and at_s < spans[place - 1][1]


def hot_spans(stays: Iterable[Residence]) -> dict[str, list[tuple[float, float]]]:
    """When each expert could answer, wherever: (from, to) in order, none of which overlap."""
    found: dict[str, list[tuple[float, float]]] = {}
    for stay in stays:
        if stay.hot_s < stay.leaves_s:
            found.setdefault(stay.expert, []).append((stay.hot_s, stay.leaves_s))
    return {expert: _merged(sorted(spans)) for expert, spans in found.items()}


def length_s(spans: Iterable[tuple[float, float]], end_s: float) -> float:
    """Seconds of the spans before the end."""
    return sum(max(0.0, min(to, end_s) - begin) for begin, to in spans)


def occupancies(
    hot_bytes: Mapping[str, int], stays: Sequence[Residence], end_s: float
) -> list[Occupancy]:
    """A row for each device: those of `hot_bytes` first, then others that something lay on."""
    by_device: dict[str, list[Residence]] = {device: [] for device in hot_bytes}
    for stay in stays:
        by_device.setdefault(stay.device, []).append(stay)
    return [
        _occupancy(device, hot_bytes.get(device, 0), own, end_s)
        for device, own in by_device.items()
    ]


def switches(stays: Sequence[Residence]) -> list[Residence]:
    """The loads for which something was evicted, on one device. Loads into free memory, as at the
    beginning, are none.
    """
    # Of what happens at one moment, leaving comes first: its bytes are what the load was given.
    moments: list[tuple[float, int, int]] = []
    for number, stay in enumerate(stays):
        moments.append((stay.from_s, 1, number))
        if evicted_for(stay):
            moments.append((stay.gone_s, 0, number))
    awaited: set[str] = set()
    found = []
    for _, is_load, number in sorted(moments):
        stay = stays[number]
        if not is_load:
            awaited.add(evicted_for(stay))
        elif stay.expert in awaited:
            awaited.discard(stay.expert)
            found.append(stay)
    return found


def returns(stays: Iterable[Residence]) -> list[Return]:
    """Pairs of experts that chase each other, the most frequent first."""
    by_expert: dict[str, list[Residence]] = {}
    for stay in stays:
        by_expert.setdefault(stay.expert, []).append(stay)
    counts: Counter[tuple[str, str]] = Counter()
    for expert, own in by_expert.items():
        begins = sorted(stay.from_s for stay in own)
        for stay in own:
            other = evicted_for(stay)
            place = bisect_left(begins, stay.leaves_s)
            if other and place < len(begins) and begins[place] - stay.leaves_s <= RETURN_S:
                counts[min(expert, other), max(expert, other)] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Return(experts, times) for experts, times in ranked]


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for begin, to in spans:
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], to))
        else:
            found.append((begin, to))
    return found


def _occupancy(device: str, hot_bytes: int, stays: list[Residence], end_s: float) -> Occupancy:
    # What leaves at a moment has left before anything else takes its place.
    changes = [(min(max(stay.from_s, 0.0), end_s), stay.size_bytes) for stay in stays]
    changes += [(min(max(stay.gone_s, 0.0), end_s), -stay.size_bytes) for stay in stays]
    changes.sort()
    changes.append((end_s, 0))
    held = peak = 0
    area = 0.0
    for (at_s, size_bytes), (next_s, _) in pairwise(changes):
        held += size_bytes
        area += held * (next_s - at_s)
        peak = max(peak, held)
    mean = area / end_s if end_s > 0 else 0.0
    return Occupancy(
        device=device,
        hot_bytes=hot_bytes,
        mean_bytes=mean,
        peak_bytes=peak,
        mean_share=mean / hot_bytes if hot_bytes else None,
        peak_share=peak / hot_bytes if hot_bytes else None,
        loads=len(stays),
        switches=len(switches(stays)),
        evictions=sum(bool(evicted_for(stay)) for stay in stays),
    )
