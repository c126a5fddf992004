"""Simulations that nobody ran, as variants."""

from collections.abc import Callable

import pytest

from coterie.cli.simulation.variant import Variant
from coterie.simulator.metrics import metrics
from tests.simulator.synthetic import Shape, made

Make = Callable[[str, Shape], Variant]


@pytest.fixture
def variant() -> Make:
    """`variant("name", Shape(…))`."""

    def make(name: str, shape: Shape) -> Variant:
        setup, requests, outcome = made(shape)
        return Variant(name, setup, requests, outcome, metrics(setup, requests, outcome))

    return make
