"""Looking and steering: what the admin endpoints answer. Looking changes nothing."""

from typing import Any

import msgspec

from coterie.errors import BadRequest, UnknownPath
from coterie.gateway.beat import EVENT_STREAM
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.control import Control
from coterie.gateway.reply import Reply
from coterie.gateway.routing import Routing
from coterie.types import Terms

LINES = b"application/x-ndjson"


class Admin:
    """The operators' side of the control, in JSON."""

    def __init__(
        self, control: Control, catalogue: Catalogue, routing: Routing, stall_s: float
    ) -> None:
        self._control = control
        self._catalogue = catalogue
        self._routing = routing
        self._stall_s = stall_s

    def experts(self, reply: Reply) -> None:
        _send(reply, {"experts": self._control.experts()})

    def devices(self, reply: Reply) -> None:
        _send(reply, {"devices": self._control.devices()})

    def tenants(self, reply: Reply) -> None:
        _send(reply, {"tenants": self._control.tenants()})

    def explain(self, reply: Reply, subject: str) -> None:
        """Why a request or an expert (by name or alias) is where it is. Raises UnknownPath."""
        explanation = self._control.explain(self._catalogue.name_of(subject))
        if explanation is None:
            raise UnknownPath(
                f"no request or expert {subject!r}: give an expert's name, or the "
                "x-coterie-request of a request that waits, runs or ended lately"
            )
        _send(reply, explanation)

    async def decision(self, reply: Reply, said: dict[str, Any], size: int, tenant: str) -> None:
        """Whom a route (`model`; it may be left out where there is one) would choose for a request
        of `messages`, or for a `text`. Nothing is remembered of it. Raises UnknownPath.
        """
        routes = self._catalogue.routes
        name = said.get("model") or (next(iter(routes)) if len(routes) == 1 else "")
        route = routes.get(name) if isinstance(name, str) else None
        if route is None:
            known = ", ".join(map(repr, routes)) or "none"
            raise UnknownPath(f"no route {str(name)[:80]!r}: there are {known}")
        if isinstance(said.get("text"), str) and "messages" not in said:
            said = {**said, "messages": [{"role": "user", "content": said["text"]}]}
        terms = Terms(tenant, budget=route.budget)
        streams = said.get("stream") is not False
        routed = await self._routing.decide(
            route, said, terms, {}, size, streams=streams, looking=True
        )
        _send(reply, routed.decision)

    def load(self, reply: Reply, name: str) -> None:
        self._control.load(expert := self._catalogue.resolve(name).name)
        self._accepted(reply, expert)

    def unload(self, reply: Reply, name: str) -> None:
        """Raises BadRequest for an expert that is pinned."""
        expert = self._catalogue.resolve(name).name
        if any(status.pinned for status in self._control.experts() if status.name == expert):
            raise BadRequest(f"expert {expert!r} is pinned: unpin it first")
        self._control.unload(expert)
        self._accepted(reply, expert)

    def pin(self, reply: Reply, name: str) -> None:
        self._control.pin(expert := self._catalogue.resolve(name).name, True)
        self._accepted(reply, expert)

    def unpin(self, reply: Reply, name: str) -> None:
        self._control.pin(expert := self._catalogue.resolve(name).name, False)
        self._accepted(reply, expert)

    async def events(self, reply: Reply, *, as_events: bool) -> None:
        """The journal as it grows: JSON lines, or server-sent events; until the client leaves."""
        reply.begin(200, b"", EVENT_STREAM if as_events else LINES)
        reply.write(b"")
        lines = self._control.follow()
        try:
            async for line in lines:
                text = line.rstrip(b"\n")
                reply.write(b"data: %b\n\n" % text if as_events else b"%b\n" % text)
                await reply.drained(self._stall_s)
        finally:
            if (close := getattr(lines, "aclose", None)) is not None:
                await close()
        reply.end()

    def _accepted(self, reply: Reply, name: str) -> None:
        """What was asked for is on its way: 202, with the expert as it is now."""
        for status in self._control.experts():
            if status.name == name:
                _send(reply, status, 202)
                return
        _send(reply, {"name": name}, 202)


def _send(reply: Reply, document: Any, status: int = 200) -> None:
    reply.whole(status, b"", msgspec.json.encode(document))
