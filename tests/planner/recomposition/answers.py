"""Worlds whose answers hold the room of who was loaded for them, and worlds of devices alike."""

from random import Random

from msgspec.structs import replace

from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.state import Options
from tests.planner.recomposition.worlds import World, device, expert, world


def alike(seed: int) -> World:
    """Three devices that nothing tells apart but their names, and sometimes who is there."""
    draw = Random(seed)
    devices = tuple(
        device(f"a/gpu{number}", 7_001, capacity=float(seed % 2)) for number in range(3)
    )
    experts = tuple(
        expert(f"e{number}", draw.choice((2_003, 3_301)), replicas_max=draw.choice((1, 1, 2)))
        for number in range(3)
    )
    replicas = tuple(f"{one.name}@a/gpu{draw.randrange(3)}" for one in experts[: seed % 3])
    asked = {
        one.name: ExpertForecast(
            one.name,
            rate=draw.choice((0.01, 0.05, 0.2)),
            work_s=draw.choice((0.0, 1.0, 3.0)),
            answer_s=draw.choice((0.0, 5.0, 40.0)),
        )
        for one in experts
    }
    return world(experts, devices, replicas, asked, Options(margin=draw.choice((0.0, 1.5))))


def answering(given: World, seed: int) -> World:
    """The same, with answers that hold the room of who was loaded for them, as a rule."""
    draw = Random(seed)
    experts = tuple(
        replace(one, answer_s=draw.choice((0.0, 2.0, 10.0, 60.0))) for one in given.forecast.experts
    )
    return World(given.state, replace(given.forecast, experts=experts), given.options)
