"""What is said of weights that are fetched: a bar for each in a terminal, else a line for each."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from coterie.config import format_size


class FetchProgress:
    """Draws while something is fetched, and only then: a display that waits costs a thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def fetched(self, expert: str, done: int, total: int | None) -> None:
        """So much of an expert's weights is here, of `total` bytes (None: not known)."""
        task = self._tasks.get(expert)
        if task is None:
            task = self._tasks[expert] = self._progress.add_task(
                f"weights of {expert}", total=total
            )
            self._begin(expert, total)
        self._progress.update(task, completed=done, total=total)

    def ended(self, expert: str) -> None:
        """Nothing more of an expert's weights will come."""
        task = self._tasks.pop(expert, None)
        if task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self._progress.stop()

    def _begin(self, expert: str, total: int | None) -> None:
        if self._console.is_terminal:
            self._progress.start()
            return
        size = "" if total is None else f", {format_size(total)}"
        self._console.print(
            f"fetching the weights of {expert}{size}", soft_wrap=True, highlight=False, markup=False
        )
