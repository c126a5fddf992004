"""The rooms, wired: what is served, and what is left when it ends."""

import asyncio
import io
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console

from coterie.cli.progress import FetchProgress
from coterie.cli.serving import serving, steady_clock
from coterie.config import decode
from coterie.controller import Controller
from coterie.errors import AddressInUse, RouterInvalid, StateInUse
from coterie.router.ratings import read_ratings

NODES = "nodes: [{name: local, devices: [{name: ram, hot: 1GiB}]}]\n"
ECHO = "experts: [{name: parrot, engine: echo}]\n"


@pytest.fixture(autouse=True)
async def _patience() -> AsyncIterator[None]:
    async with asyncio.timeout(20):
        yield


def up(
    folder: Path, experts: str = ECHO, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[tuple[Controller, str, int]]:
    composition = decode(f"{NODES}{experts}".encode(), "composition.yaml")
    progress = FetchProgress(Console(file=io.StringIO()))
    return serving(composition, folder, folder / "state", host, port, progress)


async def status(host: str, port: int, path: str, document: object = None) -> int:
    async with aiohttp.ClientSession() as session:
        method = "GET" if document is None else "POST"
        url = f"http://{host}:{port}{path}"
        async with session.request(method, url, json=document) as answer:
            await answer.read()
            return answer.status


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def test_a_request_is_answered_from_the_first_moment_on(tmp_path: Path) -> None:
    body = {"model": "parrot", "prompt": "Hello"}
    async with up(tmp_path) as (controller, host, port):
        assert await status(host, port, "/v1/completions", body) == 200
        assert controller.ready()
        assert await status(host, port, "/readyz") == 200


ROUTED = """
experts: [{name: parrot, engine: echo}, {name: mynah, engine: echo}]
routes:
- {name: auto, otherwise: parrot, record: true, rules: [{code: true, to: mynah}]}
- {name: by/example, otherwise: parrot, embedder: words, categories: [
    {name: law, to: mynah, examples: [can I sue my landlord]}]}
"""


async def test_routes_are_served_and_rated_answers_kept(tmp_path: Path) -> None:
    async with up(tmp_path, ROUTED) as (_, host, port), aiohttp.ClientSession() as session:
        url = f"http://{host}:{port}"
        asked = {"model": "auto", "prompt": "```x```"}
        async with session.post(f"{url}/v1/completions", json=asked) as answer:
            assert answer.headers["x-coterie-expert"] == "mynah"
            request = answer.headers["x-coterie-request"]
        rating = {"request": request, "score": 1}
        assert await status(host, port, "/v1/feedback", rating) == 200
        asked = {"model": "by/example", "prompt": "can I sue my landlord?"}
        async with session.post(f"{url}/v1/completions", json=asked) as answer:
            assert answer.headers["x-coterie-route-category"] == "law"
        rating["request"] = answer.headers["x-coterie-request"]
        assert await status(host, port, "/v1/feedback", rating) == 404
    (kept,) = (tmp_path / "state" / "routes").iterdir()
    assert read_ratings([kept]).experts == ("mynah",)


async def test_a_fitted_router_that_cannot_be_read_is_told_before_anything_is_started(
    tmp_path: Path,
) -> None:
    routes = "routes: [{name: auto, otherwise: a, candidates: [a, b], learned: gone.router}]\n"
    experts = "experts: [{name: a, engine: echo}, {name: b, engine: echo}]\n"
    with pytest.raises(RouterInvalid, match="gone"):
        await up(tmp_path, experts + routes).__aenter__()
    assert is_empty(tmp_path)


async def test_on_leaving_nothing_listens_and_the_journal_is_whole(tmp_path: Path) -> None:
    async with up(tmp_path) as (controller, host, port):
        await controller.until_ready()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(host, port, "/healthz")
    (segment,) = (tmp_path / "state" / "journal").iterdir()
    lines = segment.read_bytes().splitlines()
    assert b'"Loaded"' in b"".join(lines)
    assert b'"Unloaded"' in lines[-1]


async def test_a_taken_port_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            AddressInUse, match=rf"127\.0\.0\.1:{port}: Address already in use; .*--port"
        ):
            await up(tmp_path, port=port).__aenter__()
    assert is_empty(tmp_path)


async def test_an_address_that_is_not_this_machines_is_told(tmp_path: Path) -> None:
    with pytest.raises(AddressInUse, match=r"cannot listen on 192\.0\.2\.1:0: .*--host"):
        await up(tmp_path, host="192.0.2.1").__aenter__()
    assert is_empty(tmp_path)


async def test_a_state_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateInUse, match=r"state' cannot be used: .*--state"):
        await up(tmp_path).__aenter__()


async def test_troubles_are_told_and_stop_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    experts = """
experts:
- {name: parrot, engine: echo}
- {name: dodo, engine: echo, preload: true, options: {fail_loads: 1000}}
- {name: ghost, engine: llamacpp, weights: "file://gone.gguf", preload: true}
"""
    with caplog.at_level(logging.WARNING):
        async with up(tmp_path, experts) as (_, host, port):
            body = {"model": "parrot", "prompt": "Hello"}
            assert await status(host, port, "/v1/completions", body) == 200
            for name in ("dodo", "ghost"):
                assert await status(host, port, "/v1/completions", {**body, "model": name}) == 503
    assert "'dodo@local/ram' did not load: failure 1" in caplog.text
    assert "the weights of 'ghost' did not come: " in caplog.text
    assert "gone.gguf" in caplog.text


def test_the_clock_tells_the_time_and_never_goes_back() -> None:
    clock = steady_clock()
    times = [clock() for _ in range(100)]
    assert times == sorted(times)
    assert times[0] > 1_700_000_000
