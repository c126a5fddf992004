"""One request's way: a grant from the control, the hop to the replica, its bytes back unchanged.

Every Grant is answered by exactly one `finish`, every wait that is given up by exactly one
`cancel`, whatever fails and whenever the client leaves.
"""

import asyncio
from functools import partial
from secrets import token_hex
from time import perf_counter
from typing import Literal

from aiohttp import web

from coterie.config import Composition
from coterie.config.composition import RETRY_PAUSE_S
from coterie.errors import ExpertUnavailable, UnknownExpert, WorkerLost
from coterie.gateway import body as bodies
from coterie.gateway.beat import Beat
from coterie.gateway.captured import Captured
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.composed import Asking, Composed
from coterie.gateway.control import Control
from coterie.gateway.exchange import Exchange
from coterie.gateway.render import engine_error
from coterie.gateway.reply import Reply, labels
from coterie.gateway.routing import Routing
from coterie.gateway.terms import Terminology, addressed
from coterie.gateway.upstream import Upstream
from coterie.gateway.usage import Tally, tokens
from coterie.types import Grant, Terms, expert_of

STREAMS = frozenset({"/v1/chat/completions", "/v1/completions"})
WHOLE_BYTES = 1024**2


class Relay:
    """Serves the endpoints that an expert answers."""

    def __init__(
        self,
        composition: Composition,
        control: Control,
        catalogue: Catalogue,
        terms: Terminology,
        routing: Routing,
    ) -> None:
        self._limits = composition.limits
        self._control = control
        self._catalogue = catalogue
        self._terms = terms
        self._composed = Composed(composition, control, catalogue, terms, routing, self)
        self._upstream = Upstream()
        self._prefix = f"req-{token_hex(4)}"
        self._count = 0

    async def serve(self, request: web.BaseRequest, reply: Reply, path: str, key: str) -> None:
        """Answers a POST to `path` that showed `key`. Raises what becomes the client's error."""
        body = await bodies.read(request, self._limits.body, self._limits.stall)
        wanted = bodies.peek(body)
        composed = self._catalogue.composed(wanted.model)
        if composed is not None:
            asking = Asking(path, key, addressed(request.headers), body, wanted)
            await self._composed.serve(composed, asking, reply)
            return
        try:
            expert = self._catalogue.resolve(wanted.model)
        except UnknownExpert:
            raise self._catalogue.unknown(wanted.model, self._terms.tenant(key)) from None
        asked, said = wanted.coterie, body
        if expert.defaults or asked is not None:
            body = bodies.merged(body, expert.defaults)
            wanted = bodies.peek(body)
        name = self.named()
        reply.labels = labels(name, expert.name)
        stream = bool(wanted.stream) and path in STREAMS
        headers = addressed(request.headers)
        terms = self._terms.of(expert, key, headers, asked, wanted.output_tokens, streams=stream)
        then = self._terms.next(headers, asked, terms.tenant)
        beat = Beat(reply, self._catalogue, expert.name, self._limits.keepalive) if stream else None
        call = _Call(name, expert.name, path, said, body, terms, reply, beat)
        call.next = then
        await self._carry(call)

    async def ask(
        self,
        name: str,
        expert: str,
        path: str,
        body: bytes,
        terms: Terms,
        reply: Reply | Captured,
        *,
        labels: bytes = b"",
        beat: Beat | None = None,
        then: tuple[str, ...] = (),
        said: bytes = b"",
        source: Literal["client", "flow"] = "flow",
    ) -> str:
        """Sends a request of the gateway's own making, as a flow's stages are; its answer goes to
        `reply`, with further header fields `labels`; `then`: experts that are asked next, as
        `source` says; `said`: what the client said, where that is not the body. Returns the expert
        that answered. Raises what becomes the client's error.
        """
        call = _Call(name, expert, path, said or body, body, terms, reply, beat)
        call.labels, call.next, call.source = labels, then, source
        await self._carry(call)
        return call.by

    def close(self) -> None:
        self._upstream.close()

    def named(self) -> str:
        """The id of a new request."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    async def _carry(self, call: "_Call") -> None:
        """Tries until a replica answers: again only where nothing of an answer has been sent."""
        began_at = self._control.now()
        attempt = 0
        try:
            while True:
                grant = await self._granted(call, attempt, began_at if attempt else 0.0)
                try:
                    await self._run(call, grant)
                    return
                except WorkerLost:
                    if call.answered or attempt >= self._limits.attempts:
                        raise
                # The news of the loss travels to the scheduler on another way: let it arrive first.
                await asyncio.sleep(RETRY_PAUSE_S * 2**attempt)
                attempt += 1
        finally:
            if call.beat is not None:
                call.beat.stop()

    async def _granted(self, call: "_Call", attempt: int, since: float) -> Grant:
        place = self._control.submit(
            call.name,
            call.expert,
            attempt=attempt,
            since=since,
            prompt_bytes=len(call.body),
            terms=call.terms,
        )
        if isinstance(place, Grant):
            return place
        if call.beat is not None:
            call.beat.start()
        try:
            # Shielded: the future is the control's, which alone may end it.
            return await asyncio.shield(place)
        except asyncio.CancelledError:
            if not place.done():
                self._control.cancel(call.name)
            elif place.cancelled():
                raise ExpertUnavailable(
                    f"the request for {call.expert!r} was given up: try again", retry_after_s=1.0
                ) from None
            elif place.exception() is None:
                self._control.finish(call.name, ok=False)
            raise

    def _body_for(self, call: "_Call", expert: str) -> bytes:
        """What a replica of `expert` is sent: a fallback gets its own name and defaults. Raises
        BadRequest: bytes that nobody had to read before may turn out to be no JSON.
        """
        call.by = expert
        call.reply.labels = labels(call.name, expert) + call.labels
        if expert == call.expert:
            return call.body
        call.reply.labels += f"x-coterie-fallback-for: {call.expert}\r\n".encode()
        return bodies.merged(call.said, self._catalogue.resolve(expert).defaults, model=expert)

    async def _run(self, call: "_Call", grant: Grant) -> None:
        run = _Run(grant)
        try:
            call.sent = self._body_for(call, expert_of(grant.replica))
            exchange = await self._upstream.post(
                grant.address,
                grant.headers,
                call.path,
                call.sent,
                1 if call.beat else WHOLE_BYTES,
                partial(self._underway, call),
            )
            try:
                if call.beat is not None and exchange.status == 200:
                    await self._pipe(call, run, exchange)
                else:
                    await self._whole(call, run, exchange)
            finally:
                exchange.release()
            run.ok = exchange.status < 500
        finally:
            self._control.finish(
                call.name,
                ok=run.ok,
                first_byte_s=run.first_byte_s,
                run_s=perf_counter() - run.began_at,
                prompt_tokens=run.tokens[0],
                output_tokens=run.tokens[1],
            )

    def _underway(self, call: "_Call") -> None:
        """What a request need not wait for: it is on its way."""
        if call.beat is not None:
            call.beat.start()
        hinted, call.next = call.next, ()
        for expert in hinted:
            self._control.hint(expert, call.source)

    async def _whole(self, call: "_Call", run: "_Run", exchange: Exchange) -> None:
        """An answer in one piece; one that is larger than is worth holding is piped."""
        await exchange.fill(WHOLE_BYTES)
        if not exchange.complete:
            await self._pipe(call, run, exchange)
            return
        run.first_byte_s = exchange.first_byte_at - run.began_at
        body = exchange.take()
        media = exchange.media
        if exchange.status >= 400:
            body, media = engine_error(exchange.status, body), b"application/json"
        call.answered = True
        if call.reply.begun:
            call.reply.fail_begun(body)
        else:
            call.reply.whole(exchange.status, run.whole_fields(), body, media)
        if exchange.status < 400:
            run.tokens = tokens(body)

    async def _pipe(self, call: "_Call", run: "_Run", exchange: Exchange) -> None:
        """Bytes as they come, no faster than the client reads them."""
        reply, tally = call.reply, Tally()
        if call.beat is not None:
            call.beat.stop()
        if not reply.begun:
            reply.begin(exchange.status, run.fields(), exchange.media)
        run.first_byte_s = perf_counter() - run.began_at
        call.answered = True
        begun = False
        try:
            while True:
                data = exchange.take()
                reply.write(data, last=exchange.complete)
                tally.add(data)
                if not begun:  # told after the byte is on its way, which need not wait for that
                    begun = True
                    self._control.began(call.name)
                if exchange.complete:
                    break
                await reply.drained(self._limits.stall)
                await exchange.fill(1)
        except WorkerLost:
            if not tally.at_event_end:
                reply.write(b"\n\n")
            raise
        finally:
            run.tokens = tally.tokens()


class _Call:
    """A request on its way: what its client `said`, the `body` for its expert, and what was `sent`;
    the experts that come `next`, and who says so; the expert that it is answered `by`. `beat`: its
    stream's keepalive; None where it wants no stream.
    """

    __slots__ = (
        "answered",
        "beat",
        "body",
        "by",
        "expert",
        "labels",
        "name",
        "next",
        "path",
        "reply",
        "said",
        "sent",
        "source",
        "terms",
    )

    def __init__(
        self,
        name: str,
        expert: str,
        path: str,
        said: bytes,
        body: bytes,
        terms: Terms,
        reply: Reply | Captured,
        beat: Beat | None,
    ) -> None:
        self.name = name
        self.expert = self.by = expert
        self.path = path
        self.said = said
        self.body = self.sent = body
        self.terms = terms
        self.next: tuple[str, ...] = ()
        self.source: Literal["client", "flow"] = "client"  # of what is next
        self.labels = b""
        self.reply = reply
        self.beat = beat
        self.answered = False


class _Run:
    """One attempt at a replica, and the facts of it that `finish` reports."""

    __slots__ = ("began_at", "first_byte_s", "grant", "ok", "tokens")

    def __init__(self, grant: Grant) -> None:
        self.grant = grant
        self.began_at = perf_counter()
        self.first_byte_s = 0.0
        self.ok = False
        self.tokens = (0, 0)

    def fields(self) -> bytes:
        grant = self.grant
        return (
            b"x-coterie-replica: %b\r\nx-coterie-queue-ms: %.1f\r\nx-coterie-load-ms: %.1f\r\n"
            % (
                grant.replica.encode(),
                grant.queued_s * 1e3,
                grant.loading_s * 1e3,
            )
        )

    def whole_fields(self) -> bytes:
        return b"%bx-coterie-run-ms: %.1f\r\nx-coterie-first-byte-ms: %.1f\r\n" % (
            self.fields(),
            (perf_counter() - self.began_at) * 1e3,
            self.first_byte_s * 1e3,
        )
