"""The hop to a replica: HTTP/1.1 over kept connections, one exchange at a time on each.

With aiohttp's client a proxied small request takes 2.4 times the processor time that it takes with
this one, on the same parser (llhttp): docs/benchmarks.md has the table. It does only what the hop
needs: POST, no redirects, cookies, proxies or compression.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from coterie.errors import WorkerLost
from coterie.gateway.exchange import Exchange

CONNECT_S = 5.0
KEPT_CONNECTIONS = 64


class Upstream:
    """All kept connections, by address."""

    def __init__(self) -> None:
        self._endpoints: dict[str, _Endpoint] = {}

    async def post(
        self,
        address: str,
        headers: Mapping[str, str],
        path: str,
        body: bytes,
        enough: int,
        sent: Callable[[], None] = lambda: None,
    ) -> Exchange:
        """Sends the request; returns when `enough` bytes of its answer are here, or all of it.
        `sent` is called while the replica works.

        A kept connection that turns out to be closed is replaced without a word. Raises WorkerLost
        if the replica cannot be reached or breaks off. The caller must `release` what it gets.
        """
        endpoint = self._endpoint(address, headers)
        message = endpoint.message(path, body)
        while True:
            kept = endpoint.idle.pop() if endpoint.idle else None
            exchange = kept or await endpoint.connect()
            try:
                exchange.send(message)
                sent()
                await exchange.fill(enough)
            except WorkerLost:
                exchange.release()
                if kept is None or exchange.answered:
                    raise
            except BaseException:
                exchange.release()
                raise
            else:
                return exchange

    def close(self) -> None:
        """Ends the connections that are kept; those in use end with their exchange."""
        for endpoint in tuple(self._endpoints.values()):
            endpoint.close()
        self._endpoints.clear()

    def _endpoint(self, address: str, headers: Mapping[str, str]) -> "_Endpoint":
        known = self._endpoints.get(address)
        if known is not None and known.headers == headers:
            return known
        endpoint = _Endpoint(address, headers, self._forget)
        if known is not None:
            known.close()  # another replica has the port now
        self._endpoints[address] = endpoint
        return endpoint

    def _forget(self, endpoint: "_Endpoint") -> None:
        if self._endpoints.get(endpoint.address) is endpoint:
            del self._endpoints[endpoint.address]


class _Endpoint:
    """One replica's address, its idle connections, and the heads of requests to it.

    `unused` is called when the last connection has gone: most addresses never come back.
    """

    def __init__(
        self, address: str, headers: Mapping[str, str], unused: Callable[["_Endpoint"], None]
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address!r} is no address of a replica: expected http://HOST:PORT")
        self.address = address
        self.headers = dict(headers)
        self.idle: list[Exchange] = []
        self._unused = unused
        self._open = 0
        self._spare: asyncio.Task[None] | None = None  # connects, for nobody yet
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._netloc = parts.netloc
        self._heads: dict[str, bytes] = {}
        self._closed = False

    def message(self, path: str, body: bytes) -> bytes:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = self._head(path)
        return b"%b%d\r\n\r\n%b" % (head, len(body), body)

    async def connect(self) -> Exchange:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, exchange = await loop.create_connection(
                    lambda: Exchange(self), self._host, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            self._gone()
            reason = str(error) or f"no connection within {CONNECT_S:g} s"
            raise WorkerLost(
                f"the replica at {self.address!r} cannot be reached: {reason}"
            ) from error
        return exchange

    def keep(self, exchange: Exchange) -> bool:
        if self._closed or len(self.idle) >= KEPT_CONNECTIONS:
            return False
        self.idle.append(exchange)
        return True

    def replace(self) -> None:
        """Connects anew for the next request, which need not wait for it then: llama.cpp's server
        closes its connection after each stream.
        """
        if not self._closed and not self.idle and self._spare is None:
            self._spare = asyncio.get_running_loop().create_task(self._connect_spare())

    async def _connect_spare(self) -> None:
        try:
            exchange = await self.connect()
            if not self.keep(exchange):
                exchange.abort()
        except WorkerLost:
            pass  # whoever comes next finds that out
        finally:
            self._spare = None
            self._gone()

    def opened(self) -> None:
        self._open += 1

    def closed(self, exchange: Exchange) -> None:
        self._open -= 1
        self.forget(exchange)
        self._gone()

    def _gone(self) -> None:
        """Nothing holds this address any more, perhaps."""
        if not self._open and self._spare is None:
            self._unused(self)

    def forget(self, exchange: Exchange) -> None:
        if exchange in self.idle:
            self.idle.remove(exchange)

    def close(self) -> None:
        self._closed = True
        if self._spare is not None:
            self._spare.cancel()
        for exchange in tuple(self.idle):
            exchange.abort()
        self.idle.clear()

    def _head(self, path: str) -> bytes:
        fields = {
            "host": self._netloc,
            "content-type": "application/json",
            **{name.lower(): value for name, value in self.headers.items()},
        }
        lines = [f"POST {self._prefix}{path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return ("\r\n".join(lines) + "\r\ncontent-length: ").encode("latin-1")
