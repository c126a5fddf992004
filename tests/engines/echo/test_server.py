"""The echo server speaks the protocol that the gateway passes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from coterie.engines.echo.server import EchoServer

KEY = {"Authorization": "Bearer secret"}


@pytest.fixture
async def server() -> AsyncIterator["Client"]:
    echo = EchoServer("e", "secret", slots=1, token_s=0.0)
    address = await echo.open()
    async with aiohttp.ClientSession() as session:
        yield Client(session, address)
    await echo.close()


class Client:
    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = KEY if headers is None else headers
        async with self.session.post(self.address + path, data=data, headers=head) as answer:
            return answer.status, await answer.text()


def frames(text: str) -> list[Any]:
    lines = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def test_a_completion(server: Client) -> None:
    status, text = await server.post("/v1/completions", {"prompt": "one two"})
    made = json.loads(text)
    assert status == 200
    assert (made["model"], made["object"]) == ("e", "text_completion")
    assert made["choices"] == [
        {"index": 0, "text": "one two", "logprobs": None, "finish_reason": "stop"}
    ]
    assert made["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}


async def test_a_chat(server: Client) -> None:
    body = {"messages": [{"role": "user", "content": "one two"}], "max_tokens": 1}
    _, text = await server.post("/v1/chat/completions", body)
    choice = json.loads(text)["choices"][0]
    assert choice["message"] == {"role": "assistant", "content": "one"}
    assert choice["finish_reason"] == "length"


@pytest.mark.parametrize("usage", [True, False])
async def test_a_chat_in_chunks(server: Client, usage: bool) -> None:
    body = {
        "messages": [{"role": "user", "content": "one two"}],
        "stream": True,
        "stream_options": {"include_usage": usage},
    }
    _, text = await server.post("/v1/chat/completions", body)
    chunks = frames(text)
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert deltas == [{"role": "assistant", "content": "one"}, {"content": " two"}, {}]
    ends = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert ends == [None, None, "stop"]
    assert ("usage" in chunks[-1]) is usage
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)


async def test_a_completion_in_chunks(server: Client) -> None:
    _, text = await server.post("/v1/completions", {"prompt": "one two", "stream": True})
    assert [chunk["choices"][0]["text"] for chunk in frames(text)] == ["one", " two", ""]


async def test_embeddings_are_unit_vectors_of_their_text(server: Client) -> None:
    _, text = await server.post("/v1/embeddings", {"input": ["one", "two", "one"]})
    made = json.loads(text)
    one, two, again = (item["embedding"] for item in made["data"])
    assert one == again != two
    assert sum(value * value for value in one) == pytest.approx(1.0)
    assert made["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", b"{"),
        ("/v1/completions", b"[]"),
        ("/v1/completions", {"prompt": None}),
        ("/v1/chat/completions", {"messages": []}),
        ("/v1/embeddings", {"input": []}),
        ("/v1/embeddings", {"input": [1]}),
    ],
)
async def test_a_malformed_body_is_refused(server: Client, path: str, body: Any) -> None:
    status, text = await server.post(path, body)
    assert status == 400
    assert json.loads(text)["error"]["type"] == "invalid_request_error"


async def test_health_needs_no_secret_and_all_else_does(server: Client) -> None:
    async with server.session.get(f"{server.address}/health") as answer:
        assert answer.status == 200
    status, text = await server.post("/v1/completions", {"prompt": "one"}, headers={})
    assert status == 401
    assert json.loads(text)["error"]["type"] == "authentication_error"


async def test_requests_beyond_its_slots_wait_until_a_client_leaves() -> None:
    echo = EchoServer("e", "secret", slots=1, token_s=3600.0)
    address = await echo.open()
    async with aiohttp.ClientSession() as session:
        client = Client(session, address)
        busy = asyncio.create_task(client.post("/v1/completions", {"prompt": "one"}))
        none = {"prompt": "one", "max_tokens": 0}
        waiting = asyncio.create_task(client.post("/v1/completions", none))
        async with session.get(f"{address}/health") as answer:
            assert answer.status == 200
        assert not waiting.done()
        busy.cancel()
        async with asyncio.timeout(5):
            status, _ = await waiting
        assert status == 200
    await echo.close()
    assert not echo.is_open
