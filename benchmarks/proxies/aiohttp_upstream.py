"""aiohttp's low-level server with the gateway's own client. Arguments: PORT UPSTREAM."""

import asyncio
import sys

import uvloop
from aiohttp import web

from coterie.gateway.upstream import Upstream

ALL = 1 << 40


async def main(port: int, address: str) -> None:
    upstream = Upstream()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(text="ok")
        body = await request.read()
        exchange = await upstream.post(address, {}, request.path, body, 1)
        try:
            kind = exchange.media.decode("latin-1")
            if not kind.startswith("text/event-stream"):
                await exchange.fill(ALL)
                headers = {"Content-Type": kind}
                return web.Response(status=exchange.status, body=exchange.take(), headers=headers)
            response = web.StreamResponse(status=exchange.status, headers={"Content-Type": kind})
            await response.prepare(request)
            while chunk := exchange.take():
                await response.write(chunk)
                await exchange.fill(1)
            await response.write_eof()
            return response
        finally:
            exchange.release()

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
