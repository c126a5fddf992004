"""Simulations, run one after the other with a bar, and the digest by which two are compared."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from coterie.cli.simulation.variant import Variant
from coterie.scheduler import events as on
from coterie.simulator import Faults, Outcome, Setup, simulate
from coterie.simulator.driver import NO_FAULTS, Told
from coterie.simulator.metrics import metrics

Run = Callable[[str, Setup, Sequence[on.Arrived], Faults], Variant]


@contextmanager
def running() -> Iterator[Run]:
    """Something that simulates, with a bar on stderr of the requests that have ended."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("requests"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:

        def run(name: str, setup: Setup, requests: Sequence[on.Arrived], faults: Faults) -> Variant:
            task = progress.add_task(name, total=len(requests))
            return ran(name, setup, requests, faults, lambda n: progress.update(task, completed=n))

        yield run


def ran(
    name: str,
    setup: Setup,
    requests: Sequence[on.Arrived],
    faults: Faults = NO_FAULTS,
    told: Told | None = None,
) -> Variant:
    """One simulation; `told` hears now and then how many requests have ended."""
    outcome = simulate(setup, requests, faults, told)
    return Variant(name, setup, requests, outcome, metrics(setup, requests, outcome))


def digest(outcome: Outcome) -> str:
    """The sha256 of each answer and each residence, in their order: two simulations that have the
    same came to the same, to the last digit.
    """
    found = sha256()
    encode = msgspec.json.Encoder().encode
    for rows in (outcome.answers, outcome.residences):
        for row in rows:
            found.update(encode(row) + b"\n")
        found.update(b"\n")
    return found.hexdigest()
