"""Work done side by side, in processes of its own, of which none is left, however it ends.

Results come in the order of the tasks, whichever is done first. Ctrl-C is for the command to act
on: workers do not hear it. One whose command has died ends after its task.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Generic, TypeVar

from coterie.errors import CommandError

G = TypeVar("G")
T = TypeVar("T")
R = TypeVar("R")
PATIENCE_S = 5.0


class Workers(Generic[G, T, R]):
    """Calls `work(given, task)`, in this process or in up to `jobs` others, which live until this
    context ends. Then `work` is importable, and what it takes and gives can be pickled.
    """

    def __init__(self, work: Callable[[G, T], R], given: G, jobs: int = 1) -> None:
        self._work = work
        self._given = given
        self._jobs = jobs
        self._processes: dict[Connection, SpawnProcess] = {}

    def __enter__(self) -> "Workers[G, T, R]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        processes, self._processes = self._processes, {}
        for connection, process in processes.items():
            connection.close()
            process.terminate()
        for process in processes.values():
            process.join(PATIENCE_S)
            if process.is_alive():
                process.kill()
                process.join()

    def results(self, tasks: Sequence[T]) -> Iterator[R]:
        """What comes of each task. Raises CommandError where a process died."""
        if self._jobs == 1 or len(tasks) == 1:
            yield from (self._work(self._given, task) for task in tasks)
            return
        while len(self._processes) < min(self._jobs, len(tasks)):
            self._start()
        idle, todo = list(self._processes), list(range(len(tasks)))[::-1]
        busy: dict[Connection, int] = {}
        done: dict[int, R] = {}
        for number in range(len(tasks)):
            while number not in done:
                while idle and todo:
                    connection, index = idle.pop(), todo.pop()
                    busy[connection] = index
                    self._send(connection, tasks[index])
                for ready in wait(list(busy)):
                    assert isinstance(ready, Connection)
                    done[busy.pop(ready)] = self._received(ready)
                    idle.append(ready)
            yield done.pop(number)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._work, self._given), daemon=True
        )
        # A process that is started now never hears Ctrl-C.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._processes[ours] = process

    def _send(self, connection: Connection, task: T) -> None:
        try:
            connection.send(task)
        except OSError as error:
            raise self._died(connection) from error

    def _received(self, connection: Connection) -> R:
        try:
            found: R = connection.recv()
        except (EOFError, OSError) as error:
            raise self._died(connection) from error
        return found

    def _died(self, connection: Connection) -> CommandError:
        process = self._processes[connection]
        process.join(PATIENCE_S)
        return CommandError(
            f"a worker process ended with status {process.exitcode}: what it said is above; said "
            "it nothing, there was too little memory, and fewer --jobs need less"
        )


def _serve(connection: Connection, work: Callable[[G, T], R], given: G) -> None:
    """Answers tasks until nobody sends any."""
    try:
        while True:
            connection.send(work(given, connection.recv()))
    except (EOFError, BrokenPipeError):
        return
