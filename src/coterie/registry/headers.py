"""What a model is, told from the first bytes of its file and checked against the file's size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path

from coterie.errors import WeightsInvalid, WeightsNotFound
from coterie.registry import gguf, safetensors
from coterie.registry.cursor import Short
from coterie.types import Header

FIRST_BYTES = 2 << 20
MOST_BYTES = 256 << 20


def read_header(*paths: Path) -> Header:
    """The header of a GGUF or safetensors file, given whole or as its parts in order.

    Raises WeightsNotFound if it cannot be read, WeightsInvalid if it is truncated, forged or of
    another format.
    """
    name = str(paths[0])
    try:
        total_bytes = sum(path.stat().st_size for path in paths)
        wanted = FIRST_BYTES
        while True:
            try:
                with _first_bytes(paths, min(wanted, total_bytes)) as prefix:
                    return _parse(name, prefix, total_bytes)
            except Short as short:
                _refuse_endless(name, short.needed, min(wanted, total_bytes), total_bytes)
                wanted = min(max(short.needed, 4 * wanted), MOST_BYTES)
    except OSError as error:
        raise WeightsNotFound(_unreadable(error, name)) from error


def _parse(name: str, prefix: memoryview, total_bytes: int) -> Header:
    if prefix[:4] == gguf.MAGIC:
        return gguf.parse(name, prefix, total_bytes)
    if safetensors.is_likely(prefix):
        return safetensors.parse(name, prefix, total_bytes)
    opening = bytes(prefix[:24])
    if opening.startswith(b"version https://git-lfs"):
        raise WeightsInvalid(
            f"weights {name!r} are only a Git LFS pointer: run 'git lfs pull' beside them"
        )
    raise WeightsInvalid(
        f"weights {name!r} begin with {opening[:4]!r}: expected a GGUF file (b'GGUF') or a "
        "safetensors file"
    )


def _refuse_endless(name: str, needed: int, had: int, total_bytes: int) -> None:
    if needed > total_bytes or had == total_bytes:
        raise WeightsInvalid(
            f"weights {name!r} are truncated or forged: the header needs {needed:,} bytes, "
            f"the file has {total_bytes:,}: fetch it again"
        )
    if needed > MOST_BYTES:
        raise WeightsInvalid(
            f"weights {name!r}: a header of more than {MOST_BYTES:,} bytes is not believed: fetch "
            "it again"
        )


@contextmanager
def _first_bytes(paths: Sequence[Path], wanted: int) -> Iterator[memoryview]:
    """The first bytes of a file in parts, in memory that goes back to the system afterwards.

    An allocator would keep megabytes for each thread that ever read a header.
    """
    with mmap(-1, max(wanted, 1)) as memory, memoryview(memory) as view:
        had = 0
        for path in paths:
            with path.open("rb", buffering=0) as file:
                while had < wanted and (size := file.readinto(view[had:wanted])):
                    had += size
        with view[:had] as prefix:
            yield prefix


def _unreadable(error: OSError, name: str) -> str:
    match error:
        case FileNotFoundError():
            return f"weights {name!r} do not exist: check the path"
        case IsADirectoryError():
            return f"weights {name!r} are a folder: name the file in it"
        case PermissionError():
            return f"weights {name!r} may not be read: give this user the right to read the file"
        case _:
            return f"weights {name!r} cannot be read: {error.strerror or error}"
