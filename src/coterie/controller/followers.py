"""Who watches the journal as it is written. A slow watcher loses lines; it slows nobody."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

LINES_KEPT = 10_000


class Followers:
    """Hands each line to every follower, through a bounded buffer of its own."""

    def __init__(self) -> None:
        self._buffers: list[_Buffer] = []

    def publish(self, line: bytes) -> None:
        for buffer in self._buffers:
            buffer.put(line)

    def close(self) -> None:
        """Ends every iteration."""
        for buffer in self._buffers:
            buffer.end()

    async def follow(self) -> AsyncIterator[bytes]:
        """Lines from now on; `{"type":"Lost","lines":N}` stands for those that came too fast."""
        buffer = _Buffer()
        self._buffers.append(buffer)
        try:
            while (line := await buffer.get()) is not None:
                yield line
        finally:
            self._buffers.remove(buffer)


class _Buffer:
    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._ended = False
        self._came = asyncio.Event()

    def put(self, line: bytes) -> None:
        if len(self._lines) >= LINES_KEPT:
            self._lines.popleft()
            self._lost += 1
        self._lines.append(line)
        self._came.set()

    def end(self) -> None:
        self._ended = True
        self._came.set()

    async def get(self) -> bytes | None:
        while not self._lines and not self._lost:
            if self._ended:
                return None
            self._came.clear()
            await self._came.wait()
        if self._lost:
            lost, self._lost = self._lost, 0
            return b'{"type":"Lost","lines":%d}\n' % lost
        return self._lines.popleft()
