"""What a composition would do: the scheduler that runs live, around machines that are modelled."""

from coterie.simulator.driver import Driver, simulate
from coterie.simulator.faults import Faults, Planned
from coterie.simulator.outcome import FOREVER, Fault, Outcome, Queue, Residence
from coterie.simulator.recorded import Recorded, recorded
from coterie.simulator.requests import requests
from coterie.simulator.setup import FREE, Place, Setup

__all__ = [
    "FOREVER",
    "FREE",
    "Driver",
    "Fault",
    "Faults",
    "Outcome",
    "Place",
    "Planned",
    "Queue",
    "Recorded",
    "Residence",
    "Setup",
    "recorded",
    "requests",
    "simulate",
]
