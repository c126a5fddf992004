"""Parts become one file by copying them in order, once for each state of the parts."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from coterie.errors import FetchFailed
from coterie.registry.digests import BLOCK_BYTES, identity_of
from coterie.registry.disk import Disk
from coterie.registry.jobs import Progress, Stop, in_thread
from coterie.registry.partial import Partial


def assembled_folder(folder: Path, parts: Sequence[Path]) -> Path:
    """The folder for the whole of these parts as they are now; other states lie elsewhere."""
    states = [f"{path}\0{identity_of(path)}" for path in parts]
    return folder / hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]


async def assemble(parts: Sequence[Path], partial: Partial, disk: Disk, report: Progress) -> None:
    """Fills `partial` with the parts in order. Raises FetchFailed; blocks no loop."""
    total_bytes = sum(identity_of(path).size_bytes for path in parts)
    loop = asyncio.get_running_loop()

    def relay(done_bytes: int) -> None:
        loop.call_soon_threadsafe(report, done_bytes, total_bytes)

    async with disk.hold(partial.path, total_bytes):
        await in_thread(lambda stop: _copy(parts, partial, stop, relay))


def _copy(
    parts: Sequence[Path], partial: Partial, stop: Stop, report: Callable[[int], None]
) -> None:
    block = memoryview(bytearray(BLOCK_BYTES))
    try:
        partial.clear()
        for path in parts:
            with path.open("rb", buffering=0) as file:
                while size := file.readinto(block):
                    stop.check()
                    partial.append(block[:size])
                    report(partial.size_bytes)
    except OSError as error:
        raise FetchFailed(
            f"cannot put {str(partial.target)!r} together: {error.strerror}: check the disk and "
            "the packages"
        ) from error


def remove_older(folder: Path) -> None:
    """Removes what was assembled from earlier states of the parts: `folder`'s siblings. Blocks."""
    for sibling in folder.parent.iterdir():
        if sibling != folder:
            with suppress(OSError):
                shutil.rmtree(sibling)
