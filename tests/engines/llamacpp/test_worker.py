"""The worker program's parts; as a whole it is tested through the engine, on real weights."""

import asyncio
import json
import os
import select
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from coterie.engines.echo.server import EchoServer
from coterie.engines.llamacpp import worker


@pytest.fixture
async def address() -> AsyncIterator[str]:
    server = EchoServer("e", "secret", slots=1, token_s=0.0)
    yield await server.open()
    await server.close()


@pytest.mark.parametrize("embedding", [True, False])
async def test_it_generates_before_it_is_ready(address: str, embedding: bool) -> None:
    assert await asyncio.to_thread(worker._generate, address, "secret", embedding) == ""


async def test_a_first_generation_that_fails_is_the_reason(address: str) -> None:
    reason = await asyncio.to_thread(worker._generate, address, "wrong", False)
    assert "HTTP/1.1 401" in reason


@pytest.mark.parametrize("reason", ["short", "x" * 9000, "\x00\u2028" * 2000])
def test_a_line_is_whole_and_short_enough_to_share_a_pipe(reason: str) -> None:
    read, write = os.pipe()
    worker._say(write, {"failed": 1, "reason": reason[: worker._REASON_CHARS]})
    line = os.read(read, 1 << 16)
    os.close(read)
    os.close(write)
    assert line.endswith(b"\n")
    assert len(line) <= select.PIPE_BUF
    assert reason.startswith(json.loads(line)["reason"])


def test_parameters_reach_the_fields_they_name() -> None:
    class Adapter:
        path = ""
        scale = 0.0

    def new() -> Any:
        return SimpleNamespace(model=SimpleNamespace(path=""), cpuparams=SimpleNamespace())

    library = SimpleNamespace(
        CommonParams=new,
        CommonAdapterLoraInfo=Adapter,
        ggml_type=SimpleNamespace(GGML_TYPE_Q8_0=8),
    )
    request = {
        "weights": "/w.gguf",
        "key": "secret",
        "params": {
            "n_ctx": 512,
            "cpuparams.n_threads": 2,
            "cache_type_k": {"enum": ["ggml_type", "GGML_TYPE_Q8_0"]},
            "model_alias": {"set": ["e"]},
            "lora_adapters": {"lora": [["/a", 0.5]]},
        },
    }
    params = worker._common_params(library, request)
    assert params.model.path == "/w.gguf"
    assert params.api_keys == ["secret"]
    assert (params.n_ctx, params.cpuparams.n_threads) == (512, 2)
    assert params.cache_type_k == 8
    assert params.model_alias == {"e"}
    assert [(adapter.path, adapter.scale) for adapter in params.lora_adapters] == [("/a", 0.5)]


@pytest.mark.parametrize(("kind", "has"), [("gpu", True), ("igpu", True), ("cpu", False)])
def test_a_gpu_is_looked_for(kind: str, has: bool) -> None:
    kinds = SimpleNamespace(
        GGML_BACKEND_DEVICE_TYPE_GPU="gpu", GGML_BACKEND_DEVICE_TYPE_IGPU="igpu"
    )
    library = SimpleNamespace(
        ggml_backend_dev_type=kinds, get_device_info=lambda: [{"type": "cpu"}, {"type": kind}]
    )
    assert worker._has_gpu(library) is has
