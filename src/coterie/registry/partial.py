"""A file becomes final by one rename of complete, checked bytes; until then one process owns it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from coterie.errors import FetchFailed


class Partial:
    """A file on its way to `target`. Its methods block: call them from a thread.

    Beside it may lie a note (what is being fetched), so that a later process can go on with it.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        self.note_path = target.with_name(target.name + ".partial.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        self._fd = self._locked()
        self.size_bytes = os.fstat(self._fd).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, block: bytes | bytearray | memoryview) -> None:
        view = memoryview(block)
        while view:
            written = os.pwrite(self._fd, view, self.size_bytes)
            self.size_bytes += written
            view = view[written:]

    def clear(self) -> None:
        """Forgets what was written, to begin anew."""
        os.ftruncate(self._fd, 0)
        self.size_bytes = 0

    def read_note(self) -> bytes:
        with suppress(OSError):
            return self.note_path.read_bytes()
        return b""

    def write_note(self, note: bytes) -> None:
        write_atomically(self.note_path, note)

    def commit(self) -> None:
        """Makes it the target, on disk before it has the name."""
        os.fsync(self._fd)
        self.path.replace(self.target)
        _sync_folder(self.target.parent)
        self.note_path.unlink(missing_ok=True)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note_path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _locked(self) -> int:
        while True:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Another process may have renamed the file between open and flock: then it is not
                # ours.
                if os.fstat(fd).st_ino == self.path.stat().st_ino:
                    return fd
                os.close(fd)
            except BlockingIOError as error:
                os.close(fd)
                raise FetchFailed(
                    f"{str(self.target)!r} is being fetched by another process: wait for it, "
                    "or give each its own state directory"
                ) from error
            except FileNotFoundError:
                os.close(fd)


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a small file: readers see the old bytes or the new, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
