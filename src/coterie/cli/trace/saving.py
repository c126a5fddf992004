"""A file that a command writes: never over another by accident, whole or not at all."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import CommandError
from coterie.workloads.requests import Arrival
from coterie.workloads.writing import kind_of, write_trace

Save = Callable[[Iterable[Arrival]], int]


@contextmanager
def saved(output: Path, force: bool) -> Iterator[Save]:
    """Something that writes arrivals to a file and says how many, with the file checked before
    anything is read. Raises CommandError, also where it cannot be written, and TraceInvalid for a
    name of another kind.
    """
    kind_of(output)
    if output.exists() and not force:
        raise CommandError(f"{str(output)!r} is there already: take another name, or say --force")
    _check_folder(output)
    with _writing(output):
        yield lambda arrivals: write_trace(arrivals, output)


def write_whole(target: Path, data: bytes) -> None:
    """The file, in place of what is there. Raises CommandError."""
    _check_folder(target)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    with _writing(target):
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _check_folder(target: Path) -> None:
    if not target.parent.is_dir():
        raise CommandError(f"there is no folder {str(target.parent)!r}: make it first")


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{str(target)!r} cannot be written: {error.strerror or error}"
        ) from error
