"""The host that these tests fetch from."""

import random
from collections.abc import AsyncIterator

import pytest

from coterie.testing.file_host import FileHost


@pytest.fixture
async def host() -> AsyncIterator[FileHost]:
    async with FileHost(random.Random(7).randbytes(5 << 19)) as host:
        yield host
