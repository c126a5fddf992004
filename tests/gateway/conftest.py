"""A gateway over loopback, between a scripted worker and real clients, on both kinds of loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import openai
import pytest
import uvloop

from coterie.config import Composition, Key, Limits, Tenant
from coterie.config.flow import Flow
from coterie.config.route import Route
from coterie.gateway import Gateway
from coterie.testing.control import FakeControl
from coterie.testing.upstream import ScriptedUpstream
from coterie.types import Device, Expert, Node

TEST_S = 15.0
LIMITS = Limits(body=4096, keepalive=30.0, attempts=2, shutdown=5.0, stall=5.0)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def composition(
    *experts: Expert,
    limits: Limits = LIMITS,
    keys: tuple[Key, ...] = (),
    flows: tuple[Flow, ...] = (),
    routes: tuple[Route, ...] = (),
    tenants: tuple[Tenant, ...] = (),
) -> Composition:
    return Composition(
        nodes=(Node("local", (Device("cpu", 2**30),)),),
        experts=experts or (Expert("m", engine="echo", context=512, aliases=("alias/of:m",)),),
        limits=limits,
        keys=keys,
        flows=flows,
        routes=routes,
        tenants=tenants,
    )


class Answer(msgspec.Struct):
    """What came back over a raw connection."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    @property
    def error(self) -> Any:
        return msgspec.json.decode(self.body)["error"]

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.body)


class Wire:
    """A connection on which nothing happens that the test did not write."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def post(self, path: str, document: Any, *headers: str) -> None:
        body = document if isinstance(document, bytes) else msgspec.json.encode(document)
        head = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {len(body)}", *headers]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def get(self, path: str, *headers: str) -> None:
        self.send("\r\n".join([f"GET {path} HTTP/1.1", "host: x", *headers]).encode() + b"\r\n\r\n")

    async def head(self) -> Answer:
        status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return Answer(int(status.split()[1]), headers)

    async def chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self) -> Answer:
        answer = await self.head()
        if "content-length" in answer.headers:
            answer.body = await self.reader.readexactly(int(answer.headers["content-length"]))
        elif "transfer-encoding" in answer.headers:
            while piece := await self.chunk():
                answer.body += piece
        else:
            answer.body = await self.reader.read()
        return answer

    async def closed(self) -> bytes:
        """What still came before the other side closed."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Stage:
    """Everything of one test."""

    composition: Composition
    gateway: Gateway
    control: FakeControl
    upstream: ScriptedUpstream
    address: str  # of the upstream
    host: str
    port: int
    wires: list[Wire] = field(default_factory=list)
    clients: list[openai.AsyncOpenAI] = field(default_factory=list)

    def client(self, key: str = "any", **options: Any) -> openai.AsyncOpenAI:
        url = f"http://{self.host}:{self.port}/v1"
        client = openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0, **options)
        self.clients.append(client)
        return client

    async def wire(self) -> Wire:
        wire = Wire(*await asyncio.open_connection(self.host, self.port))
        self.wires.append(wire)
        return wire

    async def post(self, path: str, document: Any, *headers: str) -> Answer:
        wire = await self.wire()
        wire.post(path, document, *headers)
        return await wire.answer()

    async def get(self, path: str, *headers: str) -> Answer:
        wire = await self.wire()
        wire.get(path, *headers)
        return await wire.answer()

    async def close(self) -> None:
        for client in self.clients:
            await client.close()
        for wire in self.wires:
            wire.close()
            with suppress(ConnectionError):
                await wire.writer.wait_closed()
        await self.gateway.stop()
        await self.upstream.stop()
        self.control.settled()


@pytest.fixture
async def bounded() -> AsyncIterator[None]:
    """A test that hangs fails after a while: all its tasks are cancelled."""

    def give_up() -> None:
        for task in asyncio.all_tasks():
            task.cancel()

    timer = asyncio.get_running_loop().call_later(TEST_S, give_up)
    yield
    timer.cancel()


Serve = Callable[..., Any]


@pytest.fixture
async def serve(bounded: None) -> AsyncIterator[Serve]:
    """`await serve(*experts, limits=…, keys=…, hot=True)` gives a running Stage. `parts`: what the
    gateway is given beside the composition.
    """
    stages: list[Stage] = []

    async def start(
        *experts: Expert, hot: bool = True, parts: Any = None, **document: Any
    ) -> Stage:
        upstream, control = ScriptedUpstream(), FakeControl()
        address = await upstream.start()
        described = composition(*experts, **document)
        if hot:
            control.addresses = {expert.name: address for expert in described.experts}
        gateway = Gateway(described, control, **(parts or {}))
        host, port = await gateway.start("127.0.0.1", 0)
        stages.append(stage := Stage(described, gateway, control, upstream, address, host, port))
        return stage

    yield start
    for stage in stages:
        await stage.close()


@pytest.fixture
async def worker(bounded: None) -> AsyncIterator[ScriptedUpstream]:
    """Answers each request with its number."""
    scripted = ScriptedUpstream(lambda request: request.json({"n": len(scripted.received)}))
    yield scripted
    await scripted.stop()
