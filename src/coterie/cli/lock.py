"""One server at a time over one state directory: two would end each other's workers as orphans."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import StateInUse


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the state directory, which it makes. Raises StateInUse if another process holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateInUse(
            f"the state directory {str(folder)!r} cannot be used: {error.strerror}; "
            "name another one with --state"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StateInUse(
                f"another coterie (process {holder}) serves from {str(folder)!r}; stop it, or name "
                "another directory with --state"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
