"""Reading forward over a file's beginning: nothing is allocated or believed from a forged length.

The file is read, never mapped: one that shrinks under a map kills its process.
"""

import struct

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Short(Exception):
    """The bytes at hand end before `needed`, an offset from the file's start."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


class Cursor:
    """A place in `prefix`, the first bytes of a file."""

    def __init__(self, prefix: bytes | memoryview, at: int = 0) -> None:
        self.prefix = prefix
        self.at = at

    def skip(self, size_bytes: int) -> None:
        """Steps over bytes that must exist. Raises Short."""
        if self.at + size_bytes > len(self.prefix):
            raise Short(self.at + size_bytes)
        self.at += size_bytes

    def u32(self) -> int:
        self.skip(4)
        return int(_U32.unpack_from(self.prefix, self.at - 4)[0])

    def u64(self) -> int:
        self.skip(8)
        return int(_U64.unpack_from(self.prefix, self.at - 8)[0])

    def u64s(self, count: int) -> tuple[int, ...]:
        self.skip(8 * count)
        return struct.unpack_from(f"<{count}Q", self.prefix, self.at - 8 * count)

    def take(self, size_bytes: int) -> bytes:
        self.skip(size_bytes)
        return bytes(self.prefix[self.at - size_bytes : self.at])

    def skip_strings(self, count: int) -> None:
        """Steps over `count` strings, each its length in 8 bytes and then its bytes. Raises Short.

        A vocabulary has hundreds of thousands: the loop holds nothing but the step.
        """
        prefix, at, length_at = self.prefix, self.at, _U64.unpack_from
        try:
            for _ in range(count):
                at += 8 + length_at(prefix, at)[0]
        except (struct.error, OverflowError, IndexError):
            raise Short(at + 8) from None
        if at > len(prefix):
            raise Short(at)
        self.at = at
