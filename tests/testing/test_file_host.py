import aiohttp
import pytest

from coterie.testing.file_host import FileHost

CONTENT = bytes(range(100))


async def test_it_serves_its_content_whole_and_from_an_offset() -> None:
    async with FileHost(CONTENT) as host, aiohttp.ClientSession() as client:
        async with client.get(host.url) as answer:
            assert (answer.status, await answer.read()) == (200, CONTENT)
        async with client.get(host.url, headers={"Range": "bytes=60-"}) as answer:
            assert (answer.status, await answer.read()) == (206, CONTENT[60:])
            assert answer.headers["Content-Range"] == "bytes 60-99/100"
        assert host.ranges == [None, "bytes=60-"]


async def test_a_fault_is_taken_once() -> None:
    async with FileHost(CONTENT) as host, aiohttp.ClientSession() as client:
        host.faults = ["short-length"]
        with pytest.raises(aiohttp.ClientPayloadError):
            async with client.get(host.url) as answer:
                await answer.read()
        async with client.get(host.url) as answer:
            assert await answer.read() == CONTENT


async def test_another_version_is_sent_whole() -> None:
    async with FileHost(CONTENT) as host, aiohttp.ClientSession() as client:
        asked = {"Range": "bytes=60-", "If-Range": '"another"'}
        async with client.get(host.url, headers=asked) as answer:
            assert (answer.status, await answer.read()) == (200, CONTENT)
