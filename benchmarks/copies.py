"""Copies of a model that are the same to an engine and differ in their digest: nothing is shared.

Only the text of the header's `general.name` changes, in place and in its length, so that no offset
moves.
"""

import shutil
import struct
from pathlib import Path

KEY = b"general.name"
TEXT_TYPE = 8  # the number that GGUF gives to strings
SEARCHED_BYTES = 16 * 1024 * 1024


def copies(source: Path, folder: Path, names: list[str]) -> list[Path]:
    """A distinct copy of a GGUF file for each name, as `NAME.gguf`; those there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    place, length = name_place(source)
    made = []
    for name in names:
        path = folder / f"{name}.gguf"
        if not path.exists() or path.stat().st_size != source.stat().st_size:
            unfinished = path.with_suffix(".part")
            shutil.copyfile(source, unfinished)
            with unfinished.open("r+b") as file:
                file.seek(place)
                file.write(marked(name, length))
            unfinished.rename(path)
        made.append(path)
    return made


def name_place(source: Path) -> tuple[int, int]:
    """Where the bytes of `general.name` lie in a GGUF file: offset and length."""
    with source.open("rb") as file:
        head = file.read(SEARCHED_BYTES)
    if not head.startswith(b"GGUF"):
        raise ValueError(f"{str(source)!r} is no GGUF file")
    key = head.find(struct.pack("<Q", len(KEY)) + KEY + struct.pack("<I", TEXT_TYPE))
    if key < 0:
        raise ValueError(f"{str(source)!r} has no {KEY.decode()!r} in its header to mark")
    place = key + 8 + len(KEY) + 4
    (length,) = struct.unpack_from("<Q", head, place)
    return place + 8, length


def marked(name: str, length: int) -> bytes:
    """The name in exactly `length` bytes: its end is kept, where numbered names differ."""
    return name.encode()[-length:].rjust(length, b".")


def warm(paths: list[Path]) -> None:
    """Reads the files once, so that they lie in the page cache."""
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.read(8 * 1024 * 1024):
                pass
