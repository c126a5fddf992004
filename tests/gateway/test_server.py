"""The border: who is let in, which endpoint answers, and what is done with nonsense."""

import asyncio
from hashlib import sha256
from typing import Any

import msgspec
import openai
import pytest

from coterie.config import Key, Limits
from coterie.gateway import Gateway
from coterie.testing.upstream import Received, chunk
from coterie.types import Expert

CHAT = "/v1/chat/completions"
ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
KEYS = (Key("ann", sha256(b"sk-ann").hexdigest()),)


async def test_health_and_readiness_need_no_key_and_nothing_else_does_without(serve: Any) -> None:
    stage = await serve(keys=KEYS)
    stage.control.is_ready = False
    assert (await stage.get("/healthz")).status == 200
    waiting = await stage.get("/readyz")
    assert (waiting.status, waiting.headers["retry-after"]) == (503, "1")
    stage.control.is_ready = True
    assert (await stage.get("/readyz")).status == 200
    for path in ("/v1/models", "/admin/experts", "/admin/events", "/nowhere"):
        refused = await stage.get(path)
        assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")
        assert refused.headers["www-authenticate"] == "bearer"
    assert (await stage.get("/v1/models", "authorization: Bearer sk-ann")).status == 200


async def test_a_wrong_key_is_openais_authentication_error(serve: Any) -> None:
    stage = await serve(keys=KEYS)
    with pytest.raises(openai.AuthenticationError) as caught:
        await stage.client("sk-bob").chat.completions.create(**ASK)
    assert caught.value.code == "invalid_api_key"
    assert await stage.client("sk-ann").chat.completions.create(**ASK)
    assert len(stage.control.submitted) == 1


async def test_an_unknown_expert_is_404_with_the_list(serve: Any) -> None:
    stage = await serve(Expert("a/b", engine="echo"), Expert("c", engine="echo"))
    with pytest.raises(openai.NotFoundError) as caught:
        await stage.client().chat.completions.create(**{**ASK, "model": "gpt-4"})
    assert caught.value.code == "model_not_found"
    assert all(name in str(caught.value) for name in ("'gpt-4'", "'a/b'", "'c'"))


@pytest.mark.parametrize(
    ("body", "param"),
    [(b"{", None), (b"[1]", None), (b"{}", "model"), (b'{"model":1}', "model"), (b"", None)],
)
async def test_a_malformed_body_is_400_and_the_connection_goes_on(
    serve: Any, body: bytes, param: str | None
) -> None:
    stage = await serve()
    wire = await stage.wire()
    for _ in range(2):
        wire.post(CHAT, body)
        answer = await wire.answer()
        assert (answer.status, answer.error["param"]) == (400, param)
        assert answer.error["type"] == "invalid_request_error"
    assert not stage.control.submitted


async def test_a_body_over_the_limit_is_413_before_it_is_sent(serve: Any) -> None:
    stage = await serve(limits=Limits(body=100))
    wire = await stage.wire()
    wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 101\r\n\r\n")
    answer = await wire.answer()
    assert (answer.status, answer.error["code"]) == (413, "body_too_large")
    assert answer.headers["connection"] == "close"


async def test_a_chunked_body_over_the_limit_is_413_before_its_end(serve: Any) -> None:
    stage = await serve(limits=Limits(body=100))
    wire = await stage.wire()
    wire.send(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(11):
        wire.send(b"a\r\n0123456789\r\n")
    assert (await wire.answer()).status == 413


async def test_a_body_of_exactly_the_limit_is_taken_chunked_or_not(serve: Any) -> None:
    body = msgspec.json.encode(ASK)
    stage = await serve(limits=Limits(body=len(body)))
    wire = await stage.wire()
    wire.post(CHAT, body)
    assert (await wire.answer()).status == 200
    wire.send(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    assert b"100 Continue" in await wire.reader.readuntil(b"\r\n\r\n")
    for byte in body:
        wire.send(b"1\r\n%c\r\n" % byte)
    wire.send(b"0\r\n\r\n")
    assert (await wire.answer()).status == 200
    assert [request.body for request in stage.upstream.received] == [body, body]


async def test_a_client_that_asks_first_is_told_to_go_on(serve: Any) -> None:
    stage = await serve()
    wire = await stage.wire()
    body = msgspec.json.encode(ASK)
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {len(body)}"
    wire.send(head.encode() + b"\r\n\r\n")
    assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(body)
    assert (await wire.answer()).status == 200


async def test_a_compressed_body_is_refused_rather_than_blown_up(serve: Any) -> None:
    stage = await serve()
    answer = await stage.post(CHAT, ASK, "content-encoding: gzip")
    assert answer.status == 400
    assert "'gzip'" in answer.error["message"]


async def test_a_body_that_does_not_come_is_given_up(serve: Any) -> None:
    stage = await serve(limits=Limits(stall=0.02))
    wire = await stage.wire()
    wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{")
    answer = await wire.answer()
    assert answer.status == 400
    assert "did not arrive within 0.02 s" in answer.error["message"]


async def test_half_requests_do_not_hold_up_others(serve: Any) -> None:
    stage = await serve()
    for start in (
        b"POST",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
    ):
        for _ in range(30):
            (await stage.wire()).send(start)
    assert (await stage.post(CHAT, ASK)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", CHAT, "post"),
        ("DELETE", "/v1/models", "get, head"),
        ("POST", "/healthz", "get, head"),
        ("PUT", "/admin/experts/m/load", "post"),
        ("POST", "/v1/models/m", "get"),
    ],
)
async def test_a_wrong_method_is_405_and_says_which_is_right(
    serve: Any, method: str, path: str, allow: str
) -> None:
    wire = await (await serve()).wire()
    wire.send(f"{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    answer = await wire.answer()
    assert (answer.status, answer.headers["allow"]) == (405, allow)
    assert answer.error["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/chat/completions", "/v1/chat/completions/", "/admin/experts/m/eat"]
)
async def test_an_unknown_path_is_404_with_those_there_are(serve: Any, path: str) -> None:
    answer = await (await serve()).get(path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert CHAT in answer.error["message"]


async def test_a_query_does_not_change_the_path(serve: Any) -> None:
    stage = await serve()
    assert (await stage.post(CHAT + "?api-version=1", ASK)).status == 200
    assert stage.upstream.received[0].path == CHAT


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 5000 + b"\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_in_openais_shape_and_closed(
    serve: Any, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    stage = await serve()
    wire = await stage.wire()
    wire.get("/healthz")
    assert (await wire.answer()).status == 200
    wire.send(garbage)
    answer = await wire.answer()
    assert (answer.status, answer.error["code"]) == (400, "invalid_request")
    assert await wire.closed() == b""
    assert (await stage.get("/healthz")).status == 200
    assert not caplog.records


async def test_requests_in_one_packet_are_answered_in_order(serve: Any) -> None:
    stage = await serve()
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    wire.get("/healthz")
    wire.post(CHAT, b"{")
    wire.get("/v1/models/m")
    answers = [await wire.answer() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 400, 200]
    assert answers[3].document["id"] == "m"


async def test_an_old_client_gets_an_answer_and_a_closed_connection(serve: Any) -> None:
    stage = await serve()
    for stream in (False, True):
        wire = await stage.wire()
        body = msgspec.json.encode({**ASK, "stream": stream})
        wire.send(b"POST %b HTTP/1.0\r\ncontent-length: %d\r\n\r\n" % (CHAT.encode(), len(body)))
        wire.send(body)
        answer = await wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert "transfer-encoding" not in answer.headers
        assert b"three" in answer.body
        assert await wire.closed() == b""


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/v1/models", 200), (CHAT, 405)]
)
async def test_a_head_is_answered_without_a_body(serve: Any, path: str, status: int) -> None:
    wire = await (await serve()).wire()
    wire.send(f"HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    answer = await wire.head()
    assert answer.status == status
    assert int(answer.headers["content-length"]) > 0
    wire.get("/healthz")
    assert (await wire.answer()).document == {"status": "alive"}


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://host:80/healthz", 200), ("*", 400), ("/\xff", 400), ("/v1/models/%ff", 404)],
)
async def test_a_strange_target_is_understood_or_refused(
    serve: Any, target: str, status: int
) -> None:
    wire = await (await serve()).wire()
    wire.send(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % target.encode("latin-1"))
    assert (await wire.answer()).status == status


async def test_an_upgrade_is_declined_by_a_plain_answer(serve: Any) -> None:
    wire = await (await serve()).wire()
    wire.get("/healthz", "connection: upgrade", "upgrade: websocket")
    assert (await wire.answer()).status == 200
    wire.get("/healthz")
    assert (await wire.answer()).status == 200


async def test_a_badly_chunked_body_is_given_up(serve: Any) -> None:
    stage = await serve(limits=Limits(stall=0.02))
    wire = await stage.wire()
    wire.send(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    wire.send(b"1\r\n{\r\nZZ\r\n{\r\n")
    assert (await wire.answer()).status == 400
    await wire.closed()


async def test_an_unexpected_failure_is_a_500_that_tells_nothing(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = await serve()
    stage.control.refusal = RuntimeError("secret detail")
    with pytest.raises(openai.InternalServerError) as caught:
        await stage.client().chat.completions.create(**ASK)
    assert caught.value.code == "internal_error"
    assert "secret" not in str(caught.value)
    assert "secret detail" in caplog.text


async def test_stop_lets_a_running_request_end_and_accepts_no_other(serve: Any) -> None:
    stage = await serve()
    go = asyncio.Event()

    async def slow(request: Received) -> None:
        await go.wait()
        request.json({"done": True})

    stage.upstream.script = slow
    wire = await stage.wire()
    idle = await stage.wire()
    wire.post(CHAT, ASK)
    await stage.upstream.until_received()
    stopping = asyncio.ensure_future(stage.gateway.stop())
    assert await idle.closed() == b""
    with pytest.raises(ConnectionError):
        await stage.wire()
    go.set()
    answer = await wire.answer()
    assert answer.document == {"done": True}
    await stopping
    assert await wire.closed() == b""


async def test_stop_cuts_what_does_not_end_in_time_with_an_error(serve: Any) -> None:
    stage = await serve(limits=Limits(shutdown=0.02))

    def stuck(request: Received) -> None:
        if request.document.get("stream"):
            request.begin()
            request.event(chunk("word"))

    stage.upstream.script = stuck
    plain, stream, events = [await stage.wire() for _ in range(3)]
    plain.post(CHAT, ASK)
    stream.post(CHAT, {**ASK, "stream": True})
    events.get("/admin/events")
    assert (await events.head()).status == 200
    assert (await stream.head()).status == 200
    assert b"word" in await stream.chunk()
    await stage.upstream.until_received(2)
    await stage.gateway.stop()
    answer = await plain.answer()
    assert (answer.status, answer.error["code"]) == (503, "refused")
    assert b"shutting down" in await stream.closed()
    assert await events.closed() in (b"", b"0\r\n\r\n")
    await asyncio.gather(*(request.left() for request in stage.upstream.received))
    assert [finish.ok for finish in stage.control.finished] == [False, False]


async def test_stop_may_be_called_twice_or_without_a_start(serve: Any) -> None:
    stage = await serve()
    await stage.gateway.stop()
    await Gateway(stage.composition, stage.control).stop()
