"""Ray Serve's model multiplexing over the same llama.cpp workers: `PORT MODELS ROOM`.

One replica, which keeps ROOM models by Ray's least-recently-used rule. A worker that Ray unloads is
ended once its streams are done, so that no answer is cut off. Run by the Python of the environment
with Ray: Coterie's own has none, which is why types are not checked here.
"""

# mypy: ignore-errors

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from benchmarks.hot_worker import weights_of
from coterie.engines import Instance, Launch, llamacpp
from coterie.types import Device, Expert

PORT, FOLDER, ROOM = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
CONTEXT, PARALLEL, THREADS, UBATCH = map(int, sys.argv[4:8])


class Model:
    """A worker, and how many requests use it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.users = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def take(self) -> None:
        self.users += 1
        self.idle.clear()

    def release(self) -> None:
        self.users -= 1
        if not self.users:
            self.idle.set()

    async def __del__(self) -> None:
        await self.idle.wait()
        await self.instance.stop(0.0)


@serve.deployment(max_ongoing_requests=10_000, ray_actor_options={"num_cpus": 1})
class Multiplexed:
    def __init__(self) -> None:
        self.engine = llamacpp.create(FOLDER.parent)
        self.session: aiohttp.ClientSession | None = None
        self.loads = 0

    @serve.multiplexed(max_num_models_per_replica=ROOM)
    async def model(self, name: str) -> Model:
        self.loads += 1
        launch = Launch(
            replica=f"{name}@ray/ram",
            generation=self.loads,
            expert=Expert(
                name=name, context=CONTEXT, parallel=PARALLEL, options={"ubatch": UBATCH}
            ),
            device=Device(name="ram", hot=1 << 40, threads=THREADS),
            weights=weights_of(FOLDER / f"{name}.gguf"),
            log_path=str(FOLDER.parent / "logs" / f"ray-{name}.log"),
        )
        return Model(await self.engine.start(launch))

    async def __call__(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"loads": self.loads})
        body = await request.body()
        model = await self.model((await request.json())["model"])
        model.take()
        return StreamingResponse(
            self.answer(model, request.url.path, body), media_type="text/event-stream"
        )

    async def answer(self, model: Model, path: str, body: bytes) -> AsyncIterator[bytes]:
        if self.session is None:
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            self.session = aiohttp.ClientSession(connector=connector)
        endpoint = model.instance.endpoint
        headers = {"Content-Type": "application/json", **endpoint.headers}
        try:
            async with self.session.post(
                endpoint.address + path, data=body, headers=headers
            ) as answer:
                async for chunk in answer.content.iter_any():
                    yield chunk
        finally:
            model.release()


def main() -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=True)
    serve.start(http_options={"host": "127.0.0.1", "port": PORT})
    serve.run(Multiplexed.bind(), route_prefix="/")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
