"""Worlds to plan for: small enough that every placement can be tried, and strange enough to matter.

Sizes are whole bytes, some thousands, and odd, so that nothing fits by chance to the last byte.
"""

from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from coterie.planner.recomposition.forecast import ExpertForecast, Forecast
from coterie.planner.recomposition.judging import Decision, holds, judged
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.question import Question, question_of
from coterie.planner.recomposition.state import DeviceState, ExpertState, Options, State
from coterie.types import Footprint, Part, replica_id

RATE = 1000.0
"""Bytes a second that come onto a device, where nothing else is said."""


class World(Struct, frozen=True):
    state: State
    forecast: Forecast
    options: Options

    @property
    def question(self) -> Question:
        return question_of(self.state, self.forecast, self.options)


def expert(
    name: str,
    *sizes: int | Part,
    warm: tuple[int | Part, ...] = (),
    start_s: float = 0.0,
    slots: float = 0.0,
    replicas_max: int = 1,
    pinned: bool = False,
    critical: bool = False,
    devices: tuple[str, ...] = (),
) -> ExpertState:
    """Parts that are only a size are its own."""
    return ExpertState(
        name,
        Footprint(hot=_parts(name, sizes), warm=_parts(name, warm)),
        start_s=start_s,
        slots=slots,
        replicas_max=replicas_max,
        pinned=pinned,
        critical=critical,
        devices=devices,
    )


def device(
    name: str, hot_bytes: int, rate: float = RATE, capacity: float = 0.0, host_bytes: int = 0
) -> DeviceState:
    """`name`: `node/device`."""
    return DeviceState(name, name.partition("/")[0], hot_bytes, rate, capacity, host_bytes)


def world(
    experts: tuple[ExpertState, ...],
    devices: tuple[DeviceState, ...],
    replicas: tuple[str, ...] = (),
    asked: Mapping[str, float | ExpertForecast] | None = None,
    options: Options | None = None,
    horizon_s: float = 600.0,
) -> World:
    """`asked`: how often, or all that is expected, of each expert."""
    forecasts = tuple(
        one if isinstance(one, ExpertForecast) else ExpertForecast(name, rate=one)
        for name, one in sorted((asked or {}).items())
    )
    return World(
        State(experts, devices, replicas), Forecast(0.0, horizon_s, forecasts), options or Options()
    )


def random_world(seed: int, most_pairs: int = 9) -> World:
    """Of 2 to 5 experts and 1 to 3 devices: adapters of shared bases, whose sizes may differ by
    device; pins, critical experts, and replicas that are where they may not be, or too many.
    """
    draw = Random(seed)
    devices = _random_devices(draw, draw.randint(1, 3))
    names = [one.device for one in devices]
    experts = tuple(
        _random_expert(draw, f"e{number}", names)
        for number in range(draw.randint(2, max(2, min(5, most_pairs // len(devices)))))
    )
    replicas = tuple(
        replica_id(one.name, name) for one in experts for name in names if draw.random() < 0.3
    )
    asked = {
        one.name: ExpertForecast(
            one.name,
            rate=draw.choice((0.0, 0.001, 0.01, 0.05, 0.2, 0.5)),
            variance=draw.choice((0.0, 0.001)),
            work_s=draw.choice((0.0, 0.5, 2.0)),
            repeats=draw.choice((0.0, 0.0, 0.5)),
            repeat_gap_s=draw.choice((0.0, 20.0)),
        )
        for one in experts
        if draw.random() < 0.9
    }
    options = Options(
        margin=draw.choice((0.0, 1.5, 10.0)),
        budget_bytes=draw.choice((None, None, None, 0, 4_000, 12_000)),
        patience_s=draw.choice((5.0, 60.0, 600.0)),
    )
    return world(experts, devices, replicas, asked, options, draw.choice((60.0, 600.0, 3600.0)))


def one_node(seed: int) -> World:
    """Three experts on devices of a node whose host memory holds few of them at a time."""
    draw = Random(seed)
    host_bytes = draw.choice((9, 12, 15))
    devices = tuple(
        device(f"a/gpu{number}", draw.choice((5_000, 8_000)), host_bytes=host_bytes)
        for number in range(draw.choice((2, 2, 3)))
    )
    experts = tuple(
        expert(
            f"e{number}",
            draw.choice((2_000, 3_000, 4_500)),
            warm=(draw.choice((3, 5, 8)),),
            devices=draw.choice(((), ("a/gpu0",), ("a/gpu1",))),
        )
        for number in range(3)
    )
    replicas = tuple(
        replica_id(one.name, two.device)
        for one in experts
        for two in devices
        if draw.random() < 0.4
    )
    return world(
        experts, devices, replicas, {one.name: draw.choice((0.01, 0.1, 0.3)) for one in experts}
    )


def many(experts: int = 30, devices: int = 8, options: Options | None = None) -> World:
    """Adapters of one base on devices alike, two of each node, and room for half of them."""
    return world(
        tuple(
            expert(f"e{number:02}", Part("base", 1_000), 4_000 + 500 * (number % 3))
            for number in range(experts)
        ),
        tuple(
            device(f"n{number // 2}/gpu{number % 2}", 12_000, 4_000.0) for number in range(devices)
        ),
        asked={f"e{number:02}": 0.3 / (number + 1) for number in range(experts)},
        options=options,
    )


def shuffled(given: World, seed: int) -> World:
    """The same, listed otherwise."""
    draw, state = Random(seed), given.state
    experts = [
        replace(
            one,
            devices=tuple(draw.sample(one.devices, len(one.devices))),
            footprint=Footprint(
                hot=tuple(draw.sample(one.footprint.hot, len(one.footprint.hot))),
                warm=tuple(draw.sample(one.footprint.warm, len(one.footprint.warm))),
            ),
        )
        for one in draw.sample(state.experts, len(state.experts))
    ]
    return World(
        State(
            tuple(experts),
            tuple(draw.sample(state.devices, len(state.devices))),
            tuple(draw.sample(state.replicas, len(state.replicas))),
        ),
        replace(
            given.forecast,
            experts=tuple(draw.sample(given.forecast.experts, len(given.forecast.experts))),
        ),
        given.options,
    )


def placements(question: Question) -> Iterator[Placement]:
    """Every one that keeps all bounds."""
    pairs = [pair for pair, may in enumerate(question.layout.may) if may]
    every = chain.from_iterable(combinations(pairs, count) for count in range(len(pairs) + 1))
    return (found for found in map(frozenset, every) if holds(question, found))


def best_of_all(question: Question) -> Decision | None:
    """By trying all placements; None: none keeps the bounds."""
    found = (judged(question, placement) for placement in placements(question))
    return min(found, key=lambda one: one.objective, default=None)


def _parts(name: str, of: tuple[int | Part, ...]) -> tuple[Part, ...]:
    return tuple(
        one if isinstance(one, Part) else Part(f"{name}-{number}", one)
        for number, one in enumerate(of)
    )


def _random_devices(draw: Random, count: int) -> tuple[DeviceState, ...]:
    alike = draw.random() < 0.5
    one = _random_device(draw, "a/gpu0")
    names = draw.choice((("a/gpu0", "a/gpu1", "b/gpu0"), ("a/gpu0", "b/gpu0", "c/gpu0")))
    return tuple(
        replace(one, device=name, node=name[0]) if alike else _random_device(draw, name)
        for name in names[:count]
    )


def _random_device(draw: Random, name: str) -> DeviceState:
    return device(
        name,
        draw.choice((4_003, 7_001, 9_007, 14_009)),
        rate=draw.choice((500.0, 1_000.0, 4_000.0)),
        capacity=draw.choice((0.0, 1.0, 4.0)),
        host_bytes=draw.choice((0, 0, 9_011, 30_011)),
    )


def _random_expert(draw: Random, name: str, devices: list[str]) -> ExpertState:
    hot: list[int | Part] = [draw.choice((301, 1_103, 2_203, 3_301, 5_003))]
    if draw.random() < 0.5:
        hot.append(Part(draw.choice(("base", "other")), draw.choice((1_009, 2_003, 2_003))))
    warm: tuple[int | Part, ...] = ()
    if draw.random() < 0.5:
        warm = tuple(hot)
    critical = draw.random() < 0.1
    return expert(
        name,
        *hot,
        warm=warm,
        start_s=draw.choice((0.0, 0.5, 3.0)),
        slots=draw.choice((0.0, 0.0, 1.0, 2.0)),
        replicas_max=draw.choice((1, 1, 2, 3)) + critical,
        pinned=draw.random() < 0.2,
        critical=critical,
        devices=tuple(sorted(draw.sample(devices, draw.randint(1, len(devices)))))
        if draw.random() < 0.3
        else (),
    )
