"""Points of a sweep, simulated side by side, with a bar on stderr."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import structs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from coterie.cli.whatif.explore import Run
from coterie.cli.whatif.sweeps import Point
from coterie.cli.whatif.trials import Base, Figures, Task, Trial, prepared, simulated
from coterie.cli.whatif.workers import Workers
from coterie.scheduler import events as on


@contextmanager
def running(base: Base, requests: Sequence[on.Arrived], jobs: int) -> Iterator[Run]:
    """Something that simulates points in `jobs` processes, and gives trials in their order."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    workers: Workers[Sequence[on.Arrived], Task, Figures] = Workers(simulated, requests, jobs)
    with workers, bar:
        task, total = bar.add_task("simulating", total=0), 0

        def run(points: Sequence[Point]) -> list[Trial]:
            nonlocal total
            total += len(points)
            bar.update(task, total=total)
            wanted = [prepared(point, base) for point in points]
            figures = workers.results([one.task for one in wanted if one.task is not None])
            found = []
            for one in wanted:
                trial = one.trial
                if one.task is not None:
                    trial = structs.replace(trial, figures=next(figures))
                found.append(trial)
                bar.advance(task)
            return found

        yield run
