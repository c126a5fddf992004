"""Connections in, one handler for each request, every failure an answer in OpenAI's shape."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import unquote

import msgspec
from aiohttp import web

from coterie.config import Composition
from coterie.errors import BadRequest, CoterieError, Refused, UnknownPath, WrongMethod
from coterie.gateway import body as bodies
from coterie.gateway.admin import Admin
from coterie.gateway.auth import Auth, check_origin
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.control import Control
from coterie.gateway.relay import Relay
from coterie.gateway.reply import Reply, Sent
from coterie.gateway.routing import Routing
from coterie.gateway.terms import Terminology
from coterie.router.feedback import Feedback
from coterie.router.router import Router

IDLE_S = 75.0
LINGER_S = 2.0
BACKLOG = 1024

Handler = Callable[[web.BaseRequest, Reply, str], Awaitable[None] | None]

log = logging.getLogger(__name__)


class Gateway:
    """The OpenAI-compatible endpoint and the admin API of one composition, over one control.

    `routers` and `feedback` by the names of routes: one without a router goes by its rules alone.
    """

    def __init__(
        self,
        composition: Composition,
        control: Control,
        routers: Mapping[str, Router] | None = None,
        feedback: Mapping[str, Feedback] | None = None,
    ) -> None:
        catalogue = Catalogue(composition, control)
        self._control = control
        self._catalogue = catalogue
        self._shutdown_s = composition.limits.shutdown
        self._auth = Auth(composition.keys)
        self._limits = composition.limits
        self._terms = Terminology(composition, catalogue)
        self._routing = Routing(composition, control, routers or {}, feedback or {})
        self._relay = Relay(composition, control, catalogue, self._terms, self._routing)
        self._admin = Admin(control, catalogue, self._routing, composition.limits.stall)
        self._active: dict[asyncio.Task[object], web.RequestHandler] = {}
        self._watching: set[asyncio.Task[object]] = set()
        self._idle = asyncio.Event()
        self._closing = False
        self._http: web.Server | None = None
        self._listener: asyncio.Server | None = None
        relay: dict[str, Handler] = {"POST": self._serve}
        self._routes: dict[str, dict[str, Handler]] = {
            "/v1/chat/completions": relay,
            "/v1/completions": relay,
            "/v1/embeddings": relay,
            "/v1/feedback": {"POST": self._rate},
            "/v1/models": {"GET": self._models, "HEAD": self._models},
            "/healthz": {"GET": self._healthz, "HEAD": self._healthz},
            "/readyz": {"GET": self._readyz, "HEAD": self._readyz},
            "/admin/experts": {"GET": lambda _, reply, __: self._admin.experts(reply)},
            "/admin/devices": {"GET": lambda _, reply, __: self._admin.devices(reply)},
            "/admin/tenants": {"GET": lambda _, reply, __: self._admin.tenants(reply)},
            "/admin/events": {"GET": self._events},
            "/admin/route": {"POST": self._decide},
        }

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listens; returns the address really bound (`port` 0: any). Raises OSError if taken."""
        assert self._listener is None, "the gateway was started already"
        self._http = _Server(
            self._handle,
            handler_cancellation=True,
            keepalive_timeout=IDLE_S,
            lingering_time=LINGER_S,
            auto_decompress=False,
            access_log=None,
        )
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._http, host, port, backlog=BACKLOG)
        bound = self._listener.sockets[0].getsockname()
        return bound[0], bound[1]

    async def stop(self) -> None:
        """Accepts nothing more, gives requests `limits.shutdown` to end, then refuses the rest."""
        if self._listener is None or self._http is None:
            return
        self._closing = True
        self._listener.close()
        self._http.pre_shutdown()
        busy = set(self._active.values())
        for connection in self._http.connections:
            if connection not in busy:
                connection.force_close()
        for task in tuple(self._watching):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._shutdown_s):
                await self._drained()
        for task in tuple(self._active):
            task.cancel()
        await self._drained()
        await self._http.shutdown(LINGER_S)
        self._relay.close()

    async def _drained(self) -> None:
        while self._active:
            self._idle.clear()
            await self._idle.wait()

    async def _handle(self, request: web.BaseRequest) -> Sent:
        """Answers one request, whatever happens; only a client that has left is let go without."""
        reply = Reply(request, closing=self._closing)
        task = asyncio.current_task()
        assert task is not None
        self._active[task] = request.protocol
        try:
            handler, subject = self._route(request)
            answer = handler(request, reply, subject)
            if answer is not None:
                await answer
        except CoterieError as error:
            reply.fail(error)
        except asyncio.CancelledError:
            if not self._closing or reply.lost:
                raise
            reply.fail(Refused("the server is shutting down: try again", retry_after_s=1.0))
        except ConnectionError:
            reply.cut()
        except Exception:
            log.exception("failed to answer %s %s", request.method, request.raw_path)
            reply.fail(CoterieError("an internal error: the server's log has the cause"))
        finally:
            del self._active[task]
            self._watching.discard(task)
            if not self._active:
                self._idle.set()
        return Sent(reply)

    def _route(self, request: web.BaseRequest) -> tuple[Handler, str]:
        """Who answers, and the path or the name in it.

        Raises Unauthorized, ForeignOrigin, UnknownPath or WrongMethod.
        """
        path = request.raw_path.partition("?")[0]
        if not path.startswith("/"):  # a whole URL, as proxies send it
            path = request.rel_url.raw_path
        if path not in ("/healthz", "/readyz"):
            self._auth.check(request.headers.get("Authorization"))
        if path.startswith("/admin/"):
            check_origin(request.headers.get("Origin"), request.headers.get("Host"))
        methods = self._routes.get(path)
        subject = path
        if methods is None:
            methods, subject = self._named(path)
        handler = methods.get(request.method)
        if handler is None:
            allow = tuple(methods)
            raise WrongMethod(
                f"{path!r} does not answer {request.method}: use {' or '.join(allow)}", allow
            )
        return handler, subject

    def _named(self, path: str) -> tuple[dict[str, Handler], str]:
        """The routes with a name in them, which may itself hold slashes, quoted or not."""
        if path.startswith("/v1/models/"):
            return {"GET": self._model}, unquote(path[len("/v1/models/") :])
        if path.startswith("/admin/explain/"):
            return {"GET": self._explain}, unquote(path[len("/admin/explain/") :])
        if path.startswith("/admin/experts/"):
            name, _, verb = path[len("/admin/experts/") :].rpartition("/")
            if name and verb in ("load", "unload", "pin", "unpin"):
                act: Callable[[Reply, str], None] = getattr(self._admin, verb)
                return {"POST": lambda _, reply, subject: act(reply, subject)}, unquote(name)
        raise UnknownPath(
            f"no endpoint {path!r}: there are {', '.join(self._routes)}, /v1/models/NAME, "
            "/admin/explain/SUBJECT and /admin/experts/NAME/load|unload|pin|unpin"
        )

    def _serve(self, request: web.BaseRequest, reply: Reply, path: str) -> Awaitable[None]:
        key = self._auth.check(request.headers.get("Authorization"))
        return self._relay.serve(request, reply, path, key)

    def _models(self, request: web.BaseRequest, reply: Reply, path: str) -> None:
        models = self._catalogue.models(self._tenant(request))
        reply.whole(200, b"", msgspec.json.encode({"object": "list", "data": models}))

    def _model(self, request: web.BaseRequest, reply: Reply, name: str) -> None:
        reply.whole(
            200, b"", msgspec.json.encode(self._catalogue.model(name, self._tenant(request)))
        )

    async def _rate(self, request: web.BaseRequest, reply: Reply, path: str) -> None:
        body = await bodies.read(request, self._limits.body, self._limits.stall)
        self._routing.rate(bodies.fields(body), self._tenant(request))
        reply.whole(200, b"", b'{"status":"kept"}')

    async def _decide(self, request: web.BaseRequest, reply: Reply, path: str) -> None:
        body = await bodies.read(request, self._limits.body, self._limits.stall)
        tenant = self._tenant(request)
        await self._admin.decision(reply, bodies.fields(body), len(body), tenant)

    def _tenant(self, request: web.BaseRequest) -> str:
        """Whose request it is."""
        return self._terms.tenant(self._auth.check(request.headers.get("Authorization")))

    def _healthz(self, request: web.BaseRequest, reply: Reply, path: str) -> None:
        reply.whole(200, b"", b'{"status":"alive"}')

    def _readyz(self, request: web.BaseRequest, reply: Reply, path: str) -> None:
        if self._control.ready() and not self._closing:
            reply.whole(200, b"", b'{"status":"ready"}')
        else:
            raise Refused("no expert has generated yet: wait for the first load", retry_after_s=1.0)

    def _explain(self, request: web.BaseRequest, reply: Reply, subject: str) -> None:
        self._admin.explain(reply, subject)

    def _events(self, request: web.BaseRequest, reply: Reply, path: str) -> Awaitable[None]:
        if (task := asyncio.current_task()) is not None:
            self._watching.add(task)
        accept = request.headers.get("Accept", "")
        return self._admin.events(reply, as_events="text/event-stream" in accept)


class _Server(web.Server):
    """aiohttp's server with connections of our kind."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)


class _Connection(web.RequestHandler):
    """aiohttp's connection, except that what is not HTTP is answered as all other errors are."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        reply = Reply(request, closing=True)
        reply.fail(BadRequest("not a valid HTTP request: " + (message or "").partition("\n")[0]))
        return Sent(reply)
