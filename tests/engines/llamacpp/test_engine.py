"""llama.cpp on real weights: what only it promises beyond the engine contract."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from coterie.engines import Instance, Launch
from coterie.engines.llamacpp import LlamaCpp, create
from coterie.engines.llamacpp.estimate import RUNTIME_DIGEST
from coterie.errors import LoadError
from coterie.testing.engine_contract import is_running
from coterie.types import Device, Expert, Weights

CPU = Device("cpu", hot=1 << 30)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LlamaCpp]:
    made = create(tmp_path)
    yield made
    await made.close()


def launch(
    weights: Weights | None,
    tmp_path: Path,
    name: str = "e",
    device: Device = CPU,
    **options: Any,
) -> Launch:
    expert = Expert(name, weights="file://e", context=512, parallel=1, options=options)
    return Launch(f"{name}@n/cpu", 1, expert, device, weights, str(tmp_path / f"{name}.log"))


def keeping(weights: Weights, tmp_path: Path) -> tuple[Launch, Path]:
    """A launch with a folder for KV caches, and that folder."""
    kv_dir = tmp_path / "kv"
    kv_dir.mkdir()
    return structs.replace(launch(weights, tmp_path), kv_dir=str(kv_dir)), kv_dir


async def ask(instance: Instance, path: str, body: dict[str, Any]) -> dict[str, Any]:
    address, headers = instance.endpoint.address, instance.endpoint.headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(address + path, json=body, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


def mentions(secret: str, folder: Path, pids: tuple[int, ...]) -> list[Path]:
    """The logs and command lines that hold the secret."""
    logs = sorted(folder.rglob("*.log"))
    assert logs
    lines = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    return [path for path in (*logs, *lines) if secret.encode() in path.read_bytes()]


def test_problems_are_those_of_its_options(tmp_path: Path) -> None:
    found = create(tmp_path).problems(Expert("e", weights="file://e", options={"x": 1}))
    assert list(found) == ["options.x"]


async def test_without_weights_nothing_is_started(engine: LlamaCpp, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="has no weights"):
        await engine.start(launch(None, tmp_path))


@pytest.mark.real
async def test_the_estimate_is_near_the_peak(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    asked = launch(smollm, tmp_path)
    instance = await engine.start(asked)
    await ask(instance, "/v1/completions", {"prompt": "one two three " * 100, "max_tokens": 4})
    measured = {part.digest: part.size_bytes for part in instance.measure()}
    estimated = {
        part.digest: part.size_bytes for part in engine.footprint(asked.expert, smollm).hot
    }
    assert list(measured) == list(estimated) == [smollm.digest, "private:e", RUNTIME_DIGEST]
    runtime = measured.pop(RUNTIME_DIGEST)  # as large as the interpreter was built
    assert estimated.pop(RUNTIME_DIGEST) == pytest.approx(runtime, rel=0.25)
    for digest, size_bytes in measured.items():
        assert estimated[digest] == pytest.approx(size_bytes, rel=0.10)


@pytest.mark.real
async def test_a_schema_shapes_the_answer_and_the_log_keeps_no_secret(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    instance = await engine.start(launch(smollm, tmp_path))
    schema = {"type": "object", "properties": {"n": {"const": 7}}, "required": ["n"]}
    answer = await ask(
        instance,
        "/v1/chat/completions",
        {
            "messages": [{"role": "user", "content": "a number"}],
            "max_tokens": 30,
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": {"schema": schema}},
        },
    )
    assert '"n"' in answer["choices"][0]["message"]["content"]
    assert answer["model"] == "e"
    secret = instance.endpoint.headers["Authorization"].removeprefix("Bearer ")
    assert not mentions(secret, tmp_path, instance.pids)


@pytest.mark.real
async def test_a_model_that_embeds_is_ready_when_it_has_embedded(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    asked = launch(smollm, tmp_path, embedding=True, pooling="mean")
    instance = await engine.start(asked)
    answer = await ask(instance, "/v1/embeddings", {"input": ["one", "two"]})
    assert [len(item["embedding"]) for item in answer["data"]] == [576, 576]


@pytest.mark.real
async def test_workers_share_a_file_and_a_template(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    one, two = await asyncio.gather(
        engine.start(launch(smollm, tmp_path, "one")), engine.start(launch(smollm, tmp_path, "two"))
    )
    assert one.pids[0] != two.pids[0]
    assert one.pids[1] == two.pids[1]
    shared = {part.digest for part in one.measure()} & {part.digest for part in two.measure()}
    assert shared == {smollm.digest, RUNTIME_DIGEST}


@pytest.mark.real
async def test_when_the_template_is_killed_its_replicas_are_lost_and_the_next_load_makes_another(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    instance = await engine.start(launch(smollm, tmp_path))
    worker, template = instance.pids
    os.kill(template, signal.SIGKILL)
    async with asyncio.timeout(10):
        assert "its template, which was killed by SIGKILL" in await instance.lost
    assert not is_running((worker,))
    again = await engine.start(launch(smollm, tmp_path))
    assert again.pids[1] != template


@pytest.mark.real
async def test_what_a_terminal_sends_to_all_does_not_end_a_worker(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    instance = await engine.start(launch(smollm, tmp_path))
    for pid in instance.pids:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
    await ask(instance, "/v1/completions", {"prompt": "one", "max_tokens": 1})
    assert not instance.lost.done()
    await engine.close()
    assert not is_running(instance.pids)


@pytest.mark.real
async def test_a_device_that_needs_a_gpu_is_refused_where_there_is_none(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    device = Device("gpu", hot=1 << 30, kind="cuda")
    with pytest.raises(LoadError, match="no GPU backend"):
        await engine.start(launch(smollm, tmp_path, device=device))


@pytest.mark.real
async def test_what_a_replica_has_computed_survives_its_unload(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    """The next generation answers as if the first had never gone, and computes only what is new."""
    asked, kv_dir = keeping(smollm, tmp_path)
    prompt = "Once upon a time there was a small town by the sea. " * 20
    first = await engine.start(asked)
    body = {"prompt": prompt, "max_tokens": 8, "temperature": 0.0}
    before = await ask(first, "/v1/completions", body)
    assert before["timings"]["cache_n"] == 0
    await first.save(64 << 20)
    await first.stop(1.0)
    assert 0 < (kv_dir / "0.kv").stat().st_size < 64 << 20

    second = await engine.start(asked)
    assert second.restored_tokens > 200
    after = await ask(second, "/v1/completions", body)
    assert after["timings"]["cache_n"] > 200
    assert after["choices"][0]["text"] == before["choices"][0]["text"]
    await second.stop(0.0)


@pytest.mark.real
async def test_no_more_is_saved_than_may_be(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    asked, kv_dir = keeping(smollm, tmp_path)
    instance = await engine.start(asked)
    await ask(instance, "/v1/completions", {"prompt": "one two " * 100, "max_tokens": 1})
    await instance.save(100_000)
    assert list(kv_dir.iterdir()) == []
    # It is none the worse for it.
    await ask(instance, "/v1/completions", {"prompt": "one two " * 100, "max_tokens": 1})
    await instance.stop(0.0)


@pytest.mark.real
async def test_a_file_that_is_none_costs_nothing_but_the_prompt(
    engine: LlamaCpp, smollm: Weights, tmp_path: Path
) -> None:
    asked, kv_dir = keeping(smollm, tmp_path)
    (kv_dir / "0.kv").write_bytes(b"not a KV cache" * 1000)
    instance = await engine.start(asked)
    assert instance.restored_tokens == 0
    await ask(instance, "/v1/completions", {"prompt": "one two", "max_tokens": 1})
    await instance.stop(0.0)


ABANDONED = """
import asyncio, sys
from pathlib import Path
from benchmarks.hot_worker import hot_worker
from coterie.types import Expert

async def main():
    expert = Expert("e", weights="file://e", context=64, parallel=1)
    async with hot_worker(expert, Path(sys.argv[1]), 1, Path(sys.argv[2])) as instance:
        print(*instance.pids, flush=True)
        asyncio.get_running_loop().call_soon(sys.exit, 143)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.real
def test_a_loop_that_is_closed_over_its_head_leaves_no_worker(
    smollm: Weights, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", ABANDONED, smollm.path, str(tmp_path)]
    root = Path(__file__).parents[3]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 143, ran.stderr
    pids = tuple(map(int, ran.stdout.split()))
    assert pids
    deadline = time.monotonic() + 10
    while is_running(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pids)
