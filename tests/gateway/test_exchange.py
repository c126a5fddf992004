"""One answer over a connection: told from what is none, and read no faster than it is taken."""

import asyncio

import pytest

from coterie.errors import WorkerLost
from coterie.gateway.exchange import BUFFER_BYTES, HEAD_BYTES
from coterie.gateway.upstream import Upstream
from coterie.testing.upstream import Received, ScriptedUpstream
from tests.gateway.test_upstream import ask, closing_after_each, until


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * HEAD_BYTES,
    ],
)
async def test_what_is_not_http_is_a_loss(worker: ScriptedUpstream, sent: bytes) -> None:
    worker.script = lambda request: request.raw(sent)
    address, upstream = await worker.start(), Upstream()
    with pytest.raises(WorkerLost):
        await ask(upstream, address)
    await worker.received[0].left()


async def test_an_answer_without_a_length_ends_with_its_connection(
    worker: ScriptedUpstream,
) -> None:
    def old(request: Received) -> None:
        request.raw(b"HTTP/1.0 200 OK\r\n\r\nold but")
        request.raw(b" gold")
        request.transport.close()

    worker.script = old
    address, upstream = await worker.start(), Upstream()
    assert await ask(upstream, address) == b"old but gold"
    assert await ask(upstream, address) == b"old but gold"
    assert worker.received[0].transport is not worker.received[1].transport
    upstream.close()


async def test_an_interim_answer_is_passed_over(worker: ScriptedUpstream) -> None:
    def interim(request: Received) -> None:
        request.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.json("real")

    worker.script = interim
    address, upstream = await worker.start(), Upstream()
    assert await ask(upstream, address) == b'"real"'
    upstream.close()


@pytest.mark.parametrize("extra", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno", b"junk"])
async def test_a_connection_with_more_than_was_asked_for_is_not_kept(
    worker: ScriptedUpstream, extra: bytes
) -> None:
    worker.script = lambda request: request.raw(
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes" + extra
    )
    address, upstream = await worker.start(), Upstream()
    assert await ask(upstream, address) == b"yes"
    await worker.received[0].left()
    assert await ask(upstream, address) == b"yes"
    upstream.close()


async def test_bytes_on_a_connection_made_in_advance_are_no_answer(
    worker: ScriptedUpstream,
) -> None:
    address, upstream = await closing_after_each(worker)
    (early,) = worker.open
    early.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 2\r\n\r\nno")
    await until(lambda: early not in worker.open)
    assert await ask(upstream, address) == b"3"
    upstream.close()


async def test_a_stream_is_not_read_faster_than_it_is_taken(worker: ScriptedUpstream) -> None:
    async def flood(request: Received) -> None:
        request.begin()
        for _ in range(1000):
            request.piece(b"x" * 16_384)
            await request.room()
        request.end(done=False)

    worker.script = flood
    address, upstream = await worker.start(), Upstream()
    exchange = await upstream.post(address, {}, "/v1/x", b"{}", 1)
    (request,) = worker.received
    await request.stalled()
    for _ in range(2000):
        await asyncio.sleep(0)
    assert exchange._buffered < 8 * BUFFER_BYTES
    size = 0
    while not exchange.complete or exchange._buffered:
        size += len(exchange.take())
        await exchange.fill(1)
    assert size == 1000 * 16_384
    exchange.release()
    upstream.close()
