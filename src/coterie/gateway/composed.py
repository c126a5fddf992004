"""Names that are no expert's: a flow, which several experts answer, and a route, which chooses one.

Nothing here is on the way of a request that names its expert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from coterie.config import Composition
from coterie.config.flow import Flow
from coterie.config.route import Route
from coterie.errors import BadRequest
from coterie.gateway import body as bodies
from coterie.gateway.beat import Beat
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.control import Control
from coterie.gateway.party import CHAT, Flows
from coterie.gateway.reply import Reply, labels
from coterie.gateway.routing import Routed, Routing
from coterie.gateway.terms import Terminology
from coterie.types import Expert, Terms

if TYPE_CHECKING:
    from coterie.gateway.relay import Relay

ROUTED = frozenset({CHAT, "/v1/completions"})


class Asking(Struct, frozen=True):
    """A request for a flow or a route, as it came."""

    path: str
    key: str
    headers: Mapping[str, str]
    body: bytes
    wanted: bodies.Wanted


class Composed:
    """Serves the flows and routes of a composition."""

    def __init__(
        self,
        composition: Composition,
        control: Control,
        catalogue: Catalogue,
        terms: Terminology,
        routing: Routing,
        relay: Relay,
    ) -> None:
        self._keepalive_s = composition.limits.keepalive
        self._catalogue = catalogue
        self._terms = terms
        self._routing = routing
        self._relay = relay
        self._flows = Flows(composition, control, catalogue, relay)

    async def serve(self, composed: Flow | Route, asking: Asking, reply: Reply) -> None:
        """Raises what becomes the client's error."""
        if isinstance(composed, Route):
            await self._route(composed, asking, reply)
        else:
            await self._flow(composed, asking, reply, self._relay.named())

    async def _flow(
        self, flow: Flow, asking: Asking, reply: Reply, name: str, said: bytes = b""
    ) -> None:
        terms = self._own(flow, asking)
        fields = bodies.fields(asking.body)
        await self._flows.serve(flow, name, asking.path, fields, terms, reply, said)

    async def _route(self, route: Route, asking: Asking, reply: Reply) -> None:
        """Decides, and has it served. Of its own budget a flow gets none: it has one itself."""
        if asking.path not in ROUTED:
            raise BadRequest(
                f"{route.name!r} is a route, which answers chats and completions: name an expert "
                "for embeddings",
                "model",
            )
        terms = self._own(route, asking)
        routed = await self._routing.decide(
            route,
            bodies.fields(asking.body),
            terms,
            asking.headers,
            len(asking.body),
            chat=asking.path == CHAT,
            streams=bool(asking.wanted.stream),
        )
        name, who = self._relay.named(), routed.decision.expert
        flow = self._catalogue.flow(who)
        if flow is not None:
            await self._flow(flow, asking, reply, name, routed.labels)
        else:
            who = await self._expert(route, routed, asking, reply, name)
        self._routing.answered(name, routed, who, terms.tenant)

    def _own(self, composed: Flow | Route, asking: Asking) -> Terms:
        """The terms of a request for the flow or route itself."""
        wanted = asking.wanted
        return self._terms.of(
            Expert(composed.name, budget=composed.budget),
            asking.key,
            asking.headers,
            wanted.coterie,
            wanted.output_tokens,
            streams=bool(wanted.stream),
        )

    async def _expert(
        self, route: Route, routed: Routed, asking: Asking, reply: Reply, name: str
    ) -> str:
        """Has the chosen expert answer; returns who did: it may have been a fallback."""
        expert = self._catalogue.resolve(routed.decision.expert)
        body = bodies.merged(asking.body, expert.defaults, model=expert.name)
        wanted, asked = bodies.peek(body), asking.wanted.coterie
        streams = bool(wanted.stream)
        reply.labels = labels(name, expert.name) + routed.labels
        terms = self._terms.of(
            expert,
            asking.key,
            asking.headers,
            asked,
            wanted.output_tokens,
            streams=streams,
            route=route.budget,
        )
        then = self._terms.next(asking.headers, asked, terms.tenant)
        beat = Beat(reply, self._catalogue, expert.name, self._keepalive_s) if streams else None
        return await self._relay.ask(
            name,
            expert.name,
            asking.path,
            body,
            terms,
            reply,
            labels=routed.labels,
            beat=beat,
            then=then,
            said=asking.body,
            source="client",
        )
