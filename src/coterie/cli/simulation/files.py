"""Files that appear together and whole, or not at all."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import CommandError


@contextmanager
def together(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """Where to write what is meant for the targets: each takes its place once all are written.
    Folders are made. Raises CommandError.
    """
    for target in targets:
        if not target.name:
            raise CommandError(f"{str(target)!r} is a folder: name a file in it")
    parts = [target.with_name(f".{target.name}.{os.getpid()}") for target in targets]
    try:
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(None, "a folder of that name is there", str(target))
        try:
            yield parts
            for part, target in zip(parts, targets, strict=True):
                part.replace(target)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(
            f"{str(targets[0])!r} cannot be written: {error.strerror or error}"
        ) from error
