"""The hop: connections are kept, replaced when they went stale, and never trusted too far."""

import asyncio
from collections.abc import Callable

import pytest

from coterie.errors import WorkerLost
from coterie.gateway.upstream import KEPT_CONNECTIONS, Upstream
from coterie.testing.upstream import Received, ScriptedUpstream

BIG = 1024**2


async def ask(
    upstream: Upstream, address: str, headers: dict[str, str] | None = None, path: str = "/v1/x"
) -> bytes:
    exchange = await upstream.post(address, headers or {}, path, b'{"a":1}', BIG)
    answer = exchange.take()
    exchange.release()
    return answer


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110 - the other end of a socket tells no event
            await asyncio.sleep(0.001)


async def test_one_connection_serves_request_after_request(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    answers = [await ask(upstream, address) for _ in range(3)]
    assert answers == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert worker.connections == 1
    upstream.close()


async def test_a_request_carries_its_headers_and_no_others(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address, {"Authorization": "Bearer one"})
    await ask(upstream, address, {"Authorization": "Bearer two"}, "/v1/y")
    first, second = worker.received
    assert first.headers == {
        "host": address.removeprefix("http://"),
        "content-type": "application/json",
        "content-length": "7",
        "authorization": "Bearer one",
    }
    assert (first.path, first.body) == ("/v1/x", b'{"a":1}')
    assert (second.path, second.headers["authorization"]) == ("/v1/y", "Bearer two")
    upstream.close()


async def test_an_address_may_have_a_path(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address + "/base/")
    assert worker.received[0].path == "/base/v1/x"
    upstream.close()


async def test_a_connection_closed_while_idle_is_replaced(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address)
    # Close as the next request is written: it is lost on the way, not refused.
    exchange = await upstream.post(address, {}, "/v1/x", b"{}", BIG)
    exchange.release()
    worker.drop_idle()
    assert await ask(upstream, address) == b'{"n":3}'
    assert worker.connections == 2
    upstream.close()


async def test_a_connection_that_dies_on_a_first_request_is_a_loss(
    worker: ScriptedUpstream,
) -> None:
    address, upstream = await worker.start(), Upstream()
    worker.script = lambda request: request.die()
    with pytest.raises(WorkerLost, match="broke off"):
        await ask(upstream, address)
    assert len(worker.received) == 1


async def test_an_answer_that_has_begun_is_not_asked_for_again(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address)

    def half(request: Received) -> None:
        request.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhal")
        request.transport.close()

    worker.script = half
    with pytest.raises(WorkerLost, match="broke off"):
        await ask(upstream, address)
    assert len(worker.received) == 2


async def test_nobody_at_the_address_is_a_loss(worker: ScriptedUpstream) -> None:
    address = await worker.start()
    await worker.stop()
    with pytest.raises(WorkerLost, match="cannot be reached"):
        await ask(Upstream(), address)


@pytest.mark.parametrize("address", ["", "127.0.0.1:80", "ftp://x/"])
async def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ValueError, match="no address of a replica"):
        await ask(Upstream(), address)


async def test_a_worker_may_close_after_an_answer(worker: ScriptedUpstream) -> None:
    worker.script = lambda request: request.json(1, close=True)
    address, upstream = await worker.start(), Upstream()
    assert [await ask(upstream, address), await ask(upstream, address)] == [b"1", b"1"]
    assert worker.received[0].transport is not worker.received[1].transport
    upstream.close()


async def closing_after_each(worker: ScriptedUpstream) -> tuple[str, Upstream]:
    """A worker that has closed its connection after an answer, and has been connected to anew."""
    worker.script = lambda request: request.json(worker.connections, close=True)
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address)
    await until(lambda: bool(upstream._endpoints[address].idle))
    assert worker.connections == 2
    return address, upstream


async def test_who_closes_after_an_answer_is_connected_to_before_the_next_request(
    worker: ScriptedUpstream,
) -> None:
    address, upstream = await closing_after_each(worker)
    assert len(worker.received) == 1
    assert await ask(upstream, address) == b"2"
    upstream.close()


async def test_a_connection_made_in_advance_may_be_closed_again(worker: ScriptedUpstream) -> None:
    address, upstream = await closing_after_each(worker)
    worker.drop_idle()
    assert await ask(upstream, address) == b"3"
    upstream.close()


async def test_a_connection_made_in_advance_ends_with_the_rest(worker: ScriptedUpstream) -> None:
    _, upstream = await closing_after_each(worker)
    upstream.close()
    await until(lambda: not worker.open)
    assert worker.connections == 2


async def test_a_connection_on_its_way_ends_with_the_rest(worker: ScriptedUpstream) -> None:
    worker.script = lambda request: request.json(1, close=True)
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address)  # which begins another connection, and does not wait for it
    upstream.close()
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not worker.open


async def test_an_address_that_cannot_be_connected_to_anew_is_forgotten(
    worker: ScriptedUpstream,
) -> None:
    def last(request: Received) -> None:
        assert worker._server is not None
        worker._server.close()
        request.json(1, close=True)

    worker.script = last
    address, upstream = await worker.start(), Upstream()
    assert await ask(upstream, address) == b"1"
    await until(lambda: not upstream._endpoints)


async def test_kept_connections_are_bounded_and_closed_at_the_end(
    worker: ScriptedUpstream,
) -> None:
    address, upstream = await worker.start(), Upstream()
    exchanges = [
        await upstream.post(address, {}, "/v1/x", b"{}", BIG) for _ in range(KEPT_CONNECTIONS + 3)
    ]
    for exchange in exchanges:
        exchange.take()
        exchange.release()
    await asyncio.gather(*(request.left() for request in worker.received[KEPT_CONNECTIONS:]))
    assert len(worker.open) == KEPT_CONNECTIONS
    upstream.close()
    await asyncio.gather(*(request.left() for request in worker.received))


async def test_an_address_that_is_gone_is_forgotten(worker: ScriptedUpstream) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address)
    assert list(upstream._endpoints) == [address]
    await worker.stop()
    with pytest.raises(WorkerLost):
        await ask(upstream, address)
    assert not upstream._endpoints


async def test_a_new_secret_at_an_address_gets_a_new_connection(
    worker: ScriptedUpstream,
) -> None:
    address, upstream = await worker.start(), Upstream()
    await ask(upstream, address, {"authorization": "one"})
    await ask(upstream, address, {"authorization": "two"})
    first, second = worker.received
    await first.left()
    assert second.headers["authorization"] == "two"
    assert len(worker.open) == 1
    upstream.close()


async def test_a_cancelled_wait_closes_its_connection(worker: ScriptedUpstream) -> None:
    worker.script = lambda request: None
    address, upstream = await worker.start(), Upstream()
    task = asyncio.ensure_future(ask(upstream, address))
    (request,) = await worker.until_received()
    task.cancel()
    await request.left()
    with pytest.raises(asyncio.CancelledError):
        await task
