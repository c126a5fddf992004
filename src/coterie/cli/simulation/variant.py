"""One simulation of those that are compared: what went in, what came out, and its numbers."""

from collections.abc import Sequence

from msgspec import Struct

from coterie.scheduler import events as on
from coterie.simulator.metrics import Metrics
from coterie.simulator.outcome import Outcome
from coterie.simulator.setup import Setup


class Variant(Struct, frozen=True):
    """`name` tells it from the others. Answers of the outcome are in the order of the requests."""

    name: str
    setup: Setup
    requests: Sequence[on.Arrived]
    outcome: Outcome
    metrics: Metrics
