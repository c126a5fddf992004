"""A journal had again: what happened, what the model makes of the same, and what it would of other
policies, memory, speed or faults. How far the first two differ says how far to trust the others.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from msgspec import Struct, structs

from coterie.cli.journals import opened
from coterie.cli.simulation.runs import Run
from coterie.cli.simulation.variant import Variant
from coterie.controller import read
from coterie.errors import JournalUnusable
from coterie.scheduler import policy
from coterie.simulator import Faults, Recorded, recorded
from coterie.simulator.driver import NO_FAULTS
from coterie.simulator.metrics import metrics

HAPPENED, SIMULATED = "recorded", "simulated"
NOTES = (
    "what loads, prompts and tokens take is what the scheduler had learnt by the journal's end",
    "requests whose end the journal does not tell of are left out",
)


class Otherwise(Struct, frozen=True):
    """What is to be different. No policies: the recorded one."""

    policies: Sequence[str] = ()
    hot_bytes: int | None = None
    speed: float = 1.0

    def of(self, past: Recorded) -> Recorded:
        """The past with other memory and at another speed."""
        devices = tuple(
            device if self.hot_bytes is None else structs.replace(device, hot_bytes=self.hot_bytes)
            for device in past.setup.devices
        )
        return structs.replace(
            past,
            setup=structs.replace(past.setup, devices=devices),
            requests=[
                structs.replace(request, at=request.at / self.speed) for request in past.requests
            ],
        )


def read_past(journal: Path, cores: float) -> Recorded:
    """What a journal tells; `cores`: of each node then. Raises JournalUnusable."""
    with opened(journal, "reading") as files:
        past = recorded(chain.from_iterable(map(read, files)), policy, cores)
    if not past.requests:
        raise JournalUnusable(f"{str(journal)!r} has no request whose end it tells of")
    return past


def variants_of(
    past: Recorded, otherwise: Otherwise, run: Run, faults: Faults = NO_FAULTS
) -> list[Variant]:
    """What happened, the same simulated, and then each policy by its name, where anything is
    different.
    """
    found = [_happened(past), run(SIMULATED, past.setup, past.requests, NO_FAULTS)]
    changed = otherwise.of(past)
    is_same = otherwise.hot_bytes is None and otherwise.speed == 1.0 and faults == NO_FAULTS
    for name in otherwise.policies or (past.setup.policy,):
        if not is_same or name != past.setup.policy:
            setup = structs.replace(changed.setup, policy=name)
            found.append(run(name, setup, changed.requests, faults))
    return found


def _happened(past: Recorded) -> Variant:
    """How busy machines were, a journal does not tell."""
    setup = structs.replace(past.setup, cores={})
    numbers = metrics(setup, past.requests, past.happened)
    return Variant(HAPPENED, setup, past.requests, past.happened, numbers)
