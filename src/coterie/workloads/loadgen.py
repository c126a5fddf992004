"""Load is sent when it is due, answered or not (open loop), or N at a time (closed loop).

Each request is timed by itself, from its sending to its first token and to its end. The bound on
requests in flight protects this process, not the server: what it holds back is reported, never
hidden.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import aiohttp
import msgspec
from msgspec import Struct, field

from coterie.workloads.answers import Reading, error_of, usage
from coterie.workloads.prompts import prompt
from coterie.workloads.report import Answer
from coterie.workloads.requests import Arrival


class Target(Struct, frozen=True):
    """An OpenAI-compatible server: its root (`http://127.0.0.1:8080`) and how it is asked."""

    url: str
    api: Literal["chat", "completions"] = "chat"
    stream: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    patience_s: float = 600.0
    seed: int = 0


Progress = Callable[[Answer], None]


def connected(*, keep: bool = True) -> aiohttp.ClientSession:
    """A session for a run, without a bound on connections.

    `keep`: use them again. Not for servers that close them after a stream without saying so, as
    llama.cpp's does: the next request would meet a closed one.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=not keep),
        auto_decompress=False,
        raise_for_status=False,
    )


async def open_loop(
    session: aiohttp.ClientSession,
    target: Target,
    arrivals: Sequence[Arrival],
    *,
    most_in_flight: int = 10_000,
    progress: Progress = lambda answer: None,
) -> list[Answer]:
    """Sends each arrival at its time; the answers, in the order of the arrivals."""
    places = asyncio.Semaphore(most_in_flight)
    begun = time.perf_counter()

    async def one(index: int, arrival: Arrival) -> Answer:
        asked = time.perf_counter()
        async with places:
            waited_s = time.perf_counter() - asked
            answer = await ask(session, target, arrival, index, begun=begun, waited_s=waited_s)
        progress(answer)
        return answer

    async with asyncio.TaskGroup() as group:
        tasks = []
        for index, arrival in enumerate(arrivals):
            delay_s = arrival.at_s - (time.perf_counter() - begun)
            if delay_s > 0:
                await asyncio.sleep(delay_s)
            tasks.append(group.create_task(one(index, arrival)))
    return [task.result() for task in tasks]


async def closed_loop(
    session: aiohttp.ClientSession,
    target: Target,
    arrivals: Iterator[Arrival],
    *,
    connections: int,
    duration_s: float | None = None,
    most_requests: int | None = None,
    progress: Progress = lambda answer: None,
) -> list[Answer]:
    """So many clients, each asking again once answered, until time or requests run out."""
    if duration_s is None and most_requests is None:
        raise ValueError("a closed loop never ends by itself: give duration_s or most_requests")
    begun = time.perf_counter()
    answers: list[Answer] = []
    numbered = enumerate(arrivals)

    async def client() -> None:
        while duration_s is None or time.perf_counter() - begun < duration_s:
            index, arrival = next(numbered, (0, None))
            if arrival is None or (most_requests is not None and index >= most_requests):
                return
            answer = await ask(session, target, arrival, index, begun=begun)
            answers.append(answer)
            progress(answer)

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(client())
    return answers


async def ask(
    session: aiohttp.ClientSession,
    target: Target,
    arrival: Arrival,
    index: int,
    *,
    begun: float,
    waited_s: float = 0.0,
) -> Answer:
    """Sends one request, reads its answer to the end. What goes wrong is in it, never raised."""
    body = msgspec.json.encode(body_of(target, arrival, index))
    path = "/v1/chat/completions" if target.api == "chat" else "/v1/completions"
    headers = {"Content-Type": "application/json", **target.headers}
    sent = time.perf_counter()
    reading, status, first_s = Reading(), 0, None
    try:
        async with session.post(
            target.url + path,
            data=body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=target.patience_s),
        ) as response:
            status = response.status
            if status == 200 and response.content_type == "text/event-stream":
                async for chunk in response.content.iter_any():
                    reading.feed(chunk)
                    if first_s is None and reading.has_content:
                        first_s = time.perf_counter() - sent
                reading.close()
            else:
                _read_whole(reading, status, await response.read())
                first_s = time.perf_counter() - sent if status == 200 else None
    except TimeoutError:
        reading.error = f"no answer within {target.patience_s:g} s"
    except (aiohttp.ClientError, OSError) as error:
        reading.error = type(error).__name__
    return Answer(
        expert=arrival.expert,
        sent_s=sent - begun,
        status=status,
        total_s=time.perf_counter() - sent,
        first_s=first_s,
        waited_s=waited_s,
        prompt_tokens=reading.prompt_tokens,
        output_tokens=reading.output_tokens,
        error=reading.error,
    )


def body_of(target: Target, arrival: Arrival, index: int) -> dict[str, Any]:
    """The request's JSON: a prompt of its own, and at most as many tokens of output as wanted."""
    text = prompt(index, arrival.prompt_tokens, target.seed)
    asked: dict[str, Any] = (
        {"messages": [{"role": "user", "content": text}]}
        if target.api == "chat"
        else {"prompt": text}
    )
    body = {
        "model": arrival.expert,
        **asked,
        "max_tokens": arrival.output_tokens,
        "temperature": 0.0,
    }
    if target.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | target.extra


def _read_whole(reading: Reading, status: int, body: bytes) -> None:
    if status != 200:
        reading.error = f"HTTP {status} {error_of(body)}".strip()
        return
    try:
        decoded = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        reading.error = "the answer is not JSON"
        return
    reading.prompt_tokens, reading.output_tokens = usage(decoded)
