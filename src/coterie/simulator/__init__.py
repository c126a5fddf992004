"""What a composition would do: the scheduler that runs live, around machines that are modelled."""

from coterie.simulator.driver import Driver, Simulated, requests
from coterie.simulator.figures import Figures
from coterie.simulator.machine import Machine
from coterie.simulator.recorded import Recorded, recorded

__all__ = ["Driver", "Figures", "Machine", "Recorded", "Simulated", "recorded", "requests"]
