import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from coterie.workloads.arrivals import Shape, endless
from coterie.workloads.loadgen import Target, body_of, closed_loop, connected, open_loop
from coterie.workloads.prompts import prompt
from coterie.workloads.requests import Arrival

USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


class Upstream:
    """Streams two tokens; `slow` waits for `release`, `bad` is refused, `torn` breaks off."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.release = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._answer(request, body)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request, body: dict[str, object]) -> web.StreamResponse:
        if body["model"] == "bad":
            return web.json_response({"error": {"code": "model_not_found"}}, status=404)
        if body["model"] == "slow":
            await self.release.wait()
        if not body.get("stream"):
            return web.json_response({"choices": [{"text": "a b"}], "usage": USAGE})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": keepalive\n\n")
        for text in ("a", " b"):
            await self._send(response, {"choices": [{"delta": {"content": text}}]})
        if body["model"] == "torn":
            assert request.transport is not None
            request.transport.close()
            return response
        await self._send(response, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
        await self._send(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _send(self, response: web.StreamResponse, frame: dict[str, object]) -> None:
        await response.write(b"data: " + msgspec.json.encode(frame) + b"\n\n")


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, str]]:
    served = Upstream()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", served.answer)
    app.router.add_post("/v1/completions", served.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield served, f"http://127.0.0.1:{port}"
    served.release.set()
    await runner.cleanup()


def arrival(expert: str = "a", at_s: float = 0.0) -> Arrival:
    return Arrival(at_s, expert, 5, 2)


async def test_each_arrival_is_answered_in_its_place(upstream: tuple[Upstream, str]) -> None:
    _, url = upstream
    async with connected() as session:
        answers = await open_loop(
            session, Target(url), [arrival("a"), arrival("bad"), arrival("torn")]
        )
    assert [answer.expert for answer in answers] == ["a", "bad", "torn"]
    good, refused, torn = answers
    assert good.is_good
    assert (good.prompt_tokens, good.output_tokens) == (3, 2)
    assert good.first_s is not None
    assert 0 < good.first_s <= good.total_s
    assert (refused.status, refused.error) == (404, "HTTP 404 model_not_found")
    assert refused.first_s is None
    assert not torn.is_good
    assert torn.first_s is not None


async def test_an_open_loop_sends_while_others_wait(upstream: tuple[Upstream, str]) -> None:
    served, url = upstream

    def progress(answer: object) -> None:
        served.release.set()  # the first answer, of "a", though "slow" was sent before it

    async with connected() as session:
        answers = await open_loop(
            session, Target(url), [arrival("slow"), arrival("a")], progress=progress
        )
    assert [answer.is_good for answer in answers] == [True, True]
    assert served.most_in_flight == 2


async def test_the_bound_on_requests_in_flight_holds_and_is_told(
    upstream: tuple[Upstream, str],
) -> None:
    served, url = upstream
    async with connected() as session:
        answers = await open_loop(
            session, Target(url), [arrival() for _ in range(6)], most_in_flight=2
        )
    assert served.most_in_flight <= 2
    assert all(answer.is_good for answer in answers)
    assert max(answer.waited_s for answer in answers) > 0


async def test_a_closed_loop_keeps_its_connections_and_stops_at_its_number(
    upstream: tuple[Upstream, str],
) -> None:
    served, url = upstream
    shape = Shape(("a",), 4, 2)
    async with connected() as session:
        answers = await closed_loop(
            session, Target(url, stream=False), endless(shape), connections=3, most_requests=20
        )
    assert len(answers) == 20
    assert served.most_in_flight <= 3
    assert all(answer.is_good and answer.output_tokens == 2 for answer in answers)


async def test_a_closed_loop_must_end() -> None:
    async with connected() as session:
        with pytest.raises(ValueError, match="never ends"):
            await closed_loop(session, Target("http://x"), iter(()), connections=1)


async def test_a_server_that_is_not_there_is_an_answer_too() -> None:
    async with connected() as session:
        (answer,) = await open_loop(session, Target("http://127.0.0.1:9"), [arrival()])
    assert (answer.status, answer.is_good) == (0, False)
    assert answer.error == "ClientConnectorError"


async def test_patience_has_an_end(upstream: tuple[Upstream, str]) -> None:
    _, url = upstream
    async with connected() as session:
        (answer,) = await open_loop(session, Target(url, patience_s=0.05), [arrival("slow")])
    assert answer.error == "no answer within 0.05 s"


async def test_each_request_asks_something_else(upstream: tuple[Upstream, str]) -> None:
    served, url = upstream
    async with connected() as session:
        await open_loop(session, Target(url, api="completions"), [arrival(), arrival()])
    asked = [body["prompt"] for body in served.bodies]
    assert len(set(map(str, asked))) == 2


def test_a_chat_body_is_whole() -> None:
    target = Target("http://x", seed=4, extra={"ignore_eos": True})
    assert body_of(target, arrival("a"), 9) == {
        "model": "a",
        "messages": [{"role": "user", "content": prompt(9, 5, 4)}],
        "max_tokens": 2,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
        "ignore_eos": True,
    }


def test_a_completion_body_without_stream_says_nothing_of_streams() -> None:
    body = body_of(Target("http://x", api="completions", stream=False), arrival("a"), 1)
    assert body == {"model": "a", "prompt": prompt(1, 5), "max_tokens": 2, "temperature": 0.0}
