"""A request's way: what is asked arrives, what is answered comes back, accounts are kept."""

import asyncio
import random
from typing import Any

import msgspec
import openai
import pytest

from coterie.config import Limits
from coterie.errors import ExpertUnavailable, QueueFull, WaitExceeded
from coterie.gateway.relay import WHOLE_BYTES
from coterie.scheduler.status import ExpertStatus
from coterie.testing.upstream import COMPLETION, Received, chunk, complete
from coterie.types import Budget, Expert, Terms

CHAT = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**ASK, "stream": True}


def frames(body: bytes) -> list[Any]:
    """The documents of a stream; its comments, its end and what is torn as they are."""
    lines = body.decode().strip().split("\n\n")
    return [msgspec.json.decode(line[6:]) if line.endswith("}") else line for line in lines]


# Through and back.


async def test_the_sdk_completes_a_chat(serve: Any) -> None:
    stage = await serve()
    answer = await stage.client().chat.completions.create(**ASK, seed=3, stop=["x"], logprobs=True)
    assert answer.choices[0].message.content == "one two three"
    assert answer.usage.total_tokens == 10
    (request,) = stage.upstream.received
    assert request.document == {**ASK, "seed": 3, "stop": ["x"], "logprobs": True}
    (submitted,) = stage.control.submitted
    assert submitted.prompt_bytes == len(request.body)
    assert stage.control.begun == []  # in one piece: there is nothing to be told before its end
    (finish,) = stage.control.finished
    assert (finish.ok, finish.prompt_tokens, finish.output_tokens) == (True, 7, 3)
    assert 0 < finish.first_byte_s <= finish.run_s


@pytest.mark.parametrize("usage", [False, True])
async def test_the_sdk_streams_a_chat(serve: Any, usage: bool) -> None:
    stage = await serve()
    options = {"stream_options": {"include_usage": True}} if usage else {}
    stream = await stage.client().chat.completions.create(**ASK, stream=True, **options)
    chunks = [part async for part in stream]
    words = [part.choices[0].delta.content for part in chunks if part.choices]
    assert words == ["one", " two", " three", None]
    assert stage.control.begun == [submitted.request for submitted in stage.control.submitted]
    assert [part.usage.total_tokens for part in chunks if part.usage] == [10] * usage
    (finish,) = await stage.control.until_finished()
    assert (finish.ok, finish.prompt_tokens, finish.output_tokens) == (True, 7, 3)
    assert 0 < finish.first_byte_s <= finish.run_s


async def test_the_sdk_reaches_the_other_endpoints(serve: Any) -> None:
    stage = await serve()
    data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
    stage.upstream.script = lambda request: request.json(
        {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 4}}
    )
    client = stage.client()
    answer = await client.embeddings.create(model="m", input="x", encoding_format="float")
    assert answer.data[0].embedding == [0.5]
    await client.completions.create(model="m", prompt="x")
    paths = [request.path for request in stage.upstream.received]
    assert paths == ["/v1/embeddings", "/v1/completions"]
    assert [finish.prompt_tokens for finish in stage.control.finished] == [4, 4]


async def test_what_is_said_to_coterie_goes_no_further(serve: Any) -> None:
    stage = await serve()
    said = {"ttft": "2s", "priority": "interactive"}
    await stage.post(CHAT, {**STREAM, "max_tokens": 5, "coterie": said}, "x-coterie-e2e: 1m")
    (submitted,) = stage.control.submitted
    assert submitted.terms == Terms("", "interactive", Budget(ttft=2.0, e2e=60.0), (), 5)
    (request,) = stage.upstream.received
    assert request.document == {**STREAM, "max_tokens": 5}


async def test_what_a_client_says_comes_next_is_handed_on_once_it_is_served(serve: Any) -> None:
    stage = await serve(Expert("m", engine="echo"), Expert("s", engine="echo", aliases=("small",)))
    await stage.post(CHAT, ASK, "x-coterie-next: small, m")
    await stage.post(CHAT, {**ASK, "coterie": {"next": ["s"]}})
    assert stage.control.hints == [("s", "client"), ("m", "client"), ("s", "client")]
    answer = await stage.post(CHAT, ASK, "x-coterie-next: nobody")
    assert answer.status == 404
    answer = await stage.post(CHAT, ASK, f"x-coterie-next: {','.join('m' * 9)}")
    assert (answer.status, answer.error["param"]) == (400, "x-coterie-next")


@pytest.mark.parametrize("said", [{"ttft": []}, {"speed": 1}, 3])
async def test_terms_that_are_wrong_are_refused_before_anything_is_asked(
    serve: Any, said: Any
) -> None:
    stage = await serve()
    answer = await stage.post(CHAT, {**ASK, "coterie": said})
    assert (answer.status, answer.error["param"]) == (400, "coterie")
    assert stage.control.submitted == []


async def test_a_fallback_is_asked_by_its_own_name_and_with_its_own_defaults(serve: Any) -> None:
    stage = await serve(
        Expert("m", engine="echo", fallbacks=("s",), defaults={"temperature": 0.1}),
        Expert("s", engine="echo", defaults={"top_k": 5}),
    )
    stage.control.instead = {"m": "s"}
    answer = await stage.post(CHAT, ASK)
    assert answer.headers["x-coterie-expert"] == "s"
    assert answer.headers["x-coterie-fallback-for"] == "m"
    (request,) = stage.upstream.received
    assert request.document == {**ASK, "model": "s", "top_k": 5}
    (submitted,) = stage.control.submitted
    assert (submitted.expert, submitted.terms.fallbacks) == ("m", ("s",))


async def test_the_engine_gets_the_very_bytes_and_no_key(serve: Any) -> None:
    stage = await serve()
    stage.control.headers = {"authorization": "Bearer worker-secret"}
    body = b'{ "x":1.50, "model" : "alias/of:m",\n"messages":[] }'
    answer = await stage.post(CHAT, body, "authorization: Bearer mine", "cookie: a=b", "x-y: z")
    (request,) = stage.upstream.received
    assert request.body == body
    assert request.headers["authorization"] == "Bearer worker-secret"
    assert "cookie" not in request.headers
    assert "x-y" not in request.headers
    assert answer.body == msgspec.json.encode(COMPLETION)
    assert stage.control.submitted[0].expert == "m"


async def test_an_experts_defaults_lie_under_the_request(serve: Any) -> None:
    stage = await serve(Expert("m", engine="echo", defaults={"temperature": 0.1, "top_k": 5}))
    await stage.post(CHAT, {**ASK, "temperature": 0.9})
    assert stage.upstream.received[0].document == {**ASK, "temperature": 0.9, "top_k": 5}


async def test_a_default_may_ask_for_a_stream(serve: Any) -> None:
    stage = await serve(Expert("m", engine="echo", defaults={"stream": True}))
    answer = await stage.post(CHAT, ASK)
    assert answer.headers["content-type"] == "text/event-stream"
    assert frames(answer.body)[-1] == "data: [DONE]"


async def test_headers_say_who_answered_and_how_long_it_took(serve: Any) -> None:
    stage = await serve()
    stage.control.queued_s, stage.control.loading_s = 1.5, 0.25
    plain = (await stage.post(CHAT, ASK)).headers
    stream = (await stage.post(CHAT, STREAM)).headers
    for headers in (plain, stream):
        assert headers["x-coterie-expert"] == "m"
        assert headers["x-coterie-replica"] == "m@local/cpu"
        assert headers["x-coterie-queue-ms"] == "1500.0"
        assert headers["x-coterie-load-ms"] == "250.0"
    assert float(plain["x-coterie-run-ms"]) >= float(plain["x-coterie-first-byte-ms"]) > 0
    names = [submitted.request for submitted in stage.control.submitted]
    assert [plain["x-coterie-request"], stream["x-coterie-request"]] == names
    assert len(set(names)) == 2


async def test_each_event_of_a_stream_is_passed_on_at_once(serve: Any) -> None:
    stage = await serve()
    go = asyncio.Queue[str]()

    async def slow(request: Received) -> None:
        request.begin()
        while word := await go.get():
            request.event(chunk(word))
        request.end()

    stage.upstream.script = slow
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    for word in ("one", "two", "three"):
        go.put_nowait(word)
        if word == "one":
            await wire.head()
        expected = b"data: " + msgspec.json.encode(chunk(word)) + b"\n\n"
        assert await wire.chunk() == expected
    go.put_nowait("")
    assert await wire.chunk() == b"data: [DONE]\n\n"
    assert await wire.chunk() == b""


async def test_a_long_answer_passes_in_pieces(serve: Any) -> None:
    stage = await serve()
    text = "x" * (3 * WHOLE_BYTES)
    stage.upstream.script = lambda request: request.json({"text": text})
    answer = await stage.post("/v1/completions", {"model": "m", "prompt": ""})
    assert answer.document == {"text": text}
    assert stage.control.finished[0].ok


# The engine's own errors.


async def test_an_engines_refusal_passes_through(serve: Any) -> None:
    stage = await serve()
    error = {"code": 400, "message": "context too small", "type": "exceed_context_size_error"}
    stage.upstream.script = lambda request: request.json({"error": error}, status=400)
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError, match="context too small") as caught:
            await stage.client().chat.completions.create(**ASK, stream=stream)
        assert caught.value.type == "exceed_context_size_error"
        assert caught.value.response.headers["x-coterie-replica"] == "m@local/cpu"
    assert [finish.ok for finish in stage.control.finished] == [True, True]
    assert len(stage.control.submitted) == 2


async def test_an_engines_failure_is_put_into_openais_shape(serve: Any) -> None:
    stage = await serve()
    stage.upstream.script = lambda request: request.text(b"<h1>broken</h1>", 500, "text/html")
    answer = await stage.post(CHAT, ASK)
    assert (answer.status, answer.headers["content-type"]) == (500, "application/json")
    assert (answer.error["message"], answer.error["type"]) == ("<h1>broken</h1>", "server_error")
    assert [finish.ok for finish in stage.control.finished] == [False]


# Waiting.


async def test_a_request_waits_for_its_grant(serve: Any) -> None:
    stage = await serve(hot=False)
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    (request,) = await stage.control.until_waiting()
    stage.control.grant(request, stage.address)
    assert (await wire.answer()).status == 200
    assert stage.control.submitted[0].since == 0.0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueueFull("full", retry_after_s=2.5), 429),
        (WaitExceeded("too long", retry_after_s=0.1, eta_s=4.0), 503),
        (ExpertUnavailable("broken", retry_after_s=30), 503),
    ],
)
async def test_a_refusal_is_an_error_with_retry_after(
    serve: Any, error: Any, status: int, waits: bool, stream: bool
) -> None:
    stage = await serve(hot=False)
    stage.control.refusal = None if waits else error
    wire = await stage.wire()
    wire.post(CHAT, {**ASK, "stream": stream})
    if waits:
        stage.control.refuse((await stage.control.until_waiting())[0], error)
    answer = await wire.answer()
    assert (answer.status, answer.error["code"]) == (status, error.code)
    assert int(answer.headers["retry-after"]) >= max(1, error.retry_after_s)
    assert answer.error.get("eta_s") == error.eta_s
    assert answer.headers["x-coterie-request"] == stage.control.submitted[0].request
    assert not stage.control.finished


async def test_a_stream_that_waits_is_kept_alive_with_comments(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.01))
    stage.control.statuses = {"m": ExpertStatus("m", phase="loading", eta_s=1.23)}
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    head = await wire.head()
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
    assert head.headers["x-coterie-request"] == stage.control.submitted[0].request
    for _ in range(3):
        assert await wire.chunk() == b": waiting for 'm': loading, eta 1.2 s\n\n"
    stage.control.grant(stage.control.waiting[0], stage.address)
    body = b""
    while piece := await wire.chunk():
        body += piece
    assert frames(body)[-1] == "data: [DONE]"
    assert b"three" in body


async def test_a_comment_says_what_is_known(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.01))
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    await wire.head()
    assert await wire.chunk() == b": waiting for 'm': absent\n\n"
    stage.control.grant(stage.control.waiting[0], stage.address)


async def test_comments_go_on_until_the_first_byte_and_then_stop(serve: Any) -> None:
    stage = await serve(limits=Limits(keepalive=0.01))
    go = asyncio.Event()

    async def slow(request: Received) -> None:
        request.begin()
        await go.wait()
        request.event(chunk("word"))
        await asyncio.sleep(0.03)
        request.end()

    stage.upstream.script = slow
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    await wire.head()
    assert (await wire.chunk()).startswith(b": waiting")
    go.set()
    body = b""
    while piece := await wire.chunk():
        body += piece
    after = body[body.index(b"data: ") :]
    assert b": waiting" not in after


async def test_the_sdk_takes_a_stream_with_comments(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.01))
    asking = asyncio.ensure_future(stage.client().chat.completions.create(**STREAM))
    stream = await asking  # the head is here before the grant
    stage.control.grant(stage.control.waiting[0], stage.address)
    words = [part.choices[0].delta.content async for part in stream]
    assert words == ["one", " two", " three", None]


async def test_an_error_after_comments_is_a_frame_and_an_end(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.01))
    stream = await stage.client().chat.completions.create(**STREAM)
    error = WaitExceeded("waited long enough", retry_after_s=3, eta_s=9.0)
    stage.control.refuse(stage.control.waiting[0], error)
    with pytest.raises(openai.APIError, match="waited long enough") as caught:
        [part async for part in stream]
    assert caught.value.code == "wait_exceeded"

    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    await wire.head()
    stage.control.refuse((await stage.control.until_waiting())[0], error)
    body = b""
    while piece := await wire.chunk():
        body += piece
    *_, frame, end = frames(body)
    assert (frame["error"]["code"], frame["error"]["eta_s"]) == ("wait_exceeded", 9.0)
    assert end == "data: [DONE]"


async def test_an_engines_refusal_after_comments_is_a_frame_too(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.01))
    stage.upstream.script = lambda request: request.json(
        {"error": {"message": "too\nlong", "type": "mine"}}, status=400
    )
    stream = await stage.client().chat.completions.create(**STREAM)
    stage.control.grant(stage.control.waiting[0], stage.address)
    with pytest.raises(openai.APIError, match="too\nlong"):
        [part async for part in stream]
    assert [finish.ok for finish in stage.control.finished] == [True]


async def test_a_plain_request_waits_in_silence(serve: Any) -> None:
    stage = await serve(hot=False, limits=Limits(keepalive=0.005))
    plain, stream = await stage.wire(), await stage.wire()
    plain.post(CHAT, ASK)
    (request,) = await stage.control.until_waiting()
    stream.post(CHAT, STREAM)
    await stream.head()
    await stream.chunk()  # by now the other would have had its comment
    stage.control.grant(request, stage.address)
    answer = await plain.answer()
    assert (answer.status, answer.document["usage"]["total_tokens"]) == (200, 10)
    stage.control.grant(stage.control.waiting[0], stage.address)


# Replicas that die.


@pytest.mark.parametrize("stream", [False, True])
async def test_a_replica_that_dies_before_the_first_byte_is_tried_again(
    serve: Any, stream: bool
) -> None:
    stage = await serve()

    def dying(request: Received) -> None:
        stage.upstream.script = complete
        stage.control.clock += 5
        if stream:
            request.begin()
        request.die()

    began_at = stage.control.clock
    stage.upstream.script = dying
    answer = await stage.post(CHAT, {**ASK, "stream": stream})
    assert answer.status == 200
    assert b"three" in answer.body
    first, second = stage.control.submitted
    assert first.request == second.request == answer.headers["x-coterie-request"]
    assert [(s.attempt, s.since) for s in (first, second)] == [(0, 0.0), (1, began_at)]
    assert [finish.ok for finish in stage.control.finished] == [False, True]


@pytest.mark.parametrize("stream", [False, True])
async def test_it_is_sent_again_only_so_often(serve: Any, stream: bool) -> None:
    stage = await serve(limits=Limits(attempts=1))
    stage.upstream.script = lambda request: request.die()
    answer = await stage.post(CHAT, {**ASK, "stream": stream})
    assert (answer.status, answer.error["code"]) == (502, "worker_lost")
    assert [s.attempt for s in stage.control.submitted] == [0, 1]
    assert [finish.ok for finish in stage.control.finished] == [False, False]


async def test_no_one_at_the_address_counts_as_death(serve: Any) -> None:
    stage = await serve(limits=Limits(attempts=0))
    await stage.upstream.stop()
    answer = await stage.post(CHAT, ASK)
    assert (answer.status, answer.error["code"]) == (502, "worker_lost")
    assert [finish.ok for finish in stage.control.finished] == [False]


async def test_a_refused_second_attempt_is_the_clients_answer(serve: Any) -> None:
    stage = await serve()

    def dying(request: Received) -> None:
        stage.control.refusal = ExpertUnavailable("it crashed", retry_after_s=7)
        request.die()

    stage.upstream.script = dying
    answer = await stage.post(CHAT, ASK)
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


async def test_a_second_attempt_may_follow_comments(serve: Any) -> None:
    stage = await serve(limits=Limits(keepalive=0.01))

    async def dying(request: Received) -> None:
        stage.upstream.script = complete
        await commented.wait()
        request.die()

    commented = asyncio.Event()
    stage.upstream.script = dying
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    await wire.head()
    assert (await wire.chunk()).startswith(b": waiting")
    commented.set()
    body = b""
    while piece := await wire.chunk():
        body += piece
    assert b"three" in body
    assert [finish.ok for finish in stage.control.finished] == [False, True]


@pytest.mark.parametrize("torn", [b"", b'data: {"cho'])
async def test_a_death_after_the_first_byte_is_a_frame_of_the_stream(
    serve: Any, torn: bytes
) -> None:
    stage = await serve()

    def dying(request: Received) -> None:
        request.begin()
        request.event(chunk("word"))
        if torn:
            request.piece(torn)
        request.transport.close()

    stage.upstream.script = dying
    answer = await stage.post(CHAT, STREAM)
    assert answer.status == 200
    *_, frame, end = frames(answer.body)
    assert frame["error"]["code"] == "worker_lost"
    assert end == "data: [DONE]"
    assert len(stage.upstream.received) == 1
    (finish,) = stage.control.finished
    assert (finish.ok, finish.output_tokens) == (False, 1 + bool(torn))


async def test_a_death_within_a_long_plain_answer_cuts_the_connection(serve: Any) -> None:
    stage = await serve()

    def dying(request: Received) -> None:
        request.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n" + b"x" * 2 * WHOLE_BYTES)
        request.transport.close()

    stage.upstream.script = dying
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    assert (await wire.head()).status == 200
    assert not (await wire.closed()).endswith(b"0\r\n\r\n")
    assert [finish.ok for finish in stage.control.finished] == [False]
    assert len(stage.upstream.received) == 1


async def test_a_kept_connection_that_went_stale_costs_no_attempt(serve: Any) -> None:
    stage = await serve(limits=Limits(attempts=0))
    assert (await stage.post(CHAT, ASK)).status == 200
    stage.upstream.drop_idle()
    assert (await stage.post(CHAT, ASK)).status == 200
    assert len(stage.control.submitted) == 2


# Clients that leave.


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_while_it_waits_is_cancelled(serve: Any, stream: bool) -> None:
    stage = await serve(hot=False)
    wire = await stage.wire()
    wire.post(CHAT, {**ASK, "stream": stream})
    (request,) = await stage.control.until_waiting()
    wire.close()
    await stage.control.until_settled()
    assert stage.control.cancelled == [request]
    assert not stage.control.finished


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_ends_its_generation(serve: Any, stream: bool) -> None:
    stage = await serve()

    async def endless(request: Received) -> None:
        if request.document["stream"]:
            request.begin()
            request.event(chunk("word"))

    stage.upstream.script = endless
    wire = await stage.wire()
    wire.post(CHAT, {**ASK, "stream": stream})
    (request,) = await stage.upstream.until_received()
    if stream:
        await wire.head()
        await wire.chunk()
    wire.close()
    async with asyncio.timeout(1):
        await request.left()
    (finish,) = await stage.control.until_finished()
    assert (finish.ok, finish.output_tokens) == (False, int(stream))


async def test_a_client_that_leaves_with_its_grant_on_the_way_frees_it(serve: Any) -> None:
    stage = await serve(hot=False)
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    (request,) = await stage.control.until_waiting()
    (task,) = stage.gateway._active
    stage.control.grant(request, stage.address)
    task.cancel()  # as its connection would, in the same turn of the loop
    assert await stage.control.until_finished()
    assert not stage.control.finished[0].ok
    assert not stage.upstream.received


async def test_a_grant_that_the_control_withdraws_is_a_refusal(serve: Any) -> None:
    stage = await serve(hot=False)
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    (request,) = await stage.control.until_waiting()
    stage.control._waiting.pop(request)[1].cancel()
    answer = await wire.answer()
    assert (answer.status, answer.error["code"]) == (503, "expert_unavailable")


async def test_a_client_that_leaves_between_attempts_holds_nothing(serve: Any) -> None:
    stage = await serve()
    wire = await stage.wire()

    def dying(request: Received) -> None:
        request.die()
        wire.abort()

    stage.upstream.script = dying
    wire.post(CHAT, ASK)
    await stage.control.until_finished()
    await stage.gateway.stop()
    assert len(stage.control.submitted) == 1


# Clients that read slowly.


PIECES = 4000


async def flood(request: Received) -> None:
    """Far more than all buffers on the way hold, as fast as it is read."""
    request.begin()
    for _ in range(PIECES):
        request.piece(b"data: " + b"x" * 16_384 + b"\n\n")
        await request.room()
    request.end()


async def settle() -> None:
    """Gives everything time to run until it cannot go on."""
    for _ in range(2 * PIECES):
        await asyncio.sleep(0)


async def test_a_slow_reader_slows_the_engine_and_loses_nothing(serve: Any) -> None:
    stage = await serve()
    stage.upstream.script = flood
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    await wire.head()
    await settle()
    assert stage.upstream.tasks  # it cannot go on
    assert (await stage.post("/v1/completions", {"model": "none"})).status == 404
    size = 0
    while piece := await wire.chunk():
        size += len(piece)
    assert size == PIECES * (16_384 + 8) + len(b"data: [DONE]\n\n")
    assert (await stage.control.until_finished())[0].ok


async def test_a_reader_that_stopped_is_cut_after_a_while(serve: Any) -> None:
    stage = await serve(limits=Limits(stall=0.05))
    stage.upstream.script = flood
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    (request,) = await stage.upstream.until_received()
    await request.left()
    assert not (await stage.control.until_finished())[0].ok


async def test_a_slow_reader_that_leaves_frees_its_place(serve: Any) -> None:
    stage = await serve()
    stage.upstream.script = flood
    wire = await stage.wire()
    wire.post(CHAT, STREAM)
    (request,) = await stage.upstream.until_received()
    await request.stalled()
    wire.abort()
    await request.left()
    assert not (await stage.control.until_finished())[0].ok


# Everything at once.


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_leaves_whenever_every_grant_and_wait_ends_once(
    serve: Any, seed: int
) -> None:
    """FakeControl asserts at each call; what is left over is asserted when the stage closes."""
    rng = random.Random(seed)
    stage = await serve(hot=False, limits=Limits(keepalive=0.002, attempts=2, shutdown=0.2))

    async def turns(most: int) -> None:
        for _ in range(rng.randrange(most)):
            await asyncio.sleep(0)

    async def moody(request: Received) -> None:
        mood = rng.random()
        await turns(50)
        if mood < 0.1:
            request.die()
        elif request.document.get("stream"):
            request.begin()
            for word in range(rng.randrange(5)):
                request.event(chunk(f"{word}"))
                await turns(30)
                if mood > 0.85:
                    request.die()
                    return
            request.end()
        elif mood > 0.9:
            request.json({"error": "moody"}, status=500)
        else:
            request.json(COMPLETION)

    async def patient() -> None:
        wire = await stage.wire()
        for stream in (False, True):
            wire.post(CHAT, {**ASK, "stream": stream})
            assert (await wire.answer()).status in (200, 429, 500, 502)

    async def impatient() -> None:
        wire = await stage.wire()
        wire.post(CHAT, {**ASK, "stream": rng.random() < 0.6})
        await turns(300)
        (wire.abort if rng.random() < 0.5 else wire.close)()

    async def controller() -> None:
        while True:
            for request in stage.control.waiting:
                fate = rng.random()
                if fate < 0.2:
                    stage.control.grant(request, stage.address)
                elif fate < 0.22:
                    stage.control.refuse(request, QueueFull("full", retry_after_s=1))
            await turns(20)

    stage.upstream.script = moody
    first = await stage.wire()
    first.post(CHAT, ASK)
    await stage.control.until_waiting()
    first.abort()
    ruling = asyncio.ensure_future(controller())
    await asyncio.gather(*(patient() for _ in range(10)), *(impatient() for _ in range(60)))
    await stage.gateway.stop()
    ruling.cancel()
    assert len(stage.control.finished) >= 10
    assert any(not finish.ok for finish in stage.control.finished)


async def test_a_place_is_given_back_where_the_body_cannot_be_read_for_a_fallback(
    serve: Any,
) -> None:
    """Unread bytes go to the expert that was asked for; for another one they must be read."""
    stage = await serve(Expert("m", engine="echo", fallbacks=("s",)), Expert("s", engine="echo"))
    stage.upstream.script = lambda request: request.json(COMPLETION)
    body = b'{"model": "m", "messages": [], "\xff": 1}'
    assert (await stage.post(CHAT, body)).status == 200
    stage.control.instead = {"m": "s"}
    answer = await stage.post(CHAT, body)
    assert (answer.status, answer.headers["x-coterie-expert"]) == (400, "s")
    assert "the request body is not JSON" in answer.error["message"]
    assert [finish.ok for finish in stage.control.finished] == [True, False]
    assert stage.control.holding == []
