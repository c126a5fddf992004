"""Bounds and costs of placements, counted anew from the formulas: without units, programs, or
figures of a question.
"""

from collections import defaultdict
from collections.abc import Iterable
from random import Random

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.state import DeviceState, Options
from coterie.types import Part, replica_id
from tests.planner.recomposition.worlds import World, device, expert, world

KNOTS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
ROOM_KNOTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)


def homes(seed: int) -> World:
    """Each expert has one device that it may be on, so nothing is split, and waits if need be."""
    draw = Random(seed)
    devices = tuple(
        device(
            name,
            draw.choice((3_001, 4_003, 6_007)),
            rate=draw.choice((500.0, 2_000.0)),
            capacity=draw.choice((0.0, 1.0, 3.0)),
            host_bytes=draw.choice((0, 0, 7_001)),
        )
        for name in ("a/gpu0", "a/gpu1", "b/gpu0")[: draw.randint(1, 3)]
    )
    experts = tuple(
        expert(
            f"e{number}",
            Part(draw.choice(("base", f"own{number}")), draw.choice((1_009, 2_003))),
            draw.choice((307, 1_103)),
            warm=draw.choice(((), (3_500,), (Part("base", 2_003),))),
            start_s=draw.choice((0.0, 1.0)),
            pinned=draw.random() < 0.15,
            devices=(draw.choice(devices).device,),
        )
        for number in range(draw.randint(3, 6))
    )
    asked = {
        one.name: ExpertForecast(
            one.name, rate=draw.choice((0.0, 0.02, 0.1, 0.3)), work_s=draw.choice((0.0, 0.5, 2.0))
        )
        for one in experts
    }
    replicas = tuple(replica_id(one.name, one.devices[0]) for one in experts if draw.random() < 0.4)
    options = Options(
        margin=draw.choice((0.0, 1.5, 20.0)),
        budget_bytes=draw.choice((None, None, 3_000)),
        patience_s=1e5,  # nobody goes away
    )
    return world(experts, devices, replicas, asked, options)


class ByHand:
    """Of a world of `homes`: placements are the names of experts that are resident."""

    def __init__(self, given: World) -> None:
        self.given = given
        self.experts = {one.name: one for one in given.state.experts}
        self.devices = {one.device: one for one in given.state.devices}
        self.there = {name.partition("@")[0] for name in given.state.replicas}

    def home(self, name: str) -> DeviceState:
        return self.devices[self.experts[name].devices[0]]

    def hot(self, names: Iterable[str]) -> dict[str, int]:
        """Bytes that each device holds, each digest once at its largest."""
        return _distinct(
            (self.home(name).device, part)
            for name in names
            for part in self.experts[name].footprint.hot
        )

    def warm(self, names: Iterable[str]) -> dict[str, int]:
        return _distinct(
            (self.home(name).node, part)
            for name in names
            for part in self.experts[name].footprint.warm
        )

    def fits(self, names: Iterable[str]) -> bool:
        names = set(names)
        hosts: dict[str, int] = defaultdict(int)
        for one in self.devices.values():
            hosts[one.node] = max(hosts[one.node], one.host_bytes)
        hot, warm = self.hot(names), self.warm(names)
        return all(size <= self.devices[where].hot_bytes for where, size in hot.items()) and all(
            size <= hosts[node] for node, size in warm.items() if hosts[node]
        )

    def alone_s(self, name: str) -> float:
        """Of its load onto an empty device."""
        home = self.home(name)
        return self.experts[name].start_s + self.hot({name})[home.device] / home.load_bytes_per_s

    def own(self, name: str) -> int:
        """Bytes that no other has there; of who shares all, all."""
        home, there = self.home(name), [one for one in self.experts if self.may_be(one)]
        others = [one for one in there if one != name and self.home(one) == home]
        shared = {part.digest for one in others for part in self.experts[one].footprint.hot}
        parts = self.experts[name].footprint.hot
        own = _distinct(("", part) for part in parts if part.digest not in shared)[""]
        return own or self.hot({name})[home.device]

    def may_be(self, name: str) -> bool:
        return self.fits({name}) or name in self.there

    def moved(self, names: set[str]) -> dict[str, int]:
        """Bytes that come onto each device."""
        before, after = self.hot(self.there), self.hot(names | self.there)
        return {where: after[where] - before[where] for where in self.devices}

    def holds(self, names: set[str]) -> bool:
        budget = self.given.options.budget_bytes
        at_home = {name for name in self.experts if self.fits({name})}
        pinned = {name for name, one in self.experts.items() if one.pinned}
        return (
            names <= at_home
            and pinned <= names
            and self.fits(names)
            and all(self.fits({*(pinned & names), name}) for name in at_home - names)
            and (budget is None or sum(self.moved(names).values()) <= budget)
        )

    def cost(self, names: set[str]) -> float:
        total = 0.0
        busy: dict[str, float] = defaultdict(float)
        loading: dict[str, float] = defaultdict(float)
        wanted: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
        for one in self.given.forecast.experts:
            home = self.home(one.expert)
            if not self.fits({one.expert}):
                continue
            if home.capacity:
                busy[home.device] += one.rate * one.work_s / home.capacity
            often = one.rate / (1 + one.rate * (self.alone_s(one.expert) + one.answer_s))
            if one.answer_s:  # how often it would be loaded, how long it stays, and its bytes
                wanted[home.device].append((often, 0.0, self.own(one.expert)))
            if one.expert in names:
                continue
            start_s = self.experts[one.expert].start_s
            is_beside = self.fits({*names, one.expert})
            beside = names if is_beside else {name for name in names if self.experts[name].pinned}
            more = self.hot({*beside, one.expert})[home.device] - self.hot(beside)[home.device]
            load_s = start_s + more / home.load_bytes_per_s
            if not is_beside:  # somebody has to come back
                load_s *= 2.0
            total += often * (1 + one.rate * self.alone_s(one.expert) / 2) * load_s
            loading[home.device] += often * load_s
            if one.answer_s:
                wanted[home.device][-1] = (often, load_s + one.answer_s, self.own(one.expert))
                total += 0.0 if is_beside else often * one.answer_s / 2
        for where in self.devices:
            free_bytes = self.devices[where].hot_bytes - self.hot(names)[where]
            total += max(_queued(1.0, loading[where]), _crowded(wanted[where], free_bytes))
        total += sum(_queued(self.devices[where].capacity, busy[where]) for where in sorted(busy))
        moved_s = sum(
            size_bytes / self.devices[where].load_bytes_per_s
            for where, size_bytes in self.moved(names).items()
        )
        moved_s += sum(self.experts[name].start_s for name in names - self.there)
        return total + self.given.options.margin / self.given.forecast.horizon_s * moved_s


def _distinct(parts: Iterable[tuple[str, Part]]) -> dict[str, int]:
    sizes: dict[tuple[str, str], int] = {}
    for where, part in parts:
        sizes[where, part.digest] = max(part.size_bytes, sizes.get((where, part.digest), 0))
    found: dict[str, int] = defaultdict(int)
    for (where, _), size_bytes in sizes.items():
        found[where] += size_bytes
    return found


def _crowded(wanted: list[tuple[float, float, int]], free_bytes: int) -> float:
    """Chords of the curve for room, in means of the bytes of those that may want it."""
    if not sum(often for often, _, _ in wanted):
        return 0.0
    mean_bytes = sum(own for often, _, own in wanted if often) / sum(
        often > 0 for often, _, _ in wanted
    )
    rooms = max(1.0, free_bytes / mean_bytes)
    used = sum(often * stay_s * own / mean_bytes for often, stay_s, own in wanted) / rooms

    def exact(knot: float) -> float:
        return 2 * knot**4 / (1 + knot**2)

    last = ROOM_KNOTS[-1]
    if used >= last:
        steep = (exact(last + 1e-6) - exact(last - 1e-6)) / 2e-6
        return rooms * (exact(last) + steep * (used - last))
    low = max(knot for knot in ROOM_KNOTS if knot <= used)
    high = min(knot for knot in ROOM_KNOTS if knot > used)
    return rooms * (exact(low) + (exact(high) - exact(low)) * (used - low) / (high - low))


def _queued(servers: float, busy: float) -> float:
    """Sakasegawa's curve between knots, and as steep as at the last one from there on."""
    power = (2 * (servers + 1)) ** 0.5

    def exact(knot: float) -> float:
        return float(knot**power / (1 - knot))

    last = KNOTS[-1]
    if busy >= last:
        steep = power * last ** (power - 1) / (1 - last) + last**power / (1 - last) ** 2
        return exact(last) + float(steep) * (busy - last)
    low = max(knot for knot in KNOTS if knot <= busy)
    high = min(knot for knot in KNOTS if knot > busy)
    return exact(low) + (exact(high) - exact(low)) * (busy - low) / (high - low)
