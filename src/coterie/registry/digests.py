"""A file is its digest: computed once for each state of it (size, time, inode), then remembered."""

import asyncio
import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.errors import WeightsInvalid, WeightsNotFound
from coterie.registry.jobs import Stop, in_thread
from coterie.registry.partial import write_atomically

BLOCK_BYTES = 1 << 20
MOST_ENTRIES = 4096


class Identity(Struct, frozen=True):
    """A state of a file: while it stays, its bytes are taken to be the same."""

    size_bytes: int
    mtime_ns: int
    inode: int


class _Entry(Struct, frozen=True):
    identity: Identity
    digest: str


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    files: dict[str, _Entry]


def identity_of(path: Path) -> Identity:
    """Raises WeightsNotFound."""
    try:
        status = path.stat()
    except OSError as error:
        raise WeightsNotFound(f"weights {str(path)!r} cannot be read: {error.strerror}") from error
    return Identity(status.st_size, status.st_mtime_ns, status.st_ino)


def sha256_of(path: Path, stop: Stop) -> str:
    """The digest of a file, `sha256:…`. Blocks. Raises WeightsNotFound; Stopped when told so."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(BLOCK_BYTES))
    try:
        with path.open("rb", buffering=0) as file:
            while size := file.readinto(block):
                stop.check()
                digest.update(block[:size])
    except OSError as error:
        raise WeightsNotFound(f"weights {str(path)!r} cannot be read: {error.strerror}") from error
    return f"sha256:{digest.hexdigest()}"


class Digests:
    """The digests of files, kept in one JSON file; a damaged one is computed anew."""

    def __init__(self, cache_path: Path) -> None:
        self._cache_path = cache_path
        self._writing = asyncio.Lock()
        self._entries: dict[str, _Entry] = _read(cache_path)

    async def of(self, path: Path) -> str:
        """The digest of a file as it is now.

        Raises WeightsNotFound; WeightsInvalid if it changes meanwhile.
        """
        before = identity_of(path)
        entry = self._entries.get(str(path))
        if entry is not None and entry.identity == before:
            return entry.digest
        digest = await in_thread(lambda stop: sha256_of(path, stop))
        if identity_of(path) != before:
            raise WeightsInvalid(
                f"weights {str(path)!r} changed while they were read: stop writing to them"
            )
        await self.record(path, digest)
        return digest

    async def record(self, path: Path, digest: str) -> None:
        """Remembers a digest that was computed for the file as it is now."""
        self._entries.pop(str(path), None)
        self._entries[str(path)] = _Entry(identity_of(path), digest)
        while len(self._entries) > MOST_ENTRIES:
            del self._entries[next(iter(self._entries))]
        async with self._writing:
            document = msgspec.json.format(msgspec.json.encode(_Document(self._entries)))
            await asyncio.to_thread(write_atomically, self._cache_path, document)


def _read(path: Path) -> dict[str, _Entry]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Document).files
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
