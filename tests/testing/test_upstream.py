"""The scripted worker answers real HTTP and tells what it saw."""

import asyncio
import http.client

from coterie.testing.upstream import COMPLETION, Received, ScriptedUpstream


async def test_it_answers_as_scripted_and_keeps_what_it_was_asked() -> None:
    worker = ScriptedUpstream()
    address = await worker.start()

    def ask() -> bytes:
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        connection.request("POST", "/v1/x", b'{"model":"m"}', {"X-A": "b"})
        answer = connection.getresponse().read()
        connection.close()
        return answer

    assert COMPLETION["id"].encode() in await asyncio.to_thread(ask)  # type: ignore[attr-defined]
    worker.script = lambda request: request.text(b"gone", 410, "text/plain", close=True)
    assert await asyncio.to_thread(ask) == b"gone"
    first, second = worker.received
    assert (first.path, first.document, first.headers["x-a"]) == ("/v1/x", {"model": "m"}, "b")
    await second.left()
    await worker.stop()


async def test_it_sees_a_client_leave_and_stops_with_scripts_under_way() -> None:
    worker = ScriptedUpstream()

    async def hang(request: Received) -> None:
        await asyncio.Event().wait()

    worker.script = hang
    host, _, port = (await worker.start()).removeprefix("http://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /v1/x HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
    (request,) = await worker.until_received()
    writer.close()
    await request.left()
    await worker.stop()
    assert not worker.tasks
